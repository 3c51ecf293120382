/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * rr and wrr: whose turn it is (ip_vs_rr.c, ip_vs_wrr.c). A choice counts when
 * the exchange of the state's word has succeeded, so CPUs that schedule at once
 * take one turn each.
 */
#pragma once

#include "schedule_turn.h"

/* Compare-and-exchange losers try again; each loss is another CPU's connection. */
#define SCHEDULE_RETRIES 1024

/* Position of the first turn after the server that was chosen last. */
static __always_inline __u32 position_after(const struct service *service, __u16 cursor)
{
	struct real_server *last;

	if (!cursor)
		return 0;
	last = get_real_server(service, cursor - 1);
	return last ? last->turns_after : 0;
}

static long round_step(__u32 i, struct turn_walk *walk)
{
	struct schedule_scratch *scratch = walk->scratch;
	struct turn *turn = get_turn(walk->service, scratch->from + i);

	if (!turn)
		return 1;
	if (is_overloaded(turn->id))
		return 0;
	if (turn->weight > scratch->reached)
		scratch->reached = turn->weight;
	if (turn->weight < scratch->weight)
		return 0;
	scratch->index = turn->index;
	return 1;
}

/* The first server of positions [from, end) that is not overloaded and weighs enough. */
static __always_inline int walk_turns(struct turn_walk *walk, __u32 from, __u32 end, __u32 weight)
{
	struct schedule_scratch *scratch = walk->scratch;

	scratch->from = from;
	scratch->weight = weight;
	scratch->index = NO_SERVER;
	if (from < end)
		bpf_loop(end - from, round_step, walk, 0);
	return scratch->index;
}

static __always_inline int take_turn(struct turn_walk *walk, __u64 before, __u64 after)
{
	return __sync_val_compare_and_swap(&walk->state->word, before, after) == before;
}

static long rr_try(__u32 i __attribute__((unused)), struct turn_walk *walk)
{
	__u64 before = READ_ONCE(walk->state->word);
	__u32 position = position_after(walk->service, before);
	int index = walk_turns(walk, position, walk->service->turn_count, 0);

	if (index < 0)
		index = walk_turns(walk, 0, position, 0);
	return index < 0 || take_turn(walk, before, (before & ~0xffffULL) | (index + 1));
}

/* ip_vs_wrr_mark, unpacked from scheduler_state.word. */
struct wrr_mark {
	__u32 weight; /* cw */
	__u16 cursor; /* cl: 1 + slot, 0: the head */
	__u16 generation;
};

static __always_inline __u64 pack_mark(struct wrr_mark mark)
{
	return (__u64)mark.generation << 48 | (__u64)mark.weight << 16 | mark.cursor;
}

/* mw: the kernel's highest weight that a pass starts from. */
static __always_inline __u32 wrr_top(const struct service *service)
{
	return service->weight_max ? service->weight_max - (service->weight_gcd - 1) : 0;
}

/* Unpacks, and catches up with an edit of the server list: ip_vs_wrr_dest_changed. */
static __always_inline struct wrr_mark unpack_mark(const struct service *service, __u64 word)
{
	struct wrr_mark mark = {.weight = word >> 16, .cursor = word, .generation = word >> 48};
	__u32 top = wrr_top(service), step = service->weight_gcd;

	if (mark.generation == service->generation)
		return mark;
	mark.generation = service->generation;
	mark.cursor = 0;
	if (mark.weight > top || !mark.weight)
		mark.weight = top;
	else if (step > 1)
		mark.weight = mark.weight / step * step + 1;
	return mark;
}

/* The highest level not above `limit` when falling by `step` from `weight`; 0: there is none. */
static __always_inline __u32 level_at(__u32 weight, __u32 step, __u32 limit)
{
	__u64 fall;

	if (weight <= limit || !step)
		return weight;
	fall = ((__u64)weight - limit + step - 1) / step * step;
	return fall < weight ? weight - fall : 0;
}

/*
 * Where the kernel's walk ends when every server is overloaded: each was asked
 * with the lowest weight. One that began amid the list on the lowest level ends
 * there again.
 */
static __always_inline void exhaust(const struct service *service, struct schedule_scratch *scratch)
{
	__u32 step = service->weight_gcd, top = wrr_top(service);

	if (scratch->cursor && scratch->level <= step) {
		scratch->level = level_at(top, step, step);
	} else {
		scratch->level = top;
		scratch->cursor = 0;
	}
}

/*
 * Levels that no server reaches are passed over at once: between a heavy server
 * at its threshold and light ones there may be billions.
 */
static __always_inline void pass_on(struct turn_walk *walk)
{
	const struct service *service = walk->service;
	struct schedule_scratch *scratch = walk->scratch;
	__u32 step = service->weight_gcd, level = 0;

	scratch->reached = 0;
	walk_turns(walk, 0, service->turn_count, 0xffffffff);
	if (!scratch->reached) {
		exhaust(service, scratch);
		return;
	}
	if (scratch->level > step)
		level = level_at(scratch->level - step, step, scratch->reached);
	if (!level)
		level = level_at(wrr_top(service), step, scratch->reached);
	scratch->level = level;
	scratch->cursor = walk_turns(walk, 0, service->turn_count, level) + 1;
}

static long wrr_try(__u32 i __attribute__((unused)), struct turn_walk *walk)
{
	struct schedule_scratch *scratch = walk->scratch;
	__u64 before = READ_ONCE(walk->state->word);
	struct wrr_mark mark = unpack_mark(walk->service, before);
	int index;

	scratch->level = mark.weight;
	scratch->cursor = mark.cursor;
	index = walk_turns(walk, position_after(walk->service, mark.cursor), walk->service->turn_count, mark.weight);
	if (index >= 0)
		scratch->cursor = index + 1;
	else
		pass_on(walk);
	mark.weight = scratch->level;
	mark.cursor = scratch->cursor;
	mark.generation = walk->service->generation;
	return take_turn(walk, before, pack_mark(mark));
}

/* rr or wrr. */
__noinline int choose_in_turn(const struct service *service)
{
	struct turn_walk walk = {.service = service, .scratch = get_scratch()};
	__u32 id;

	if (!service || !walk.scratch)
		return NO_SERVER;
	id = service->id;
	walk.state = bpf_map_lookup_elem(&scheduler_states, &id);
	if (!walk.state || !service->turn_count)
		return NO_SERVER;
	if (service->scheduler == SCHEDULER_RR)
		bpf_loop(SCHEDULE_RETRIES, rr_try, &walk, 0);
	else
		bpf_loop(SCHEDULE_RETRIES, wrr_try, &walk, 0);
	return walk.scratch->index;
}
