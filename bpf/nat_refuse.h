/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * nat_icmp_send: what a real server of NAT sends from its service's port without a
 * connection is answered with port unreachable, and goes no further: the end of
 * ip_vs_out_hook in ip_vs_core.c. RST and ABORT end what is not there anyway.
 * Unlike there, what is for the director itself goes on: checks have answers, too.
 */
#pragma once

#include "balance.h"
#include "icmp.h"
#include "nat_job.h"
#include "sctp_state.h"
#include "translate_quote.h"

static __always_inline int ends_connection(const struct packet *packet)
{
	if (packet->protocol == IPPROTO_TCP)
		return packet->event & TCP_RST;
	return packet->protocol == IPPROTO_SCTP && packet->event == SCTP_EVENT_ABORT;
}

static __always_inline struct nat_server *find_nat_server(const struct packet *packet)
{
	struct service_key key SERVICE_KEY_ALIGNED = {};

	key.address = packet->source;
	key.port = packet->source_port;
	key.protocol = packet->protocol;
	key.family = packet->family;
	return bpf_map_lookup_elem(&nat_servers, &key);
}

/* IPVS sees, and quotes, what a router has passed on. 0: its last hop, which is the kernel's to tell. */
static __always_inline int take_hop(struct xdp_md *ctx, __u32 at, __u8 family)
{
	void *ip = (void *)(long)ctx->data + at, *end = (void *)(long)ctx->data_end;
	struct ipv6hdr *v6 = ip;
	struct iphdr *v4 = ip;

	if (family == FAMILY_IPV4) {
		if ((void *)(v4 + 1) > end || v4->ttl <= 1)
			return 0;
		decrement_ttl(v4);
		return 1;
	}
	if ((void *)(v6 + 1) > end || v6->hop_limit <= 1)
		return 0;
	v6->hop_limit--;
	return 1;
}

/* The error that the frame has become is the director's own. */
static __noinline int send_as_director(struct xdp_md *ctx, struct nat_job *job, __u32 at)
{
	struct translation *to = &job->translation;
	__u32 header = to->family == FAMILY_IPV4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	__u64 change = 0; /* of IPv4 it stays 0: ICMP's sum says nothing of addresses */

	if (swap_address(ctx, at, to, SIDE_SOURCE, &change) && move_checksum(ctx, at + header + ICMP_CHECKSUM, change))
		return XDP_TX;
	return XDP_DROP;
}

/* The job's packet is no reply. `at`: of its IP header, from the start of the frame. */
static __noinline int refuse_reply(struct xdp_md *ctx, struct nat_job *job, __u32 at)
{
	struct packet *packet = &job->packet;
	struct nat_server *server;

	if (!packet->transport || ends_connection(packet)) /* no ports: a later fragment, or ICMP */
		return XDP_PASS;
	server = find_nat_server(packet);
	if (!server || same_address(&server->source, &packet->destination))
		return XDP_PASS;
	if (!is_for_us(ctx)) {
		count(pass_other_mac);
		return XDP_PASS;
	}
	job->translation.address = server->source;
	job->translation.family = packet->family;
	if (at > MAX_LINK_LENGTH || !take_hop(ctx, at, packet->family))
		return XDP_PASS;
	count(drop_unknown_reply);
	if (send_icmp_error(ctx, packet->length, ICMP_ERROR_UNREACHABLE, 0) != XDP_TX)
		return XDP_DROP;
	/* Without an address of the director it stays the addressee's. */
	return fold_address(&job->translation.address) ? send_as_director(ctx, job, at) : XDP_TX;
}
