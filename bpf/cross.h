/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The last steps of a packet of fullnat that leaves in the other family. They start
 * anew from the entry point, since stacks are short: nat_request.h and nat_reply.h
 * have found its ends (job->out) and its way (job->hop).
 */
#pragma once

#include "cross_error.h"
#include "forward_dr.h"
#include "stations.h"
#include "toa.h"
#include "tunnel_shim.h"

/* Leaves it to cross_family. */
static __always_inline int hand_over_cross(struct nat_job *job, const struct inner *inner)
{
	job->tos = inner->tos;
	job->ttl = inner->ttl;
	return CROSS_FAMILY;
}

/* A request tells the client, a reply does not. */
static __always_inline int add_client(struct xdp_md *ctx, const struct nat_job *job, __u32 at)
{
	__u32 line = job->line;
	struct real_server *server;

	if (job->is_local)
		return 1;
	server = bpf_map_lookup_elem(&schedules, &line);
	return server && add_toa(ctx, server, at);
}

static __always_inline int cross(struct xdp_md *ctx, const struct nat_job *job, __u32 at)
{
	const struct packet *packet = &job->packet;

	if (is_quoted(packet))
		return cross_error(ctx, at);
	if (packet->transport != header_length(packet->family) && !may_leave_stations(ctx, at, packet->transport, packet->family))
		return 0;
	return cross_packet(ctx, at);
}

static __always_inline int cross_family(struct xdp_md *ctx, int frags)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct nat_job *job = get_nat_job();
	struct egress egress = {.frags = frags};
	struct link link;
	int verdict;

	if (!job || !parse_link(data, end, &link))
		return XDP_DROP;
	if (!read_egress(&job->hop, &egress)) {
		count(drop_no_next_hop);
		return XDP_DROP;
	}
	if (!cross(ctx, job, link.length) || !add_client(ctx, job, link.length)) {
		count(drop_untranslated);
		return XDP_DROP;
	}
	link.protocol = ether_type(job->out.family);
	verdict = forward_dr(ctx, &egress, &link);
	if (verdict == XDP_DROP)
		return verdict;
	count(forwarded);
	if (job->is_local)
		count(replies);
	return verdict;
}
