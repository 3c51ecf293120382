/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Schedulers: which real server a new connection gets. Each answers a slot of
 * the service, or NO_SERVER. They decide exactly as net/netfilter/ipvs/ip_vs_rr.c,
 * ip_vs_wrr.c and ip_vs_mh.c do; `turns` holds the servers of weight > 0 in
 * IPVS's list order.
 */
#pragma once

#include "common.h"
#include "hash.h"
#include "service.h"

#define NO_SERVER (-1)

/* Compare-and-exchange losers try again this often; then the pick stands unrecorded. */
#define SCHEDULE_RETRIES 4

static __always_inline struct turn *get_turn(const struct service *service, __u32 position)
{
	__u32 number = service->turns_line + position / TURNS_PER_LINE;
	union schedule_line *line = bpf_map_lookup_elem(&schedules, &number);

	return line ? &line->turns[position % TURNS_PER_LINE] : 0;
}

/* Position of the first turn after the server that was chosen last. */
static __always_inline __u32 position_after(const struct service *service, __u16 cursor)
{
	struct real_server *last;

	if (!cursor)
		return 0;
	last = get_real_server(service, cursor - 1);
	return last ? last->turns_after : 0;
}

static __always_inline int choose_rr(const struct service *service)
{
	__u32 id = service->id, count = service->turn_count;
	struct scheduler_state *state = bpf_map_lookup_elem(&scheduler_states, &id);
	__u64 before;
	int index = NO_SERVER;

	if (!state || !count)
		return NO_SERVER;
	for (int i = 0; i < SCHEDULE_RETRIES; i++) {
		struct turn *turn;
		__u32 position;

		before = READ_ONCE(state->word);
		position = position_after(service, before);
		turn = get_turn(service, position >= count ? 0 : position);
		if (!turn)
			return NO_SERVER;
		index = turn->index;
		if (__sync_val_compare_and_swap(&state->word, before, (before & ~0xffffULL) | (index + 1)) == before)
			break;
	}
	return index;
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

struct wrr_walk {
	const struct service *service;
	__u32 position;
	__u32 weight;
	int index;
};

static long wrr_step(__u32 iteration __attribute__((unused)), struct wrr_walk *walk)
{
	const struct service *service = walk->service;
	struct turn *turn;

	if (walk->position >= service->turn_count) {
		__u32 step = service->weight_gcd;

		walk->position = 0;
		walk->weight = walk->weight > step ? walk->weight - step : wrr_top(service);
	}
	turn = get_turn(service, walk->position++);
	if (!turn || turn->weight < walk->weight)
		return turn ? 0 : 1;
	walk->index = turn->index;
	return 1;
}

/*
 * The heaviest server has a turn at every level, so two rounds of the list are
 * enough to find one.
 */
static __always_inline int choose_wrr(const struct service *service)
{
	__u32 id = service->id, count = service->turn_count;
	struct scheduler_state *state = bpf_map_lookup_elem(&scheduler_states, &id);
	struct wrr_walk walk = {.service = service, .index = NO_SERVER};

	if (!state || !count)
		return NO_SERVER;
	for (int i = 0; i < SCHEDULE_RETRIES; i++) {
		__u64 before = READ_ONCE(state->word);
		struct wrr_mark mark = unpack_mark(service, before);

		walk.position = position_after(service, mark.cursor);
		walk.weight = mark.weight;
		walk.index = NO_SERVER;
		bpf_loop(2 * count + 1, wrr_step, &walk, 0);
		if (walk.index < 0)
			return NO_SERVER;
		mark.weight = walk.weight;
		mark.cursor = walk.index + 1;
		if (__sync_val_compare_and_swap(&state->word, before, pack_mark(mark)) == before)
			break;
	}
	return walk.index;
}

static __always_inline int ring_slot(const struct service *service, __u32 position)
{
	__u32 number = service->ring_line + position / RING_SLOTS_PER_LINE;
	union schedule_line *line = bpf_map_lookup_elem(&schedules, &number);
	__u16 index;

	if (!line)
		return NO_SERVER;
	index = line->ring[position % RING_SLOTS_PER_LINE];
	return index == RING_EMPTY ? NO_SERVER : index;
}

static __always_inline int is_eligible(const struct service *service, int index)
{
	struct real_server *server = get_real_server(service, index);

	return server && server->flags & REAL_SERVER_ELIGIBLE;
}

struct mh_walk {
	const struct service *service;
	__u32 value;
	__u32 start;
	int index;
};

/* ip_vs_mh_get_fallback: hash again from the next offset until a server is available. */
static long mh_step(__u32 offset, struct mh_walk *walk)
{
	const struct service *service = walk->service;
	__u32 size = service->ring_size;

	if (!size)
		return 1;
	walk->index = ring_slot(service, mh_hash(walk->value + (offset + walk->start) % size) % size);
	return walk->index < 0 || is_eligible(service, walk->index);
}

static __always_inline int choose_mh(const struct service *service, const struct packet *packet)
{
	struct mh_walk walk = {.service = service, .value = mh_value(packet, service->flags & SERVICE_HASH_PORT)};
	__u32 size = service->ring_size;
	int index;

	if (!size)
		return NO_SERVER;
	walk.start = mh_hash(walk.value) % size;
	index = ring_slot(service, walk.start);
	if (index < 0 || is_eligible(service, index))
		return index;
	if (!(service->flags & SERVICE_MH_FALLBACK) || !service->turn_count)
		return NO_SERVER;
	bpf_loop(size, mh_step, &walk, 0);
	return walk.index >= 0 && is_eligible(service, walk.index) ? walk.index : NO_SERVER;
}

/*
 * For connections without an entry: the same server for every packet of a
 * connection as long as the servers stay. `bits`: flow_hash's ring bits.
 */
static __always_inline int choose_by_ring(const struct service *service, const struct packet *packet, __u32 bits)
{
	if (service->scheduler == SCHEDULER_MH)
		return choose_mh(service, packet);
	if (!service->ring_size)
		return NO_SERVER;
	return ring_slot(service, (__u64)bits * service->ring_size >> 32);
}

/*
 * A function of its own, verified once: its stack is not its caller's. `bits`:
 * as for choose_by_ring; `by_ring`: the ring decides, whatever the scheduler.
 */
__noinline int schedule(const struct service *service, const struct packet *packet, __u32 bits, int by_ring)
{
	if (!service || !packet)
		return NO_SERVER;
	if (by_ring)
		return choose_by_ring(service, packet, bits);
	switch (service->scheduler) {
	case SCHEDULER_RR:
		return choose_rr(service);
	case SCHEDULER_WRR:
		return choose_wrr(service);
	case SCHEDULER_MH:
		return choose_mh(service, packet);
	}
	return NO_SERVER;
}
