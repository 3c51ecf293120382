/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * lblc and lblcr: connections to one destination address stay with one server
 * or a few, as long as those are not full while another is idle (ip_vs_lblc.c,
 * ip_vs_lblcr.c).
 */
#pragma once

#include "clock.h"
#include "schedule_least.h"

/* The server that a member stands for, where it still does; deleted ones do not count. */
static __always_inline struct real_server *get_member(const struct service *service,
						      const struct locality_member *member)
{
	struct real_server *server = get_real_server(service, member->index);

	return server && server->id == member->real_server && server->flags & REAL_SERVER_AVAILABLE ? server : 0;
}

static long idle_step(__u32 position, struct turn_walk *walk)
{
	struct turn *turn = get_turn(walk->service, position);
	struct live_count *live;

	if (!turn)
		return 1;
	live = get_live(turn->id);
	walk->scratch->flag = live && READ_ONCE(live->active) * 2ULL < turn->weight;
	return walk->scratch->flag;
}

/* More active connections than its weight, while another has less than half of its own. */
static __always_inline int is_overrun(struct turn_walk *walk, const struct real_server *server)
{
	struct live_count *live = get_live(server->id);

	if (!live || READ_ONCE(live->active) <= server->weight)
		return 0;
	walk->scratch->flag = 0;
	bpf_loop(walk->service->turn_count, idle_step, walk, 0);
	return walk->scratch->flag;
}

/* The key of a packet's locality, in the scratch memory. */
static __always_inline struct locality_key *locality_key(struct schedule_scratch *scratch,
							 const struct service *service, const struct packet *packet)
{
	struct locality_key *key = &scratch->key;
	struct scheduler_state *state;

	key->service = service->id;
	key->epoch = 0;
	key->destination = packet->destination;
	state = bpf_map_lookup_elem(&scheduler_states, &key->service);
	if (state)
		key->epoch = state->epoch;
	return key;
}

static __always_inline struct locality_member member_of(const struct service *service, int index)
{
	struct real_server *server = get_real_server(service, index);

	return (struct locality_member){.real_server = server ? server->id : 0, .index = index};
}

/* The server of a destination address, where it is to be used again: even at its upper threshold, as in IPVS. */
__noinline int find_locality(const struct service *service, const struct packet *packet, __u32 now)
{
	struct turn_walk walk = {.service = service, .scratch = get_scratch()};
	struct settings *settings = get_settings();
	struct real_server *server;
	struct locality_key *key;
	struct locality *known;

	if (!service || !packet || !settings || !walk.scratch)
		return NO_SERVER;
	key = locality_key(walk.scratch, service, packet);
	known = bpf_map_lookup_elem(&localities, key);
	if (!known || now - known->used_at >= settings->lblc_expiration)
		return NO_SERVER;
	known->used_at = now;
	server = get_member(service, &known->member);
	return server && server->weight && !is_overrun(&walk, server) ? known->member.index : NO_SERVER;
}

__noinline int keep_locality(const struct service *service, const struct packet *packet, __u32 now, int index)
{
	struct schedule_scratch *scratch = get_scratch();
	struct locality next = {.used_at = now};
	struct locality_key *key;

	if (!service || !packet || !scratch)
		return 0;
	key = locality_key(scratch, service, packet);
	next.member = member_of(service, index);
	return bpf_map_update_elem(&localities, key, &next, BPF_ANY);
}

static __always_inline int choose_lblc(const struct service *service, const struct packet *packet, __u32 now)
{
	int index = find_locality(service, packet, now);

	if (index >= 0)
		return index;
	index = choose_least(service, SCHEDULER_WLC);
	if (index >= 0)
		keep_locality(service, packet, now, index);
	return index;
}

struct member_walk {
	const struct service *service;
	struct schedule_scratch *scratch;
	const struct locality_set *set;
};

/* scratch->flag: look for the busiest, overloaded or not. scratch->index: its place in the set. */
static long member_step(__u32 i, struct member_walk *walk)
{
	const struct locality_member *member = &walk->set->member[i & (LOCALITY_MEMBERS - 1)];
	struct real_server *server = get_member(walk->service, member);
	struct schedule_scratch *found = walk->scratch;
	struct live_count *live;
	__u64 load, mine, others;

	if (!server || !server->weight)
		return 0;
	live = get_live(server->id);
	if (!live || (!found->flag && READ_ONCE(live->overloaded)))
		return 0;
	load = overhead(live);
	mine = load * found->weight;
	others = found->load * server->weight;
	if (found->index >= 0 && (found->flag ? others >= mine : others <= mine))
		return 0;
	found->load = load;
	found->weight = server->weight;
	found->index = i;
	return 0;
}

