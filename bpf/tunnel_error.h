/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ICMP errors about tunnel packets of our own. They come to the director, who is
 * the outer source, but it is the client that has to know: an error about the
 * packet inside takes their place, sent as the virtual address.
 *
 * IPv4 in IPv4, GUE and GRE over IPv4 as ip_vs_in_icmp has it; IPVS has nothing for the other three,
 * which follow RFC 2473 (8) and RFC 4213 (3.4). The answer goes to the neighbour
 * that the error came from, whose network carries the real servers' answers, too.
 */
#pragma once

#include "related.h"

#define IPV4_LEAST_MTU 68 /* RFC 791 */
#define ICMPV6_UNREACHABLE 1
#define ICMPV6_TOO_BIG 2
#define ICMPV6_TIME_EXCEEDED 3
#define ICMPV6_PARAMETER 4

/* Certainly a tunnel; UDP may be one. */
static __always_inline int is_tunnel(__u8 protocol)
{
	return protocol == IPPROTO_IPIP || protocol == IPPROTO_IPV6 || protocol == IPPROTO_GRE;
}

/* A quoted tunnel: enum tunnel in the low bits, UDP's destination port from TUNNEL_PORT_SHIFT on. */
#define IN_TUNNEL 0x100
#define TUNNEL_PORT_SHIFT 16

/* Steps over a GRE header as we write it; answers the protocol number behind it, or 0. */
static __always_inline __u8 step_over_gre(struct xdp_md *ctx, struct headers *headers)
{
	__be16 word[2]; /* struct gre_shim: flags and protocol */

	if (bpf_xdp_load_bytes(ctx, headers->body, word, sizeof(word)) || word[0] & ~GRE_SUM)
		return 0;
	headers->body += word[0] ? sizeof(struct gre_shim) : sizeof(word);
	if (word[1] == bpf_htons(ETH_P_IP))
		return IPPROTO_IPIP;
	return word[1] == bpf_htons(ETH_P_IPV6) ? IPPROTO_IPV6 : 0;
}

static __always_inline __u8 step_over_gue(struct xdp_md *ctx, struct headers *headers, __u32 *tunnel)
{
	struct gue_shim shim;

	if (bpf_xdp_load_bytes(ctx, headers->body, &shim, sizeof(shim)) || shim.lengths || shim.flags)
		return 0;
	headers->body += sizeof(shim);
	*tunnel |= (__u32)shim.udp.dest << TUNNEL_PORT_SHIFT;
	return shim.protocol == IPPROTO_IPIP || shim.protocol == IPPROTO_IPV6 ? shim.protocol : 0;
}

/*
 * The tunnel's headers make room for those of the packet inside, ports included.
 * Answers what tunnel it is, with IN_TUNNEL, or 0 where it is none that is ours.
 */
__noinline __u32 enter_tunnel(struct xdp_md *ctx, struct headers *headers, const struct icmp_place *place)
{
	__u32 tunnel = IN_TUNNEL;
	__u8 protocol;

	if (!headers || !place || headers->offset)
		return 0;
	protocol = headers->packet.protocol;
	if (protocol == IPPROTO_GRE) {
		tunnel |= TUNNEL_GRE;
		protocol = step_over_gre(ctx, headers);
	} else if (protocol == IPPROTO_UDP) {
		tunnel |= TUNNEL_GUE;
		protocol = step_over_gue(ctx, headers, &tunnel);
	}
	if (protocol != IPPROTO_IPIP && protocol != IPPROTO_IPV6)
		return 0;
	if (read_headers(ctx, headers->body, protocol == IPPROTO_IPIP ? FAMILY_IPV4 : FAMILY_IPV6, headers) != PARSE_OK)
		return 0;
	return read_quoted_ports(ctx, place, headers) == PARSE_OK ? tunnel : 0;
}

static __always_inline int is_of_type(const struct real_server *server, __u32 tunnel)
{
	return server->tunnel == (__u8)tunnel &&
	       (server->tunnel != TUNNEL_GUE || server->tunnel_port == tunnel >> TUNNEL_PORT_SHIFT);
}

