/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * SCTP states as IPVS keeps them: sctp_states of
 * net/netfilter/ipvs/ip_vs_proto_sctp.c. What a packet means is its event, read
 * from its chunks. One row of a table is fourteen 4-bit states, counted from
 * CONNECTION_SCTP_NONE: a look-up is a load and a shift.
 *
 *   client's side   INIT1 -> INIT -> COOKIE_SENT -> COOKIE_REPLIED -> ESTABLISHED
 *   server's side   COOKIE_WAIT -> COOKIE -> COOKIE_ECHOED -> ESTABLISHED
 *   the end         SHUTDOWN_SENT, _RECEIVED -> SHUTDOWN_ACK_SENT -> CLOSED; INIT1 -> REJECTED
 */
#pragma once

#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "direction.h"
#include "types.h"

/* Chunk types: RFC 9260, 3.2. */
enum sctp_chunk_type {
	SCTP_CHUNK_ABORT = 6,
	SCTP_CHUNK_COOKIE_ECHO = 10,
	SCTP_CHUNK_COOKIE_ACK = 11,
	SCTP_CHUNK_SHUTDOWN_COMPLETE = 14, /* those beyond change no state */
};

enum sctp_event {
	SCTP_EVENT_DATA, /* SACK, HEARTBEAT and whatever has no event of its own, too */
	SCTP_EVENT_INIT,
	SCTP_EVENT_INIT_ACK,
	SCTP_EVENT_COOKIE_ECHO,
	SCTP_EVENT_COOKIE_ACK,
	SCTP_EVENT_SHUTDOWN,
	SCTP_EVENT_SHUTDOWN_ACK,
	SCTP_EVENT_SHUTDOWN_COMPLETE,
	SCTP_EVENT_ERROR,
	SCTP_EVENT_ABORT,
	SCTP_EVENT_COOKIE_ABORT, /* an ABORT behind a cookie: as ABORT, but sloppy_sctp lets it in */
	SCTP_EVENTS,
};

/* Events by chunk type, four bits each, type 0 (DATA) lowest. */
#define SCTP_EVENT_OF_CHUNK 0x700438659000210ULL

static __always_inline __u8 sctp_event_of(__u8 chunk)
{
	return chunk > SCTP_CHUNK_SHUTDOWN_COMPLETE ? SCTP_EVENT_DATA : SCTP_EVENT_OF_CHUNK >> (chunk * 4) & 15;
}

#define NO 0ULL
#define I1 1ULL
#define IN 2ULL
#define CS 3ULL
#define CR 4ULL
#define CW 5ULL
#define CO 6ULL
#define CE 7ULL
#define ES 8ULL
#define SS 9ULL
#define SR 10ULL
#define SA 11ULL
#define RJ 12ULL
#define CL 13ULL

/* Columns in the order of the kernel's table. */
#define ROW(no, i1, in, cs, cr, cw, co, ce, es, ss, sr, sa, rj, cl)                                          \
	((no) | (i1) << 4 | (in) << 8 | (cs) << 12 | (cr) << 16 | (cw) << 20 | (co) << 24 | (ce) << 28 |     \
	 (es) << 32 | (ss) << 36 | (sr) << 40 | (sa) << 44 | (rj) << 48 | (cl) << 52)

static const __u64 sctp_states[DIRECTIONS][SCTP_EVENTS] = {
	[DIRECTION_INPUT] = {
		[SCTP_EVENT_DATA] = ROW(ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_INIT] = ROW(I1, IN, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, IN, IN),
		[SCTP_EVENT_INIT_ACK] = ROW(CW, CW, CW, CS, CR, CO, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_COOKIE_ECHO] = ROW(CR, IN, IN, CR, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_COOKIE_ACK] = ROW(ES, I1, IN, CS, CR, CW, CO, ES, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN] = ROW(SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN_ACK] = ROW(CL, IN, IN, CS, CR, CW, CO, CE, ES, CL, SR, CL, RJ, CL),
		[SCTP_EVENT_SHUTDOWN_COMPLETE] = ROW(CL, CL, CL, CS, CR, CW, CO, CE, ES, SS, SR, CL, RJ, CL),
		[SCTP_EVENT_ERROR] = ROW(CL, I1, IN, CS, CR, CW, CO, CL, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_ABORT] = ROW(CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL),
		[SCTP_EVENT_COOKIE_ABORT] = ROW(CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL),
	},
	[DIRECTION_OUTPUT] = {
		[SCTP_EVENT_DATA] = ROW(ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_INIT] = ROW(CW, CW, CW, CW, CW, CW, CW, CW, ES, CW, CW, CW, CW, CW),
		[SCTP_EVENT_INIT_ACK] = ROW(CS, CS, CS, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_COOKIE_ECHO] = ROW(CE, CE, CE, CE, CE, CE, CE, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_COOKIE_ACK] = ROW(ES, ES, ES, ES, ES, ES, ES, ES, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN] = ROW(SS, SS, SS, SS, SS, SS, SS, SS, SS, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN_ACK] = ROW(SA, SA, SA, SA, SA, CW, CO, CE, ES, SA, SA, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN_COMPLETE] = ROW(CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_ERROR] = ROW(CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_ABORT] = ROW(CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL),
		[SCTP_EVENT_COOKIE_ABORT] = ROW(CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL),
	},
	[DIRECTION_INPUT_ONLY] = {
		[SCTP_EVENT_DATA] = ROW(ES, I1, IN, CS, CR, ES, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_INIT] = ROW(I1, IN, IN, IN, IN, IN, CO, CE, ES, SS, SR, SA, IN, IN),
		[SCTP_EVENT_INIT_ACK] = ROW(CE, CE, CE, CE, CE, CE, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_COOKIE_ECHO] = ROW(ES, ES, ES, ES, ES, ES, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_COOKIE_ACK] = ROW(ES, I1, IN, ES, ES, CW, ES, ES, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN] = ROW(SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN_ACK] = ROW(CL, IN, IN, CS, CR, CW, CO, CE, CL, CL, SR, CL, RJ, CL),
		[SCTP_EVENT_SHUTDOWN_COMPLETE] = ROW(CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, CL, CL, RJ, CL),
		[SCTP_EVENT_ERROR] = ROW(CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_ABORT] = ROW(CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL),
		[SCTP_EVENT_COOKIE_ABORT] = ROW(CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL),
	},
};

/* A state that is no SCTP connection's stays as it is. */
static __always_inline __u32 next_sctp_state(__u32 state, __u8 event, enum direction direction)
{
	__u32 from = state - CONNECTION_SCTP_NONE;

	if (from > CONNECTION_SCTP_CLOSED - CONNECTION_SCTP_NONE || event >= SCTP_EVENTS)
		return state;
	return CONNECTION_SCTP_NONE + (sctp_states[direction][event] >> (from * 4) & 15);
}

#undef NO
#undef I1
#undef IN
#undef CS
#undef CR
#undef CW
#undef CO
#undef CE
#undef ES
#undef SS
#undef SR
#undef SA
#undef RJ
#undef CL
#undef ROW
