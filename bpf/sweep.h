/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the controller has done inside the kernel: expiry, recount, clocks, edits of schedules. */
#pragma once

#include "connection.h"
#include "reply.h"
#include "schedule.h"

struct sweep_walk {
	struct sweep_arguments *arguments;
	const struct settings *settings;
	__u32 expired;
	__u32 alive;
};

static __always_inline void count_again(__u32 number, __u64 entry)
{
	__u32 owner = entry_owner(number);
	struct live_count *total = bpf_map_lookup_elem(&recount, &owner);

	if (!total || entry_state(entry) == CONNECTION_BUSY)
		return;
	if (state_is_active(entry_state(entry)))
		total->active++;
	else
		total->inactive++;
	tell_template(number, CONTROL_COUNT);
}

/* Frees an entry for its owner's sake: BUSY while its template is told, so that nobody writes its key. */
static __always_inline int free_entry(__u64 *place, __u32 number, __u64 entry, enum control_change change)
{
	__u32 owner = entry_owner(number);

	if (!replace(place, entry, busy_entry(entry)))
		return 0;
	count_live_out(owner, entry_state(entry));
	tell_template(number, change);
	__sync_lock_test_and_set(place, 0);
	return 1;
}

/*
 * ip_vs_random_dropentry: one entry in 32, if it is half open, or of UDP and
 * quiet for a minute. (How many packets an entry has seen, nobody counts here.)
 */
static __always_inline int sheds(const struct settings *settings, __u64 entry, __u32 now)
{
	__u32 state = entry_state(entry);
	__u16 left = (__u16)entry - (__u16)now;

	if (bpf_get_prandom_u32() & 31)
		return 0;
	if (state == CONNECTION_UDP)
		return settings->timeout[CONNECTION_UDP] - left >= 60;
	return state == CONNECTION_SYN_RECV || state == CONNECTION_SYNACK || state == CONNECTION_SCTP_INIT1 ||
	       state == CONNECTION_SCTP_INIT;
}

/* expire_nodest_conn: the controller has marked the real servers that were deleted. */
static __always_inline int is_without_server(__u32 number)
{
	__u32 owner = entry_owner(number);
	struct live_count *total = bpf_map_lookup_elem(&recount, &owner);

	return total && total->gone;
}

static __always_inline void sweep_entry(struct sweep_walk *walk, __u64 *place, __u32 number)
{
	struct sweep_arguments *arguments = walk->arguments;
	__u64 entry = READ_ONCE(*place);

	if (!entry)
		return;
	if (is_busy(entry)) {
		walk->alive++;
		return;
	}
	if (is_reply(entry)) {
		walk->alive += sweep_reply(place, number, entry, arguments->now);
		return;
	}
	if (deadline_passed(entry, arguments->now)) {
		if (!free_entry(place, number, entry, CONTROL_END))
			return;
		count(connections_expired);
		walk->expired++;
		return;
	}
	if (arguments->shed && sheds(walk->settings, entry, arguments->now) &&
	    free_entry(place, number, entry, CONTROL_SHED)) {
		count(connections_shed);
		return;
	}
	if (arguments->recount) {
		if (is_without_server(number) && free_entry(place, number, entry, CONTROL_SHED)) {
			count(connections_without_server);
			return;
		}
		count_again(number, entry);
	}
	walk->alive++;
}

static long sweep_bucket(__u32 i, struct sweep_walk *walk)
{
	__u32 index = walk->arguments->first + i;
	struct connection_bucket *bucket = bpf_map_lookup_elem(&connections, &index);

	if (!bucket)
		return 1;
	for (__u32 way = 0; way < CONNECTION_WAYS; way++)
		sweep_entry(walk, &bucket->entry[way], index * CONNECTION_WAYS + way);
	return 0;
}
