/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * TCP states as IPVS keeps them: tcp_states and, under secure_tcp, tcp_states_dos
 * of net/netfilter/ipvs/ip_vs_proto_tcp.c. One row is sixteen 4-bit states in a
 * register: a look-up is a shift.
 */
#pragma once

#include "common.h"
#include "direction.h"
#include "parse.h"

#define ES CONNECTION_ESTABLISHED
#define SS CONNECTION_SYN_SENT
#define SR CONNECTION_SYN_RECV
#define FW CONNECTION_FIN_WAIT
#define TW CONNECTION_TIME_WAIT
#define CL CONNECTION_CLOSE
#define CW CONNECTION_CLOSE_WAIT
#define LA CONNECTION_LAST_ACK
#define LI CONNECTION_LISTEN
#define SA CONNECTION_SYNACK
#define NO CONNECTION_NONE

#define CELL(from, to) ((__u64)(to) << ((from)*4))
/* Columns in the order of the kernel's table. */
#define ROW(no, es, ss, sr, fw, tw, cl, cw, la, li, sa)                                          \
	(CELL(NO, no) | CELL(ES, es) | CELL(SS, ss) | CELL(SR, sr) | CELL(FW, fw) | CELL(TW, tw) | \
	 CELL(CL, cl) | CELL(CW, cw) | CELL(LA, la) | CELL(LI, li) | CELL(SA, sa))

/* RST counts before SYN, SYN before FIN, FIN before ACK; a packet with none of them has no row. */
static __always_inline __u64 tcp_row_input_only(__u8 flags, __u32 secure)
{
	if (flags & TCP_RST)
		return ROW(CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL);
	if (flags & TCP_SYN)
		return secure ? ROW(SA, ES, ES, SR, SA, SA, SA, SA, SA, SA, SA)
			      : ROW(SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR);
	if (flags & TCP_FIN)
		return ROW(CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW);
	return ROW(ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES);
}

static __always_inline __u64 tcp_row_input(__u8 flags, __u32 secure)
{
	if (flags & TCP_RST)
		return secure ? ROW(CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL)
			      : ROW(CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR);
	if (flags & TCP_SYN)
		return secure ? ROW(SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SA)
			      : ROW(SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR);
	if (flags & TCP_FIN)
		return secure ? ROW(CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, SA)
			      : ROW(CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW);
	return secure ? ROW(ES, ES, SS, SR, FW, TW, CL, CW, CL, LI, SA) : ROW(ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES);
}

static __always_inline __u64 tcp_row_output(__u8 flags, __u32 secure)
{
	if (flags & TCP_RST)
		return ROW(CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL);
	if (flags & TCP_SYN)
		return secure ? ROW(SS, ES, SS, SA, SS, SS, SS, SS, SS, LI, SA)
			      : ROW(SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR);
	if (flags & TCP_FIN)
		return ROW(TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW);
	return ROW(ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES);
}

/* `secure`: secure_tcp is at work, and connections are established later. */
static __always_inline __u32 next_tcp_state(__u32 state, __u8 flags, __u32 secure, enum direction direction)
{
	__u64 row;

	if (!(flags & (TCP_RST | TCP_SYN | TCP_FIN | TCP_ACK)))
		return CL;
	if (direction == DIRECTION_INPUT_ONLY)
		row = tcp_row_input_only(flags, secure);
	else if (direction == DIRECTION_INPUT)
		row = tcp_row_input(flags, secure);
	else
		row = tcp_row_output(flags, secure);
	return row >> (state * 4) & 15;
}

#undef ES
#undef SS
#undef SR
#undef FW
#undef TW
#undef CL
#undef CW
#undef LA
#undef LI
#undef SA
#undef NO
#undef CELL
#undef ROW
