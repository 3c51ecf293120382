/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Connections of each real server, and whether it has reached its upper
 * threshold: ip_vs_bind_dest and ip_vs_unbind_dest. As there, CPUs that count
 * at the same moment may pass a threshold by their number.
 */
#pragma once

#include "common.h"
#include "state.h"

static __always_inline struct live_count *get_live(__u32 real_server)
{
	return bpf_map_lookup_elem(&live_counts, &real_server);
}

static __always_inline int is_overloaded(__u32 real_server)
{
	struct live_count *live = get_live(real_server);

	return live && READ_ONCE(live->overloaded);
}

static __always_inline void change_live(struct live_count *live, __u32 state, int change)
{
	if (state_is_active(state))
		__sync_fetch_and_add(&live->active, change);
	else
		__sync_fetch_and_add(&live->inactive, change);
}

static __always_inline __u64 count_all(const struct live_count *live)
{
	return (__u64)READ_ONCE(live->active) + READ_ONCE(live->inactive);
}

static __always_inline void count_live_in(__u32 real_server, __u32 state)
{
	struct live_count *live = get_live(real_server);

	if (!live)
		return;
	change_live(live, state, 1);
	if (unlikely(live->upper) && count_all(live) >= live->upper)
		live->overloaded = 1;
}

static __always_inline void count_live_out(__u32 real_server, __u32 state)
{
	struct live_count *live = get_live(real_server);

	if (!live)
		return;
	change_live(live, state, -1);
	if (likely(!live->overloaded))
		return;
	if (live->lower ? count_all(live) < live->lower : count_all(live) * 4 < (__u64)live->upper * 3 || !live->upper)
		live->overloaded = 0;
}

/* The connection stays, and so does what the thresholds make of it. */
static __always_inline void count_live_move(__u32 real_server, __u32 from, __u32 to)
{
	struct live_count *live = get_live(real_server);

	if (!live)
		return;
	change_live(live, to, 1);
	change_live(live, from, -1);
}
