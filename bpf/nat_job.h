/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What is known of a packet of NAT. The 512 bytes of stack that a packet's way may
 * take are spent where its real server is found; translating it starts anew in a
 * program of its own (nat_request.h, nat_reply.h), with all that it needs in here.
 */
#pragma once

#include "connection.h"
#include "headers.h"
#include "opening.h"
#include "service.h"
#include "translate_quote.h"

/* nat_job.task: the family, and whether it is a request; else a reply, or nothing of ours. */
#define TASK_FAMILY 7
#define TASK_REQUEST 8

/* What one CPU has in hand. */
struct nat_job {
	__u32 task;
	struct packet packet;
	__u32 service_id;
	__u32 real_server; /* id */
	__u32 schedule;	   /* of the service */
	__u32 line;	   /* of the real server's slot in schedules */
	__u32 quote;	   /* of an ICMP error: where the IP header that it quotes stands, from the start of the frame */
	__u32 quoted_ports; /* and the ports behind it */
	__u32 keeps_port;  /* whatever port a real server has */
	__u32 flags;	   /* of the service */
	__u32 local;	   /* fullnat: number of the reply entry; of a later fragment, what the first one has told */
	struct packet reply; /* as the real server will answer */
	struct packet out; /* its family, and where that is another one its ends: as it leaves */
	struct address client; /* of a reply: who gets it */
	struct fragment_key fragment; /* of a request's first fragment */
	struct lookup lookup;
	struct translation translation;
	struct next_hop hop; /* of a reply, and of what leaves in the other family */
	__be16 client_port;
	__u8 client_family;
	__u8 is_local; /* a reply of fullnat */
	__u8 tos; /* of what leaves in the other family, whatever it calls it */
	__u8 ttl; /* the same; its hop has been taken */
	__u8 head[128];	 /* of a frame that gets longer */
	__u32 mtu; /* of a reply's way, where it is too big for it */
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

/* Where an ICMP error quotes what it is about. */
static __always_inline void note_quote(const struct headers *headers)
{
	struct nat_job *job = get_nat_job();

	if (!job)
		return;
	job->quote = headers->at;
	job->quoted_ports = headers->body;
}

/* Puts the job's translation into its packet; `transport` and what follows are the packet's. */
static __always_inline int translate_job(struct xdp_md *ctx, struct nat_job *job, __u32 at, enum side side)
{
	struct translation *to = &job->translation;

	to->at = at;
	to->transport = job->packet.transport;
	to->length = job->packet.partial ? 0 : job->packet.length - job->packet.transport;
	to->protocol = job->packet.protocol;
	to->family = job->packet.family;
	to->side = side;
	return is_quoted(&job->packet) ? translate_quote(ctx, to, job->quote, job->quoted_ports) : translate(ctx, to);
}

/* ip_vs_sched_persist: with persistence a real server's port is that of the service's own port alone. */
static __always_inline int keeps_port(const struct service *service, const struct packet *packet)
{
	return service->persistence && service->key.port != packet->destination_port;
}

/* Leaves a packet of the NAT server in slot `index` to translate_request. */
static __always_inline int hand_over_request(const struct packet *packet, const struct service *service,
					     const struct service_key *key, __u32 index,
					     const struct real_server *server)
{
	struct nat_job *job = get_nat_job();

	if (!job)
		return XDP_DROP;
	job->packet = *packet;
	job->service_id = service->id;
	job->real_server = server->id;
	job->schedule = service->schedule;
	job->line = service->schedule + index;
	job->keeps_port = keeps_port(service, packet);
	job->flags = service->flags;
	if (service_is_still(service, key))
		return TRANSLATE_REQUEST;
	count(drop_real_server_gone);
	return XDP_DROP;
}

/* The same of a packet that uncommon.h has decided. */
static __always_inline int hand_over_fragment(const struct packet *packet, const struct service *service,
					      const struct service_key *key, const struct fragment *decision,
					      const struct real_server *server)
{
	struct nat_job *job = get_nat_job();

	if (job)
		job->local = decision->flow;
	return hand_over_request(packet, service, key, decision->index, server);
}
