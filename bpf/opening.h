/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Which packets begin a connection, and how it ends where they get no real server. */
#pragma once

#include "parse.h"
#include "sctp.h"
#include "service.h"

#define RESULT_PASS (-1) /* the kernel takes it; counted */
#define RESULT_DROP (-2) /* counted */
#define RESULT_REFUSE (-3) /* counted; the client is told with an ICMP error */

/* What an ICMP error opens lives so long if nothing follows (ip_vs_conn_new). */
#define QUOTED_SECONDS 3

static __always_inline int is_quoted(const struct packet *packet)
{
	return packet->quiet == QUIET_QUOTE;
}

/*
 * FTP's active data connections are never scheduled (ip_vs_schedule), nor is a
 * RST (tcp_conn_schedule) or what begins with an ABORT (sctp_conn_schedule). Of a
 * quoted packet the flags may be missing, so IPVS does not look at them.
 */
static __always_inline int opens_connection(const struct settings *settings, const struct packet *packet)
{
	if (packet->source_port == FTP_DATA_PORT)
		return 0;
	if (is_quoted(packet))
		return !!(settings->options & OPTION_SCHEDULE_ICMP);
	if (packet->protocol == IPPROTO_UDP)
		return 1;
	if (packet->protocol == IPPROTO_SCTP)
		return packet->event == SCTP_EVENT_INIT ||
		       (packet->event != SCTP_EVENT_ABORT && settings->options & OPTION_SLOPPY_SCTP);
	return !(packet->event & TCP_RST) &&
	       (packet->event & TCP_SYN || settings->options & OPTION_SLOPPY_TCP);
}
