/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Headers at any place of the frame, for what the hot path leaves aside: SCTP,
 * fragments, and the packets that ICMP errors quote. Read with
 * bpf_xdp_load_bytes, so that no place needs a bound of its own.
 */
#pragma once

#include "common.h"
#include "parse.h"

#define IPV4_MORE 0x2000
#define IPV4_OFFSET 0x1fff
#define IPV6_MORE 1
#define IPV6_OFFSET 0xfff8

struct headers {
	struct packet packet; /* ports and flags only once they are read */
	__u32 at;   /* of the IP header, from the start of the frame */
	__u32 body; /* of what the last header announces */
	__be32 id;    /* IPv4 identification, or that of an IPv6 fragment header */
	__u32 fragmentable; /* where the part begins that fragments share out; 0: IPv6 without a fragment header */
	__u16 offset; /* of a fragment, in bytes */
	__u8 more;    /* more fragments follow */
	__u8 df;
};

static __always_inline int read_ipv4_header(struct xdp_md *ctx, struct headers *headers)
{
	struct iphdr ip;
	__u16 fragment;

	if (bpf_xdp_load_bytes(ctx, headers->at, &ip, sizeof(ip)))
		return PARSE_MALFORMED;
	headers->packet.length = bpf_ntohs(ip.tot_len);
	if (ip.version != 4 || ip.ihl * 4 < sizeof(ip) || headers->packet.length < ip.ihl * 4)
		return PARSE_MALFORMED;
	fragment = bpf_ntohs(ip.frag_off);
	headers->packet.source.word[0] = ip.saddr;
	headers->packet.destination.word[0] = ip.daddr;
	headers->body = headers->at + ip.ihl * 4;
	headers->fragmentable = headers->body;
	headers->id = ip.id;
	headers->offset = (fragment & IPV4_OFFSET) * 8;
	headers->more = !!(fragment & IPV4_MORE);
	headers->df = !!(ip.frag_off & IPV4_DF);
	headers->packet.protocol = ip.protocol;
	return PARSE_OK;
}

struct ipv6_extension {
	__u8 next;
	__u8 length; /* see struct extension_header */
	__be16 offset; /* of a fragment */
	__be32 id;
};

static __always_inline int is_extension(__u8 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_DSTOPTS ||
	       protocol == IPPROTO_AH || protocol == IPPROTO_FRAGMENT;
}

/* Steps over one extension header. A later fragment has nothing behind its fragment header that could be read. */
static __always_inline int step_over(struct xdp_md *ctx, struct headers *headers)
{
	struct ipv6_extension extension;
	__u16 fragment;

	if (!is_extension(headers->packet.protocol) || headers->offset)
		return PARSE_OK;
	if (bpf_xdp_load_bytes(ctx, headers->body, &extension, sizeof(extension)))
		return PARSE_MALFORMED;
	if (headers->packet.protocol == IPPROTO_FRAGMENT) {
		if (headers->fragmentable)
			return PARSE_MALFORMED; /* a packet is fragmented once */
		fragment = bpf_ntohs(extension.offset);
		headers->offset = fragment & IPV6_OFFSET;
		headers->more = fragment & IPV6_MORE;
		headers->id = extension.id;
		headers->body += sizeof(extension);
		headers->fragmentable = headers->body;
	} else if (headers->packet.protocol == IPPROTO_AH) {
		headers->body += (extension.length + 2) * 4;
	} else {
		headers->body += (extension.length + 1) * 8;
	}
	headers->packet.protocol = extension.next;
	return PARSE_OK;
}

static __always_inline int read_ipv6_header(struct xdp_md *ctx, struct headers *headers)
{
	struct ipv6hdr ip;

	if (bpf_xdp_load_bytes(ctx, headers->at, &ip, sizeof(ip)))
		return PARSE_MALFORMED;
	if (ip.version != 6)
		return PARSE_MALFORMED;
	__builtin_memcpy(&headers->packet.source, &ip.saddr, sizeof(headers->packet.source));
	__builtin_memcpy(&headers->packet.destination, &ip.daddr, sizeof(headers->packet.destination));
	headers->packet.length = bpf_ntohs(ip.payload_len) + sizeof(ip);
	headers->body = headers->at + sizeof(ip);
	headers->packet.protocol = ip.nexthdr;
#pragma unroll
	for (int i = 0; i < MAX_EXTENSION_HEADERS + 1; i++)
		if (step_over(ctx, headers) != PARSE_OK)
			return PARSE_MALFORMED;
	return PARSE_OK;
}

/* The IP header at `at`, its extension headers included. What the packet's own length says is not checked. */
__noinline int read_headers(struct xdp_md *ctx, __u32 at, __u32 family, struct headers *headers)
{
	struct headers empty = {.at = at, .packet = {.family = family}};

	if (!headers)
		return PARSE_MALFORMED;
	*headers = empty;
	return family == FAMILY_IPV4 ? read_ipv4_header(ctx, headers) : read_ipv6_header(ctx, headers);
}

static __always_inline int has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

/* Both ports of TCP, UDP and SCTP stand first: that much of a packet every ICMP error quotes (RFC 792). */
struct ports {
	__be16 source;
	__be16 destination;
};
