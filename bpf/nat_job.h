/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What is known of a packet of NAT. The 512 bytes of stack that a packet's way may
 * take are spent where its real server is found; translating it starts anew from
 * the entry point (nat_request.h, nat_reply.h), with all that it needs in here.
 */
#pragma once

#include "connection.h"
#include "translate.h"

/* What one CPU has in hand. */
struct nat_job {
	struct packet packet;
	__u32 service_id;
	__u32 real_server; /* id */
	__u32 line;	   /* of the real server's slot in schedules */
	struct packet reply; /* as the real server will answer */
	struct lookup lookup;
	struct translation translation;
	struct next_hop hop; /* of a reply */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct nat_job);
} nat_jobs SEC(".maps");

static __always_inline struct nat_job *get_nat_job(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&nat_jobs, &zero);
}

/* Leaves a packet of a NAT server to translate_request. */
static __always_inline int hand_over_request(const struct packet *packet, __u32 service_id, __u32 line,
					     const struct real_server *server)
{
	struct nat_job *job = get_nat_job();

	if (!job)
		return XDP_DROP;
	job->packet = *packet;
	job->service_id = service_id;
	job->real_server = server->id;
	job->line = line;
	return TRANSLATE_REQUEST;
}
