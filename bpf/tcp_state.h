/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * TCP states as IPVS keeps them where it sees the client's packets only (DR,
 * TUN): tcp_states_input_only of net/netfilter/ipvs/ip_vs_proto_tcp.c. One row
 * is sixteen 4-bit states in a register: a look-up is a shift.
 */
#pragma once

#include "common.h"
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

/* `secure`: secure_tcp is at work, and a SYN waits in SYNACK (tcp_states_dos). */
static __always_inline __u32 next_tcp_state(__u32 state, __u8 flags, __u32 secure)
{
	__u64 row;

	if (flags & TCP_RST)
		row = ROW(CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL);
	else if (flags & TCP_SYN && secure)
		row = ROW(SA, ES, ES, SR, SA, SA, SA, SA, SA, SA, SA);
	else if (flags & TCP_SYN)
		row = ROW(SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR);
	else if (flags & TCP_FIN)
		row = ROW(CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW);
	else if (flags & TCP_ACK)
		row = ROW(ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES);
	else
		return CL;
	return row >> (state * 4) & 15;
}

/* What counts as an active connection; UDP never does. */
static __always_inline int state_is_active(__u32 state)
{
	return (1 << ES | 1 << SS | 1 << SR | 1 << SA) >> state & 1;
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
