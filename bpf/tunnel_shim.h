/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * GUE and GRE: what stands between a tunnel's outer IP header and the packet
 * inside, as ipvs_gue_encap and ipvs_gre_encap of ip_vs_xmit.c have it. IPVS
 * leaves the sums of a packet inside to the receiver (remcsum) only where the
 * sender has not made them yet; one that comes off the wire gets UDP's own.
 */
#pragma once

#include "icmp.h"

/* What the outer headers take from the packet inside. */
struct inner {
	__u32 length; /* bytes of what follows the outer IP header */
	__u32 flow;   /* uniform bits of the flow, for spread sources and UDP's source port */
	__be16 id;    /* IPv4 identification, 0 for IPv6 */
	__be16 df;    /* IPv4 DF bit as it stands in the header */
	__u8 tos;
	__u8 ttl;
	__u8 protocol; /* of what follows the outer IP header */
	__u8 pad;
};

/* The range that udp_flow_src_port draws from unless a sysctl says otherwise (ip_local_port_range). */
#define FIRST_FLOW_PORT 32768
#define LAST_FLOW_PORT 60999

#define GRE_SUM bpf_htons(0x8000)

struct gue_shim {
	struct udphdr udp;
	__u8 lengths; /* version 0, a data message, no optional fields */
	__u8 protocol;
	__be16 flags;
};

struct gre_shim {
	__be16 flags;
	__be16 protocol; /* EtherType */
	__be16 sum;	 /* it and what follows only with GRE_SUM */
	__be16 reserved;
};

static __always_inline __be16 flow_port(__u32 flow)
{
	return bpf_htons(FIRST_FLOW_PORT + (__u32)((__u64)flow * (LAST_FLOW_PORT - FIRST_FLOW_PORT) >> 32));
}

/* UDP sums both addresses, which stand right before it, as well. */
static __always_inline __u16 udp_sum(struct xdp_md *ctx, __u32 family, __u32 at, __u32 length)
{
	__u32 addresses = family == FAMILY_IPV4 ? 2 * sizeof(__be32) : 2 * sizeof(struct address);
	__s64 sum = sum_frame(ctx, at - addresses, addresses, 0);

	sum += bpf_htonl(length);
	sum += bpf_htonl(IPPROTO_UDP);
	return fold(sum_frame(ctx, at, length, fold(sum)));
}

static __always_inline int write_gue(struct xdp_md *ctx, const struct real_server *server, const struct inner *inner,
				     __u32 at, __u8 protocol)
{
	struct gue_shim shim = {
		.udp = {.source = flow_port(inner->flow),
			.dest = server->tunnel_port,
			.len = bpf_htons(inner->length)},
		.protocol = protocol,
	};
	__u16 check;

	if (bpf_xdp_store_bytes(ctx, at, &shim, sizeof(shim)))
		return 0;
	if (!(server->flags & REAL_SERVER_TUNNEL_SUM))
		return 1;
	check = ~udp_sum(ctx, server->family, at, inner->length);
	if (!check)
		check = 0xffff; /* 0 says that there is none */
	return !bpf_xdp_store_bytes(ctx, at + __builtin_offsetof(struct udphdr, check), &check, sizeof(check));
}

static __always_inline int write_gre(struct xdp_md *ctx, const struct real_server *server, const struct inner *inner,
				     __u32 at, __u8 protocol)
{
	struct gre_shim shim = {.protocol = protocol == IPPROTO_IPIP ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6)};

	if (!(server->flags & REAL_SERVER_TUNNEL_SUM))
		return !bpf_xdp_store_bytes(ctx, at, &shim, __builtin_offsetof(struct gre_shim, sum));
	shim.flags = GRE_SUM;
	if (bpf_xdp_store_bytes(ctx, at, &shim, sizeof(shim)))
		return 0;
	shim.sum = ~fold(sum_frame(ctx, at, inner->length, 0));
	return !bpf_xdp_store_bytes(ctx, at, &shim, sizeof(shim));
}

/*
 * Fills what `at` leads to, behind the outer IP header; `protocol`: IPPROTO_IPIP or
 * IPPROTO_IPV6, of the packet inside. Answers 0 where the frame is too short.
 */
__noinline int write_shim(struct xdp_md *ctx, const struct real_server *server, const struct inner *inner, __u32 at,
			  __u32 protocol)
{
	if (!server || !inner)
		return 0;
	return server->tunnel == TUNNEL_GUE ? write_gue(ctx, server, inner, at, protocol)
					    : write_gre(ctx, server, inner, at, protocol);
}
