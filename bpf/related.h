/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ICMP errors about connections: ip_vs_in_icmp and ip_vs_in_icmp_v6 of
 * ip_vs_core.c. The stages, in order:
 *
 *   read_error -> read_quote -> read_quoted_ports -> (turn_around) -> service
 *     -> check_error -> find_quoted -> forward
 *
 * A quote is a packet of the error's addressee. One that a real server sent to a
 * client as the virtual address names the connection turned around; one that was
 * on its way to a real server names it as it stands. Errors change no state and
 * no deadline, and no ICMP error is sent about them (RFC 1122, 3.2.2).
 */
#pragma once

#include "balance.h"
#include "headers.h"
#include "icmp.h"

#define ICMPV4_UNREACHABLE 3
#define ICMPV4_FRAGMENTATION_NEEDED 4 /* a code of ICMPV4_UNREACHABLE */
#define ICMPV4_SOURCE_QUENCH 4
#define ICMPV4_TIME_EXCEEDED 11
#define ICMPV6_INFORMATIONAL 128 /* types from here on are no errors (RFC 4443, 2.1) */

/* IPVS's choice: the other types of IPv4 are not of connections. */
static __always_inline int is_error(__u32 family, __u8 type)
{
	if (family == FAMILY_IPV6)
		return type < ICMPV6_INFORMATIONAL;
	return type == ICMPV4_UNREACHABLE || type == ICMPV4_SOURCE_QUENCH || type == ICMPV4_TIME_EXCEEDED;
}

/* Where an ICMP error stands: bytes from the start of the frame. */
struct icmp_place {
	__u32 ip;
	__u32 icmp;
	__u32 end; /* of the IP packet; what lies behind is padding */
	__u32 family;
};

/* In one piece: an error that was fragmented is the kernel's. */
static __always_inline int is_whole_icmp(const struct headers *headers)
{
	if (headers->packet.family == FAMILY_IPV6)
		return headers->packet.protocol == IPPROTO_ICMPV6 && !headers->fragmentable;
	return headers->packet.protocol == IPPROTO_ICMP && !headers->offset && !headers->more;
}

/* PARSE_OTHER: ICMP, but no error. */
static __always_inline int read_error(struct xdp_md *ctx, const struct headers *headers, struct icmp_place *place)
{
	__u8 type;

	place->ip = headers->at;
	place->icmp = headers->body;
	place->end = headers->at + headers->packet.length;
	place->family = headers->packet.family;
	if (place->icmp + ICMP_HEADER > place->end || place->end > bpf_xdp_get_buff_len(ctx) ||
	    bpf_xdp_load_bytes(ctx, place->icmp, &type, sizeof(type)))
		return PARSE_MALFORMED;
	return is_error(place->family, type) ? PARSE_OK : PARSE_OTHER;
}

/* The ports alone, as in IPVS: that much of a packet every error quotes. PARSE_OTHER: it has none. */
static __always_inline int read_quoted_ports(struct xdp_md *ctx, const struct icmp_place *place,
					     struct headers *headers)
{
	struct ports ports;

	if (!has_ports(headers->packet.protocol) || headers->offset)
		return PARSE_OTHER;
	if (headers->body + sizeof(ports) > place->end ||
	    bpf_xdp_load_bytes(ctx, headers->body, &ports, sizeof(ports)))
		return PARSE_MALFORMED;
	headers->packet.source_port = ports.source;
	headers->packet.destination_port = ports.destination;
	headers->packet.quiet = QUIET_QUOTE;
	return PARSE_OK;
}

/*
 * An error's own headers make room for those of what it quotes. PARSE_OTHER: it
 * is no error, or none for its addressee: routers tell the source of a packet.
 */
__noinline int read_quote(struct xdp_md *ctx, struct headers *headers, struct icmp_place *place)
{
	struct address addressee;
	int result;

	if (!headers || !place)
		return PARSE_MALFORMED;
	result = read_error(ctx, headers, place);
	if (result != PARSE_OK)
		return result;
	addressee = headers->packet.destination;
	if (read_headers(ctx, place->icmp + ICMP_HEADER, place->family, headers) != PARSE_OK)
		return PARSE_MALFORMED;
	return same_address(&headers->packet.source, &addressee) ? PARSE_OK : PARSE_OTHER;
}

/* From what a real server sent to what its client sends. */
static __always_inline void turn_around(struct packet *packet)
{
	struct address source = packet->source;
	__be16 port = packet->source_port;

	packet->source = packet->destination;
	packet->destination = source;
	packet->source_port = packet->destination_port;
	packet->destination_port = port;
}

#define IPV6_ADDRESSES 8 /* where they stand in an IPv6 header */

/* IPv6 sums a pseudo header as well (RFC 4443, 2.3). */
__noinline int icmp_sum_is_right(struct xdp_md *ctx, const struct icmp_place *place)
{
	__u32 length;
	__s64 sum = 0;

	if (!place)
		return 0;
	length = place->end - place->icmp;
	if (place->family == FAMILY_IPV6) {
		sum = sum_frame(ctx, place->ip + IPV6_ADDRESSES, 2 * sizeof(struct address), 0);
		sum += bpf_htonl(length);
		sum += bpf_htonl(IPPROTO_ICMPV6);
	}
	return fold(sum_frame(ctx, place->icmp, length, fold(sum))) == 0xffff;
}

/* An error whose quote is of a virtual service; CONTINUE: it may be believed. */
static __always_inline int check_error(struct xdp_md *ctx, const struct icmp_place *place)
{
	if (!is_for_us(ctx)) {
		count(pass_other_mac);
		return XDP_PASS;
	}
	if (!icmp_sum_is_right(ctx, place)) {
		count(pass_malformed);
		return XDP_PASS;
	}
	return CONTINUE;
}

/* The slot of a live connection, known by its full key, or NO_ENTRY. */
__noinline int find_quoted(const struct packet *packet, __u32 service)
{
	struct settings *settings = get_settings();
	struct lookup lookup = {.opening = LOOKUP_QUOTED};
	__u64 entry;
	int number;

	if (!packet || !settings)
		return NO_ENTRY;
	lookup.hash = flow_hash(settings, packet, service);
	lookup.second = other_bucket(settings, lookup.hash.bucket, lookup.hash.tag);
	lookup.now = clock_seconds(settings);
	number = find_connection(packet, service, &lookup);
	entry = number < 0 ? 0 : read_found(number, &lookup);
	return entry ? (int)entry_index(entry) : NO_ENTRY;
}
