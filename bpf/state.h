/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Connection states, whatever the protocol. */
#pragma once

#include "common.h"
#include "direction.h"
#include "parse.h"
#include "sctp_state.h"
#include "tcp_state.h"

/* Before its first packet. */
static __always_inline __u32 newborn_state(__u8 protocol)
{
	if (protocol == IPPROTO_UDP)
		return CONNECTION_UDP;
	return protocol == IPPROTO_SCTP ? CONNECTION_SCTP_NONE : CONNECTION_NONE;
}

static __always_inline __u32 next_state(const struct settings *settings, __u32 state, const struct packet *packet,
					enum direction direction)
{
	if (packet->protocol == IPPROTO_TCP)
		return next_tcp_state(state, packet->event, settings->options & OPTION_SECURE_TCP, direction);
	return packet->protocol == IPPROTO_SCTP ? next_sctp_state(state, packet->event, direction) : state;
}

static __always_inline __u32 established_state(__u8 protocol)
{
	return protocol == IPPROTO_SCTP ? CONNECTION_SCTP_ESTABLISHED : CONNECTION_ESTABLISHED;
}

static __always_inline int is_established(__u32 state)
{
	return state == CONNECTION_ESTABLISHED || state == CONNECTION_SCTP_ESTABLISHED;
}

/* What counts as an active connection; UDP never does. */
static __always_inline int state_is_active(__u32 state)
{
	return (1 << CONNECTION_ESTABLISHED | 1 << CONNECTION_SYN_SENT | 1 << CONNECTION_SYN_RECV |
		1 << CONNECTION_SYNACK | 1 << CONNECTION_SCTP_ESTABLISHED) >> state & 1;
}
