/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What stands between an IP header and the transport's. Between the families it is
 * left out (RFC 7915, 4.1 and 5.1), but for what says that the packet is not at
 * its end yet, or that holds for the packet as it stands.
 */
#pragma once

#include "headers.h"

#define IPV4_END_OF_OPTIONS 0
#define IPV4_NO_OPERATION 1
#define IPV4_LOOSE_ROUTE 131 /* RFC 791, 3.1 */
#define IPV4_STRICT_ROUTE 137
#define MAX_IPV4_OPTIONS 40

struct ipv4_option {
	__u8 kind;
	__u8 length;
	__u8 pointer; /* of a route */
};

/* The first bytes of any, and of a routing header. */
struct ipv6_routing {
	__u8 next;
	__u8 length;
	__u8 type;
	__u8 left;
};

/* The options are in [at, end). */
static __always_inline int may_leave_options(struct xdp_md *ctx, __u32 at, __u32 end)
{
	struct ipv4_option option;

	for (int i = 0; i < MAX_IPV4_OPTIONS; i++) {
		if (at >= end)
			return 1;
		if (bpf_xdp_load_bytes(ctx, at, &option, sizeof(option)))
			return 0;
		if (option.kind == IPV4_END_OF_OPTIONS)
			return 1;
		if (option.kind == IPV4_NO_OPERATION) {
			at++;
			continue;
		}
		if (option.length < 2)
			return 0;
		if ((option.kind == IPV4_LOOSE_ROUTE || option.kind == IPV4_STRICT_ROUTE) && option.pointer <= option.length)
			return 0;
		at += option.length;
	}
	return 1;
}

/* The headers begin at `at`, the first one is a `next`. */
static __always_inline int may_leave_extensions(struct xdp_md *ctx, __u32 at, __u8 next)
{
	struct ipv6_routing header;

	for (int i = 0; i < MAX_EXTENSION_HEADERS; i++) {
		if (has_ports(next))
			return 1;
		if (next == IPPROTO_AH || next == IPPROTO_FRAGMENT || bpf_xdp_load_bytes(ctx, at, &header, sizeof(header)) ||
		    (next == IPPROTO_ROUTING && header.left))
			return 0;
		next = header.next;
		at += (header.length + 1) * 8;
	}
	return has_ports(next);
}

/* Of the IP header at `at`, whose transport header stands `transport` bytes further. */
__noinline int may_leave_stations(struct xdp_md *ctx, __u32 at, __u32 transport, __u32 family)
{
	__u8 next;

	if (family == FAMILY_IPV4)
		return may_leave_options(ctx, at + sizeof(struct iphdr), at + transport);
	if (bpf_xdp_load_bytes(ctx, at + __builtin_offsetof(struct ipv6hdr, nexthdr), &next, sizeof(next)))
		return 0;
	return may_leave_extensions(ctx, at + sizeof(struct ipv6hdr), next);
}
