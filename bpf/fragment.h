/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Fragments, and SCTP in one piece. The first one has the ports and is decided like any packet; the
 * table remembers where it went, and later ones follow it. Nothing waits: one
 * that comes before its first, or after others pushed that out, is the kernel's.
 */
#pragma once

#include "balance.h"
#include "headers.h"
#include "sctp.h"

#define FRAGMENT_SECONDS 30 /* how long a receiver waits for the rest: Linux's ipfrag_time */

/* The transport header of a first fragment must be whole (RFC 1858, 3; RFC 7112, 5), with SCTP's first chunk header. */
static __always_inline int read_first_fragment(struct xdp_md *ctx, struct headers *headers, __u32 *header_end)
{
	__u32 left = headers->packet.length - (headers->body - headers->at), size = sizeof(struct udphdr);
	struct tcphdr tcp;
	struct ports ports;

	if (headers->packet.length < headers->body - headers->at)
		return PARSE_MALFORMED;
	if (headers->packet.protocol == IPPROTO_TCP) {
		if (left < sizeof(tcp) || bpf_xdp_load_bytes(ctx, headers->body, &tcp, sizeof(tcp)))
			return PARSE_MALFORMED;
		size = tcp.doff * 4;
		if (size < sizeof(tcp))
			return PARSE_MALFORMED;
		headers->packet.event = ((__u8 *)&tcp)[13];
	}
	if (headers->packet.protocol == IPPROTO_SCTP) {
		if (read_sctp_event(ctx, headers->body, left, &headers->packet) != PARSE_OK)
			return PARSE_MALFORMED;
		size = SCTP_HEADER;
	}
	if (left < size || bpf_xdp_load_bytes(ctx, headers->body, &ports, sizeof(ports)))
		return PARSE_MALFORMED;
	headers->packet.source_port = ports.source;
	headers->packet.destination_port = ports.destination;
	headers->packet.transport = headers->body - headers->at;
	headers->packet.partial = headers->more;
	*header_end = headers->body + size - headers->fragmentable;
	return PARSE_OK;
}

/*
 * RFC 791 (3.2) and RFC 8200 (4.5): what makes fragments one packet's. In IPv6
 * the next header of a later fragment may be any.
 */
static __always_inline void make_fragment_key(const struct headers *headers, struct fragment_key *key)
{
	key->source = headers->packet.source;
	key->destination = headers->packet.destination;
	key->id = headers->id;
	key->protocol = headers->packet.family == FAMILY_IPV4 ? headers->packet.protocol : IPPROTO_FRAGMENT;
	key->family = headers->packet.family;
}

__noinline int remember_fragment(const struct headers *headers, const struct fragment *decision)
{
	struct settings *settings = get_settings();
	struct fragment_key key = {};
	struct fragment fragment;

	if (!headers || !decision || !settings)
		return 0;
	make_fragment_key(headers, &key);
	fragment = *decision;
	fragment.seen_at = clock_seconds(settings);
	return bpf_map_update_elem(&fragments, &key, &fragment, BPF_ANY);
}

/* For fullnat, which knows only later what the others need (remember_local). */
static __always_inline void note_fragment(const struct headers *headers)
{
	struct nat_job *job = get_nat_job();

	if (job)
		make_fragment_key(headers, &job->fragment);
}

/* PARSE_FRAGMENT: unknown. PARSE_MALFORMED: it lies over the first one's headers, or ends beyond any packet. */
__noinline int recall_fragment(const struct headers *headers, struct fragment *decision)
{
	struct settings *settings = get_settings();
	struct fragment_key key = {};
	struct fragment *known;

	if (!headers || !decision || !settings)
		return PARSE_FRAGMENT;
	make_fragment_key(headers, &key);
	known = bpf_map_lookup_elem(&fragments, &key);
	if (!known || clock_seconds(settings) - known->seen_at >= FRAGMENT_SECONDS)
		return PARSE_FRAGMENT;
	if (headers->offset < known->header_end || headers->offset + headers->packet.length > 0xffff)
		return PARSE_MALFORMED;
	*decision = *known;
	return PARSE_OK;
}
