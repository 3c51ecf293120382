/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Headers, read with a cursor. Nothing here writes to the packet. What is not
 * TCP or UDP in one piece is left to uncommon.h, SCTP included.
 */
#pragma once

#include "common.h"

#define MAX_VLAN_TAGS 2
#define MAX_EXTENSION_HEADERS 6
#define MAX_LINK_LENGTH (sizeof(struct ethhdr) + 4 * MAX_VLAN_TAGS)

#define IPV4_DF bpf_htons(0x4000)
#define IPV4_FRAGMENT bpf_htons(0x3fff) /* more fragments, or an offset */

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

struct vlan_header {
	__be16 tci;
	__be16 protocol;
};

/* What stands before the IP header. */
struct link {
	__u32 length; /* bytes up to the IP header */
	__u32 tag_count;
	__be16 protocol; /* EtherType after the tags */
};

/* VLAN tags as they stand in a frame, EtherType first; outer tag first. */
struct tags {
	__u32 count;
	__u32 word[MAX_VLAN_TAGS];
};

/* What the data plane knows of a packet once its headers are read. */
struct packet {
	struct address source;
	struct address destination;
	__be16 source_port;
	__be16 destination_port;
	__u32 length; /* bytes of the IP packet */
	__u8 protocol;
	__u8 family;
	__u8 event;	/* what moves its connection's state: TCP's flags (the low byte), SCTP's enum sctp_event; UDP: 0 */
	__u8 quiet;	/* enum quiet; 0: ICMP errors are sent about it */
	__u16 transport; /* bytes from the IP header to the transport header; 0: it has none (a later fragment) */
	__u8 news;	/* enum connection_news */
	__u8 partial;	/* the first of several fragments */
};

/* Why no ICMP error is sent about a packet. */
enum quiet {
	QUIET_FRAGMENT = 1, /* a later fragment of IPv4 (RFC 1122, 3.2.2) */
	QUIET_QUOTE = 2,    /* what came is an ICMP error that quotes it, or its answer */
};

/* What a packet has done to its connection's entry. */
enum connection_news {
	CONNECTION_OLD,
	CONNECTION_REFRESHED, /* its time started again: at most once a second */
	CONNECTION_OPENED,
};

enum parse_result {
	PARSE_OK = 0,
	PARSE_OTHER = 1,    /* another protocol: not ours */
	PARSE_FRAGMENT = 2,
	PARSE_MALFORMED = 3,
};

/* By exclusive or, as it stands; of IPv4 the other words are 0. */
static __always_inline __u32 fold_address(const struct address *address)
{
	const __be32 *word = address->word;

	return word[0] ^ word[1] ^ word[2] ^ word[3];
}

static __always_inline int is_vlan(__be16 protocol)
{
	return protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD);
}

/* Returns the IP header's place, or NULL where the frame is too short. */
static __always_inline void *parse_link(void *data, void *end, struct link *link)
{
	struct ethhdr *eth = data;
	void *cursor = eth + 1;

	if (cursor > end)
		return 0;
	link->protocol = eth->h_proto;
	link->length = sizeof(*eth);
	link->tag_count = 0;
	if (likely(!is_vlan(link->protocol)))
		return cursor;
#pragma unroll
	for (int i = 0; i < MAX_VLAN_TAGS; i++) {
		struct vlan_header *vlan = cursor;

		if (!is_vlan(link->protocol))
			break;
		cursor = vlan + 1;
		if (cursor > end)
			return 0;
		link->protocol = vlan->protocol;
		link->length += sizeof(*vlan);
		link->tag_count++;
	}
	return cursor;
}

static __always_inline void read_tags(void *data, void *end, const struct link *link, struct tags *tags)
{
	__u32 *word = data + 2 * ETH_ALEN;

	tags->count = link->tag_count;
	if (likely(!link->tag_count) || (void *)(word + 2) > end)
		return;
	tags->word[0] = word[0];
	tags->word[1] = word[1];
}

/* Writes tags and EtherType behind the MACs; answers where the IP header starts, or NULL. */
static __always_inline void *write_tags(void *data, void *end, const struct tags *tags, __be16 protocol)
{
	__u32 *word = data + 2 * ETH_ALEN;
	__be16 *type = (void *)word;

	if ((void *)(word + MAX_VLAN_TAGS) + sizeof(*type) > end)
		return 0;
	if (unlikely(tags->count > 0)) {
		word[0] = tags->word[0];
		type += 2;
	}
	if (unlikely(tags->count > 1)) {
		word[1] = tags->word[1];
		type += 2;
	}
	*type = protocol;
	return type + 1;
}

