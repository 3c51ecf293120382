/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the controller has done inside the kernel: expiry, recount, clocks, edits of schedules. */
#pragma once

#include "connection.h"
#include "schedule.h"

struct sweep_walk {
	struct sweep_arguments *arguments;
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
}

static __always_inline void sweep_entry(struct sweep_walk *walk, __u64 *place, __u32 number)
{
	__u64 entry = READ_ONCE(*place);
	__u32 owner;

	if (!entry)
		return;
	if (!deadline_passed(entry, walk->arguments->now)) {
		walk->alive++;
		if (walk->arguments->recount)
			count_again(number, entry);
		return;
	}
	owner = entry_owner(number);
	if (!replace(place, entry, 0))
		return;
	count_out(entry, owner, walk->arguments->now);
	walk->expired++;
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