/* Place in the set of its least loaded member, or of its busiest. */
static __always_inline int find_member(struct member_walk *walk, __u32 busiest)
{
	__u32 size = walk->set->size;

	walk->scratch->flag = busiest;
	walk->scratch->index = NO_SERVER;
	bpf_loop(size < LOCALITY_MEMBERS ? size : LOCALITY_MEMBERS, member_step, walk, 0);
	return walk->scratch->index;
}

/* The least loaded server of a destination address, where it is to be used again. */
__noinline int find_in_set(const struct service *service, const struct packet *packet, __u32 now)
{
	struct member_walk walk = {.service = service, .scratch = get_scratch()};
	struct settings *settings = get_settings();
	struct locality_key *key;
	struct locality_set *set;
	int place;

	if (!service || !packet || !settings || !walk.scratch)
		return NO_SERVER;
	key = locality_key(walk.scratch, service, packet);
	set = bpf_map_lookup_elem(&locality_sets, key);
	if (!set)
		return NO_SERVER;
	if (now - set->used_at >= settings->lblcr_expiration) {
		bpf_map_delete_elem(&locality_sets, key);
		return NO_SERVER;
	}
	set->used_at = now;
	walk.set = set;
	place = find_member(&walk, 0);
	return place < 0 ? NO_SERVER : set->member[place & (LOCALITY_MEMBERS - 1)].index;
}

/* A set of several that has not changed for long loses its busiest server. */
__noinline int shrink_set(const struct service *service, const struct packet *packet, __u32 now)
{
	struct member_walk walk = {.service = service, .scratch = get_scratch()};
	struct settings *settings = get_settings();
	struct locality_key *key;
	struct locality_set *set;
	int place;

	if (!service || !packet || !settings || !walk.scratch)
		return 0;
	key = locality_key(walk.scratch, service, packet);
	set = bpf_map_lookup_elem(&locality_sets, key);
	if (!set || set->size < 2 || set->size > LOCALITY_MEMBERS || now - set->changed_at <= settings->lblcr_expiration)
		return 0;
	walk.set = set;
	place = find_member(&walk, 1);
	if (place < 0)
		return 0;
	walk.scratch->set = *set;
	set = &walk.scratch->set;
	for (int i = 0; i < LOCALITY_MEMBERS - 1; i++) {
		if (i >= place)
			set->member[i] = set->member[i + 1];
	}
	set->size--;
	set->changed_at = now;
	return bpf_map_update_elem(&locality_sets, key, set, BPF_ANY); /* other CPUs see the old set or the new one */
}

/* Whether a server of a set has too much to do while another is idle. */
__noinline int is_set_overrun(const struct service *service, int index)
{
	struct turn_walk walk = {.service = service, .scratch = get_scratch()};
	struct real_server *server;

	if (!service || !walk.scratch)
		return 0;
	server = get_real_server(service, index);
	return server && is_overrun(&walk, server);
}

/* Puts a server at the head of a set; the set may be new. */
__noinline int grow_set(const struct service *service, const struct packet *packet, __u32 now, int index)
{
	struct schedule_scratch *scratch = get_scratch();
	struct locality_set *known, *set;
	struct locality_key *key;
	__u32 size;

	if (!service || !packet || !scratch)
		return 0;
	key = locality_key(scratch, service, packet);
	known = bpf_map_lookup_elem(&locality_sets, key);
	set = &scratch->set;
	set->member[0] = member_of(service, index);
	size = known ? known->size : 0;
	for (__u32 i = 0; known && i < LOCALITY_MEMBERS; i++) {
		if (i < size && known->member[i].real_server == set->member[0].real_server)
			return 0;
		if (i < LOCALITY_MEMBERS - 1)
			set->member[i + 1] = known->member[i];
	}
	set->size = size < LOCALITY_MEMBERS ? size + 1 : LOCALITY_MEMBERS;
	set->changed_at = now;
	set->used_at = now;
	return bpf_map_update_elem(&locality_sets, key, set, BPF_ANY);
}

static __always_inline int choose_lblcr(const struct service *service, const struct packet *packet, __u32 now)
{
	int index = find_in_set(service, packet, now);

	shrink_set(service, packet, now);
	if (index >= 0 && !is_set_overrun(service, index))
		return index;
	index = choose_least(service, SCHEDULER_WLC);
	if (index >= 0)
		grow_set(service, packet, now, index);
	return index;
}
