/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Another source or destination in a packet. Checksums move by the difference
 * alone (RFC 1624, and csum_sctp.h): a correct one stays correct, a wrong one wrong.
 */
#pragma once

#include "common.h"
#include "csum.h"
#include "csum_sctp.h"
#include "parse.h"

enum side {
	SIDE_SOURCE,
	SIDE_DESTINATION,
};

struct translation {
	struct address address;
	__u32 at;	 /* of the IP header, from the start of the frame */
	__be16 port;
	__u16 transport; /* bytes from the IP header to the transport header; 0: there is none (a later fragment) */
	__u8 protocol;
	__u8 family; /* enum address_family */
	__u8 side;   /* enum side */
	__u8 pad;
	__u32 length; /* bytes of the transport's packet; 0: not all of it is in this fragment */
};

#define MAX_TRANSPORT 1024 /* more than any chain of extension headers that parse.h reads in a page */
#define TCP_CHECKSUM 16
#define UDP_CHECKSUM 6

/* Puts one 32-bit word in another's place; answers what that adds to a ones'-complement sum. */
static __always_inline __u64 swap_word(__be32 *place, __be32 word)
{
	__u64 change = (__u64)word + (__u32)~*place;

	*place = word;
	return change;
}

/* Equation 3 of RFC 1624. */
static __always_inline __u16 moved_checksum(__u16 checksum, __u64 change)
{
	return ~fold((__u64)(__u16)~checksum + change);
}

/* 0 where the headers are not there. `change`: what the addresses have added. */
static __always_inline int translate_port(void *transport, void *end, const struct translation *to, __u64 change)
{
	__be16 *port = to->side == SIDE_SOURCE ? transport : transport + sizeof(*port);
	__u32 at = to->protocol == IPPROTO_TCP ? TCP_CHECKSUM : UDP_CHECKSUM;
	__u16 *checksum = transport + at;

	if (transport + sizeof(struct udphdr) > end || (void *)(checksum + 1) > end)
		return 0;
	change += (__u64)to->port + (__u16)~*port;
	*port = to->port;
	if (to->protocol == IPPROTO_UDP && !*checksum) /* none was sent (RFC 768) */
		return 1;
	*checksum = moved_checksum(*checksum, change);
	if (to->protocol == IPPROTO_UDP && !*checksum)
		*checksum = 0xffff;
	return 1;
}

/*
 * SCTP's checksum says nothing of addresses, but covers the ports and all that
 * follows: of a packet in fragments it cannot be told, and 0 is the answer.
 */
static __always_inline int translate_sctp_port(struct xdp_md *ctx, const struct translation *to)
{
	__u32 offset = to->at + to->transport, before, after;

	if (bpf_xdp_load_bytes(ctx, offset, &before, sizeof(before)))
		return 0;
	after = to->side == SIDE_SOURCE ? (before & 0xffff0000) | to->port : (before & 0xffff) | (__u32)to->port << 16;
	if (after == before)
		return 1;
	return to->length && !update_sctp_checksum(ctx, offset, to->length, before, after) &&
	       !bpf_xdp_store_bytes(ctx, offset, &after, sizeof(after));
}

/* Changes the addresses; answers what that adds to a ones'-complement sum. */
static __always_inline __u64 translate_ipv4(struct iphdr *ip, const struct translation *to)
{
	__u64 change = swap_word(to->side == SIDE_SOURCE ? &ip->saddr : &ip->daddr, to->address.word[0]);

	ip->check = moved_checksum(ip->check, change);
	return change;
}

static __always_inline __u64 translate_ipv6(struct ipv6hdr *ip, const struct translation *to)
{
	__be32 *word = to->side == SIDE_SOURCE ? ip->saddr.in6_u.u6_addr32 : ip->daddr.in6_u.u6_addr32;
	__u64 change = 0;

#pragma unroll
	for (int i = 0; i < 4; i++)
		change += swap_word(word + i, to->address.word[i]);
	return change;
}

/* 0 where it cannot be done; the packet is then half translated, and must be dropped. */
__noinline int translate(struct xdp_md *ctx, const struct translation *to)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, *ip;
	__u32 at, transport;
	__u64 change;

	if (!to)
		return 0;
	at = to->at;
	transport = to->transport;
	if (at > sizeof(struct ethhdr) + 8 || transport > MAX_TRANSPORT)
		return 0;
	ip = data + at;
	if (to->family == FAMILY_IPV4) {
		if (ip + sizeof(struct iphdr) > end)
			return 0;
		change = translate_ipv4(ip, to);
	} else {
		if (ip + sizeof(struct ipv6hdr) > end)
			return 0;
		change = translate_ipv6(ip, to);
	}
	if (transport && to->protocol == IPPROTO_SCTP)
		return translate_sctp_port(ctx, to);
	return !transport || translate_port(ip + transport, end, to, change);
}