/* Whether a real server is the tunnel's other end, to which the quoted packet went. */
static __always_inline int is_tunnel_end(struct xdp_md *ctx, const struct icmp_place *place,
					 const struct real_server *server, __u32 tunnel)
{
	__u32 at = place->icmp + ICMP_HEADER;
	struct address end = {};

	if (!server || !(server->flags & REAL_SERVER_AVAILABLE) || server->method != METHOD_TUN ||
	    server->family != place->family || !is_of_type(server, tunnel))
		return 0;
	if (place->family == FAMILY_IPV4
		    ? bpf_xdp_load_bytes(ctx, at + __builtin_offsetof(struct iphdr, daddr), &end, sizeof(__be32))
		    : bpf_xdp_load_bytes(ctx, at + __builtin_offsetof(struct ipv6hdr, daddr), &end, sizeof(end)))
		return 0;
	return same_address(&server->address, &end);
}

static __always_inline int is_too_big(__u32 family, const struct icmp_header *icmp)
{
	if (family == FAMILY_IPV6)
		return icmp->type == ICMPV6_TOO_BIG;
	return icmp->type == ICMPV4_UNREACHABLE && icmp->code == ICMPV4_FRAGMENTATION_NEEDED;
}

#define NO_ERROR (-1)

/* Too big for the tunnel: only who does path MTU discovery is told. */
static __always_inline int too_big_for(const struct headers *inner)
{
	return inner->packet.family == FAMILY_IPV6 || (inner->df && does_pmtu_discovery()) ? ICMP_ERROR_TOO_BIG : NO_ERROR;
}

/* What the client is told, or NO_ERROR. `family`: of the tunnel. */
static __always_inline int translate_error(__u32 family, const struct icmp_header *icmp, const struct headers *inner)
{
	if (is_too_big(family, icmp))
		return too_big_for(inner);
	if (family == FAMILY_IPV6)
		return icmp->type == ICMPV6_UNREACHABLE || icmp->type == ICMPV6_TIME_EXCEEDED ||
				       icmp->type == ICMPV6_PARAMETER
			       ? ICMP_ERROR_HOST
			       : NO_ERROR;
	if (inner->packet.family == FAMILY_IPV4)
		return ICMP_ERROR_AS_IS | icmp->type << 8 | icmp->code;
	return icmp->type == ICMPV4_SOURCE_QUENCH ? NO_ERROR : ICMP_ERROR_HOST;
}

/* What a client's packet may measure; `overhead`: of the tunnel's headers. An IPv4 router that names no MTU, or none that can be, is quoted (RFC 1191, 5). */
static __always_inline __u32 inner_mtu(__u32 family, const struct icmp_header *icmp, __u32 overhead)
{
	__u32 mtu = bpf_ntohl(icmp->rest);

	if (family == FAMILY_IPV4) {
		mtu &= 0xffff;
		return mtu > IPV4_LEAST_MTU + overhead ? mtu - overhead : mtu;
	}
	if (mtu < IPV6_MIN_MTU)
		mtu = IPV6_MIN_MTU;
	mtu -= overhead;
	return mtu > 0xffff ? 0xffff : mtu;
}

/* Takes out what stands between the link header and the packet at `at`. */
static __always_inline int strip_to(struct xdp_md *ctx, __u32 at, __be16 protocol)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr eth;
	struct link link;
	struct tags tags;

	if (!parse_link(data, end, &link))
		return 0;
	__builtin_memcpy(&eth, data, sizeof(eth));
	read_tags(data, end, &link, &tags);
	if (bpf_xdp_adjust_head(ctx, (int)(at - link.length)))
		return 0;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + sizeof(eth) > end)
		return 0;
	__builtin_memcpy(data, &eth, sizeof(eth));
	return !!write_tags(data, end, &tags, protocol);
}

/* The error itself becomes the one that the client gets. */
__noinline int tell_client(struct xdp_md *ctx, const struct icmp_place *place, const struct headers *inner, __u32 overhead)
{
	struct icmp_header icmp;
	__u32 length, mtu;
	int error;

	if (!place || !inner || bpf_xdp_load_bytes(ctx, place->icmp, &icmp, sizeof(icmp)))
		return XDP_PASS;
	error = translate_error(place->family, &icmp, inner);
	if (error == NO_ERROR) {
		count(pass_tunnel_error);
		return XDP_PASS;
	}
	count(drop_tunnel_error);
	mtu = inner_mtu(place->family, &icmp, overhead);
	if (inner->packet.family == FAMILY_IPV6 && mtu < IPV6_MIN_MTU)
		mtu = IPV6_MIN_MTU;
	length = place->end - inner->at;
	if (length > inner->packet.length)
		length = inner->packet.length;
	if (!strip_to(ctx, inner->at, inner->packet.family == FAMILY_IPV4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6)))
		return XDP_DROP;
	return send_icmp_error(ctx, length, error, mtu);
}
