/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Schedulers that compare: lc, wlc, sed, nq, fo, ovf and twos look at the
 * connections or weights of every server, as ip_vs_lc.c to ip_vs_twos.c do. Of
 * equals the first in the list is taken.
 */
#pragma once

#include "schedule_turn.h"

/* ip_vs_dest_conn_overhead: 256 for an active connection, 1 for every connection. */
static __always_inline __u64 overhead(const struct live_count *live)
{
	return ((__u64)READ_ONCE(live->active) << 8) + count_all(live);
}

/* Takes the turn's server where its load is less for its weight than what was found so far. */
static __always_inline void take_if_less(struct schedule_scratch *found, const struct turn *turn, __u64 load,
					 __u32 weight)
{
	if (found->index >= 0 && found->load * weight <= load * found->weight)
		return;
	found->load = load;
	found->weight = weight;
	found->index = turn->index;
}

/* scratch->flag: the scheduler. */
static long least_step(__u32 position, struct turn_walk *walk)
{
	struct schedule_scratch *found = walk->scratch;
	struct turn *turn = get_turn(walk->service, position);
	struct live_count *live;

	if (!turn)
		return 1;
	live = get_live(turn->id);
	if (!live || READ_ONCE(live->overloaded))
		return 0;
	switch (found->flag) {
	case SCHEDULER_LC:
		take_if_less(found, turn, overhead(live), 1);
		break;
	case SCHEDULER_NQ:
		if (!READ_ONCE(live->active)) {
			found->index = turn->index;
			return 1;
		}
		take_if_less(found, turn, READ_ONCE(live->active) + 1ULL, turn->weight);
		break;
	case SCHEDULER_SED:
		take_if_less(found, turn, READ_ONCE(live->active) + 1ULL, turn->weight);
		break;
	case SCHEDULER_OVF:
		if (READ_ONCE(live->active) > turn->weight)
			break;
		take_if_less(found, turn, 0xffffffff - turn->weight, 1);
		break;
	case SCHEDULER_FO:
		take_if_less(found, turn, 0xffffffff - turn->weight, 1);
		break;
	default: /* wlc, and those that fall back on it */
		take_if_less(found, turn, overhead(live), turn->weight);
	}
	return 0;
}

__noinline int choose_least(const struct service *service, __u32 scheduler)
{
	struct turn_walk walk = {.service = service, .scratch = get_scratch()};

	if (!service || !walk.scratch)
		return NO_SERVER;
	walk.scratch->flag = scheduler;
	walk.scratch->index = NO_SERVER;
	bpf_loop(service->turn_count, least_step, &walk, 0);
	return walk.scratch->index;
}

static long weigh_step(__u32 position, struct turn_walk *walk)
{
	struct turn *turn = get_turn(walk->service, position);

	if (!turn)
		return 1;
	if (!is_overloaded(turn->id)) {
		walk->scratch->total += turn->weight;
		walk->scratch->index = turn->index;
	}
	return 0;
}

static __always_inline void count_down(struct schedule_draw *draw, const struct turn *turn,
				       const struct live_count *live)
{
	if (draw->index >= 0)
		return;
	if (draw->number > turn->weight) {
		draw->number -= turn->weight;
		return;
	}
	draw->index = turn->index;
	draw->load = overhead(live);
	draw->weight = turn->weight;
}

static long draw_step(__u32 position, struct turn_walk *walk)
{
	struct schedule_draw *draw = walk->scratch->draw;
	struct turn *turn = get_turn(walk->service, position);
	struct live_count *live;

	if (!turn)
		return 1;
	live = get_live(turn->id);
	if (!live || READ_ONCE(live->overloaded))
		return 0;
	count_down(&draw[0], turn, live);
	count_down(&draw[1], turn, live);
	return draw[0].index >= 0 && draw[1].index >= 0;
}

/* Both ends of the range may be drawn, as in the kernel. */
static __always_inline void start_draw(struct schedule_draw *draw, __u64 total)
{
	__u64 random = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();

	draw->number = random % (total + 1);
	draw->index = NO_SERVER;
}

__noinline int choose_twos(const struct service *service)
{
	struct turn_walk walk = {.service = service, .scratch = get_scratch()};
	struct schedule_draw *draw;

	if (!service || !walk.scratch)
		return NO_SERVER;
	walk.scratch->total = 0;
	walk.scratch->index = NO_SERVER;
	bpf_loop(service->turn_count, weigh_step, &walk, 0);
	if (walk.scratch->index < 0)
		return NO_SERVER;
	draw = walk.scratch->draw;
	start_draw(&draw[0], walk.scratch->total);
	start_draw(&draw[1], walk.scratch->total);
	bpf_loop(service->turn_count, draw_step, &walk, 0);
	if (draw[0].index < 0 || draw[1].index < 0) /* reached a threshold meanwhile */
		return walk.scratch->index;
	return draw[1].weight * draw[0].load > draw[0].weight * draw[1].load ? draw[1].index : draw[0].index;
}
