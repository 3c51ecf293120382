/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What an SCTP packet means for its connection: set_sctp_state of
 * net/netfilter/ipvs/ip_vs_proto_sctp.c. The first chunk decides; only behind a
 * COOKIE ECHO or COOKIE ACK an ABORT is looked for, since those may be bundled.
 *
 * A packet without a chunk is malformed: IPVS sends one on if it has a
 * connection, but neither end could make anything of it.
 */
#pragma once

#include "headers.h"
#include "sctp_state.h"

struct sctp_chunk {
	__u8 type;
	__u8 flags;
	__be16 length; /* this header included, padding not */
};

#define SCTP_COMMON_HEADER 12 /* ports, verification tag, checksum: RFC 9260, 3.1 */
#define SCTP_HEADER (SCTP_COMMON_HEADER + sizeof(struct sctp_chunk)) /* as much as every packet has */

/* `body`: of the SCTP header, from the start of the frame; `left`: bytes of the packet from there on. */
__noinline int read_sctp_event(struct xdp_md *ctx, __u32 body, __u32 left, struct packet *packet)
{
	struct sctp_chunk chunk, next;
	__u32 length, at = SCTP_COMMON_HEADER;

	if (!packet || left < SCTP_HEADER || bpf_xdp_load_bytes(ctx, body + at, &chunk, sizeof(chunk)))
		return PARSE_MALFORMED;
	packet->event = sctp_event_of(chunk.type);
	if (chunk.type != SCTP_CHUNK_COOKIE_ECHO && chunk.type != SCTP_CHUNK_COOKIE_ACK)
		return PARSE_OK;
	length = bpf_ntohs(chunk.length);
	at += (length + 3) & ~3;
	if (length < sizeof(chunk) || at + sizeof(next) > left ||
	    bpf_xdp_load_bytes(ctx, body + at, &next, sizeof(next)))
		return PARSE_OK;
	if (next.type == SCTP_CHUNK_ABORT)
		packet->event = SCTP_EVENT_COOKIE_ABORT;
	return PARSE_OK;
}
