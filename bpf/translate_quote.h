/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * NAT of ICMP errors: ip_vs_nat_icmp and ip_vs_nat_icmp_v6 of ip_vs_core.c. What
 * changes on one side of the error changes on the other side of the packet that it
 * quotes. As in IPVS the quote's ports move, its transport's checksum does not: a
 * quote need not reach as far.
 */
#pragma once

#include "icmp.h"
#include "translate.h"

#define ICMP_CHECKSUM 2 /* where it stands in an ICMP header */
#define IPV4_CHECKSUM __builtin_offsetof(struct iphdr, check)

static __always_inline __u32 address_offset(__u8 family, int side)
{
	if (family == FAMILY_IPV4)
		return side == SIDE_SOURCE ? __builtin_offsetof(struct iphdr, saddr) : __builtin_offsetof(struct iphdr, daddr);
	return side == SIDE_SOURCE ? __builtin_offsetof(struct ipv6hdr, saddr) : __builtin_offsetof(struct ipv6hdr, daddr);
}

/* Moves the checksum at `at`; answers 0 where it is not there. */
static __always_inline int move_checksum(struct xdp_md *ctx, __u32 at, __u64 change)
{
	__u16 checksum;

	if (bpf_xdp_load_bytes(ctx, at, &checksum, sizeof(checksum)))
		return 0;
	checksum = moved_checksum(checksum, change);
	return !bpf_xdp_store_bytes(ctx, at, &checksum, sizeof(checksum));
}

/*
 * Another address in the IP header at `ip`. Adds to *change what that does to the
 * sum of an ICMP message over it: nothing where IPv4's own checksum balances it.
 */
static __always_inline int swap_address(struct xdp_md *ctx, __u32 ip, const struct translation *to, int side, __u64 *change)
{
	__u32 at = ip + address_offset(to->family, side);
	__u64 moved = 0;
	struct address address = {};

	if (to->family == FAMILY_IPV4) {
		if (bpf_xdp_load_bytes(ctx, at, address.word, sizeof(__be32)))
			return 0;
		moved = swap_word(address.word, to->address.word[0]);
		return !bpf_xdp_store_bytes(ctx, at, address.word, sizeof(__be32)) && move_checksum(ctx, ip + IPV4_CHECKSUM, moved);
	}
	if (bpf_xdp_load_bytes(ctx, at, &address, sizeof(address)))
		return 0;
#pragma unroll
	for (int i = 0; i < 4; i++)
		moved += swap_word(address.word + i, to->address.word[i]);
	*change += moved;
	return !bpf_xdp_store_bytes(ctx, at, &address, sizeof(address));
}

static __always_inline int swap_port(struct xdp_md *ctx, __u32 ports, const struct translation *to, int side, __u64 *change)
{
	__u32 at = ports + (side == SIDE_SOURCE ? 0 : sizeof(__be16));
	__be16 port;

	if (bpf_xdp_load_bytes(ctx, at, &port, sizeof(port)))
		return 0;
	*change += (__u64)to->port + (__u16)~port;
	port = to->port;
	return !bpf_xdp_store_bytes(ctx, at, &port, sizeof(port));
}

/* `to`: of the error itself; 0 where it cannot be done: the packet is then half translated, and must be dropped. */
__noinline int translate_quote(struct xdp_md *ctx, const struct translation *to, __u32 quote, __u32 ports)
{
	__u64 change = 0;
	int inside;

	if (!to)
		return 0;
	inside = to->side == SIDE_SOURCE ? SIDE_DESTINATION : SIDE_SOURCE;
	return swap_address(ctx, to->at, to, to->side, &change) && swap_address(ctx, quote, to, inside, &change) &&
	       swap_port(ctx, ports, to, inside, &change) && move_checksum(ctx, quote - ICMP_HEADER + ICMP_CHECKSUM, change);
}