/* `limit`: bytes of the IP packet that remain from `cursor` on. */
static __always_inline int parse_ports(void *cursor, void *end, __u32 limit, struct packet *packet)
{
	if (packet->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = cursor;

		if (limit < sizeof(*tcp) || (void *)(tcp + 1) > end)
			return PARSE_MALFORMED;
		if (tcp->doff * 4 < sizeof(*tcp) || tcp->doff * 4 > limit)
			return PARSE_MALFORMED;
		packet->source_port = tcp->source;
		packet->destination_port = tcp->dest;
		packet->event = ((__u8 *)tcp)[13];
		return PARSE_OK;
	}
	if (packet->protocol == IPPROTO_UDP) {
		struct udphdr *udp = cursor;

		if (limit < sizeof(*udp) || (void *)(udp + 1) > end)
			return PARSE_MALFORMED;
		packet->source_port = udp->source;
		packet->destination_port = udp->dest;
		packet->event = 0;
		return PARSE_OK;
	}
	return PARSE_OTHER;
}

/* `frame_left`: bytes of the frame from the IP header on, fragments of a large frame included. */
static __always_inline int parse_ipv4(struct iphdr *ip, void *end, __u64 frame_left, struct packet *packet)
{
	__u32 header = ip->ihl * 4;

	packet->family = FAMILY_IPV4;
	packet->protocol = ip->protocol;
	packet->length = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header < sizeof(*ip) || packet->length < header || packet->length > frame_left)
		return PARSE_MALFORMED;
	if (packet->protocol != IPPROTO_TCP && packet->protocol != IPPROTO_UDP)
		return PARSE_OTHER;
	if (ip->frag_off & IPV4_FRAGMENT)
		return PARSE_FRAGMENT;
	packet->source.word[0] = ip->saddr;
	packet->destination.word[0] = ip->daddr;
	packet->transport = header;
	if (likely(header == sizeof(*ip)))
		return parse_ports(ip + 1, end, packet->length - sizeof(*ip), packet);
	return parse_ports((void *)ip + header, end, packet->length - header, packet);
}

struct extension_header {
	__u8 next;
	__u8 length; /* units of 8 bytes, the first not counted; of 4 and two not counted in IPPROTO_AH */
};

/* Walks to TCP or UDP. Returns the place of the transport header, or NULL and *result. */
static __always_inline void *skip_extension_headers(void *cursor, void *end, __u8 *next, int *result)
{
	for (int i = 0; i < MAX_EXTENSION_HEADERS; i++) {
		struct extension_header *extension = cursor;
		__u32 length;

		if (*next == IPPROTO_TCP || *next == IPPROTO_UDP)
			return cursor;
		if (*next == IPPROTO_FRAGMENT) {
			*result = PARSE_FRAGMENT;
			return 0;
		}
		if (*next != IPPROTO_HOPOPTS && *next != IPPROTO_ROUTING && *next != IPPROTO_DSTOPTS &&
		    *next != IPPROTO_AH) {
			*result = PARSE_OTHER;
			return 0;
		}
		if ((void *)(extension + 1) > end) {
			*result = PARSE_MALFORMED;
			return 0;
		}
		length = *next == IPPROTO_AH ? (extension->length + 2) * 4 : (extension->length + 1) * 8;
		*next = extension->next;
		cursor += length;
	}
	if (*next == IPPROTO_TCP || *next == IPPROTO_UDP)
		return cursor;
	*result = PARSE_OTHER;
	return 0;
}

static __always_inline int parse_ipv6(struct ipv6hdr *ip, void *end, __u64 frame_left, struct packet *packet)
{
	void *cursor = ip + 1;
	int result = PARSE_OK;
	__u32 skipped;

	packet->family = FAMILY_IPV6;
	packet->protocol = ip->nexthdr;
	packet->length = bpf_ntohs(ip->payload_len) + sizeof(*ip);
	if (ip->version != 6 || packet->length > frame_left)
		return PARSE_MALFORMED;
	__builtin_memcpy(&packet->source, &ip->saddr, sizeof(packet->source));
	__builtin_memcpy(&packet->destination, &ip->daddr, sizeof(packet->destination));
	if (unlikely(packet->protocol != IPPROTO_TCP && packet->protocol != IPPROTO_UDP)) {
		cursor = skip_extension_headers(cursor, end, &packet->protocol, &result);
		if (!cursor)
			return result;
	}
	skipped = cursor - (void *)ip;
	if (packet->length < skipped)
		return PARSE_MALFORMED;
	packet->transport = skipped;
	return parse_ports(cursor, end, packet->length - skipped, packet);
}
