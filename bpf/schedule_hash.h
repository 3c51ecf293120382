/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Schedulers that hash an address: mh, sh and dh (ip_vs_mh.c, ip_vs_sh.c,
 * ip_vs_dh.c), each over its table in the service's ring lines; and the fallback
 * ring of all others.
 */
#pragma once

#include "hash.h"
#include "schedule_turn.h"

/* How a packet without an entry finds its server. */
enum placement {
	PLACE_BY_RULE, /* as the scheduler says */
	PLACE_BY_RING, /* opens a connection that may have no entry: its packets must find the server again */
	FOLLOW_RING,   /* belongs to such a connection: thresholds are no matter any more */
};

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

struct hash_walk {
	const struct service *service;
	__u32 value; /* mh: what is hashed; sh: the first slot */
	__u32 start; /* the first slot */
	__u32 placement;
	int index;
};

static __always_inline int may_take(const struct hash_walk *walk, int index)
{
	return walk->placement == FOLLOW_RING ? is_eligible(walk->service, index) : is_open(walk->service, index);
}

/* ip_vs_mh_get_fallback: hash again from the next offset until a server is available. */
static long mh_step(__u32 offset, struct hash_walk *walk)
{
	const struct service *service = walk->service;
	__u32 size = service->ring_size;

	if (!size)
		return 1;
	walk->index = ring_slot(service, mh_hash(walk->value + (offset + walk->start) % size) % size);
	return walk->index < 0 || may_take(walk, walk->index);
}

/* ip_vs_sh_get_fallback: from the slot on, by as many slots again. */
static long sh_step(__u32 offset, struct hash_walk *walk)
{
	walk->index = ring_slot(walk->service, (offset + 2 * walk->start) % HASH_SLOTS);
	return walk->index < 0 || may_take(walk, walk->index);
}

/* hash_32 of linux/hash.h, its upper eight bits. */
static __always_inline __u32 hash_slot(__u32 value)
{
	return value * 0x61C88647u >> 24;
}

__noinline int choose_by_hash(const struct service *service, const struct packet *packet, __u32 placement)
{
	struct hash_walk walk = {.service = service, .placement = placement, .index = NO_SERVER};
	__u32 size;

	if (!service || !packet)
		return NO_SERVER;
	size = service->ring_size;
	if (!size)
		return NO_SERVER;
	if (service->scheduler == SCHEDULER_DH) {
		walk.start = hash_slot(bpf_ntohl(fold_address(&packet->destination)));
	} else {
		walk.value = bpf_ntohl(fold_address(&packet->source));
		if (service->flags & SERVICE_HASH_PORT)
			walk.value += bpf_ntohs(packet->source_port);
		walk.start = service->scheduler == SCHEDULER_MH ? mh_hash(walk.value) % size : hash_slot(walk.value);
	}
	walk.index = ring_slot(service, walk.start);
	if (walk.index < 0 || may_take(&walk, walk.index))
		return walk.index;
	if (service->scheduler == SCHEDULER_DH || !(service->flags & SERVICE_HASH_FALLBACK) || !service->turn_count)
		return NO_SERVER;
	if (service->scheduler == SCHEDULER_MH)
		bpf_loop(size, mh_step, &walk, 0);
	else
		bpf_loop(HASH_SLOTS, sh_step, &walk, 0);
	return walk.index >= 0 && may_take(&walk, walk.index) ? walk.index : NO_SERVER;
}

/*
 * For connections without an entry: the same server for every packet of a
 * connection as long as the servers stay. `bits`: flow_hash's ring bits.
 */
static __always_inline int choose_by_ring(const struct service *service, __u32 bits, __u32 placement)
{
	int index;

	if (!service->ring_size)
		return NO_SERVER;
	index = ring_slot(service, (__u64)bits * service->ring_size >> 32);
	return index < 0 || placement == FOLLOW_RING || is_open(service, index) ? index : NO_SERVER;
}
