/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which connections the controller tells another director of, and when: the rule
 * of ip_vs_sync_conn_needed (net/netfilter/ipvs/ip_vs_sync.c). Packets of clients
 * are counted, and states compared, only while a master daemon runs; what is to
 * be told is the number of an entry in a ring that the controller empties.
 */
#pragma once

#include "clock.h"
#include "common.h"
#include "connection.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_BUCKETS * CONNECTION_WAYS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct sync_progress);
} sync_progress SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SYNC_EVENTS_BYTES);
} sync_events SEC(".maps");

/* A timer may be told again this early, whatever sync_refresh_period says. */
#define SYNC_LEAST_REFRESH 10

static __always_inline int is_synchronized(const struct settings *settings)
{
	return unlikely(settings->options & OPTION_SYNC);
}

/* States that another director is told of; before them a client begins anew. */
static __always_inline int is_told_of(__u32 state)
{
	return (1 << CONNECTION_ESTABLISHED | 1 << CONNECTION_FIN_WAIT | 1 << CONNECTION_CLOSE |
		1 << CONNECTION_CLOSE_WAIT | 1 << CONNECTION_TIME_WAIT | 1 << CONNECTION_UDP |
		1 << CONNECTION_SCTP_ESTABLISHED | 1 << CONNECTION_SCTP_SHUTDOWN_SENT |
		1 << CONNECTION_SCTP_SHUTDOWN_RECEIVED | 1 << CONNECTION_SCTP_SHUTDOWN_ACK_SENT |
		1 << CONNECTION_SCTP_CLOSED) >> state & 1;
}

/* How often the timer has been told within the refresh period; -1: often enough. */
static __always_inline int count_retries(const struct settings *settings, const struct sync_progress *progress,
					 __u32 timeout, __u32 now)
{
	__u32 limit = timeout / 2 > SYNC_LEAST_REFRESH ? timeout / 2 : SYNC_LEAST_REFRESH;
	__u32 retries = progress->word >> SYNC_RETRIES_SHIFT;
	__s32 moved = now + timeout - progress->ends;

	if (settings->sync_refresh < limit)
		limit = settings->sync_refresh;
	if (!(progress->word >> SYNC_STATE_SHIFT & (CONNECTION_STATES - 1)) ||
	    (__u32)(moved < 0 ? -moved : moved) >= limit)
		return 0;
	if (retries >= settings->sync_retries)
		return -1;
	if ((__s32)(now - (progress->ends - timeout + settings->sync_refresh / 8)) < 0)
		return -1;
	return retries + 1;
}

/* -1: nothing is told; else what count_retries says. */
static __always_inline int retries_if_told(const struct settings *settings, const struct sync_progress *progress,
					   __u32 state, __u32 packets, __u32 timeout, __u32 now)
{
	__u32 told = progress->word >> SYNC_STATE_SHIFT & (CONNECTION_STATES - 1);
	int retries = 0;

	if (!is_told_of(state))
		return -1;
	if (state != CONNECTION_UDP && state != told && !is_established(state))
		return 0;
	if (settings->sync_refresh)
		retries = count_retries(settings, progress, timeout, now);
	if (settings->sync_period)
		return packets % settings->sync_period == settings->sync_threshold ? retries : -1;
	return settings->sync_refresh || packets == settings->sync_threshold ? retries : -1;
}

/* A client's packet has met its entry. `opened`: with it the connection began. */
__noinline int note_packet(__u32 number, __u32 now, __u32 opened)
{
	struct sync_progress *progress = bpf_map_lookup_elem(&sync_progress, &number);
	struct settings *settings = get_settings();
	__u64 *place = get_entry(number);
	__u32 state, packets, timeout;
	int retries;

	if (!progress || !settings || !place)
		return 0;
	if (opened)
		progress->word = 0;
	state = entry_state(READ_ONCE(*place));
	timeout = settings->timeout[state];
	packets = (progress->word + 1) & SYNC_PACKETS_MASK;
	retries = retries_if_told(settings, progress, state, packets, timeout, now);
	if (retries < 0) {
		progress->word = (progress->word & ~SYNC_PACKETS_MASK) | packets;
		return 0;
	}
	progress->word = packets | state << SYNC_STATE_SHIFT | (__u32)retries << SYNC_RETRIES_SHIFT;
	progress->ends = now + timeout;
	if (bpf_ringbuf_output(&sync_events, &number, sizeof(number), BPF_RB_NO_WAKEUP))
		count(sync_overflows);
	return 0;
}
