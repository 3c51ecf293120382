/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The connection table: buckets of eight 64-bit entries, two candidate buckets
 * for each connection, no locks (docs/adr/0003-connection-table.md).
 *
 *   free/expired/evictable --claim (CAS)--> BUSY --no twin (twins.h), key written--> publish --> live
 *   live --refresh (CAS): state, deadline--> live --expire (CAS)--> free
 *
 * Whoever's compare-and-exchange takes an entry out of a state also counts that
 * state out of live_counts, so the counts are exact without any lock. The full
 * key of a BUSY entry is not there yet: nobody but the claimer reads it, and
 * nobody else frees it, however late it is: a program that has begun ends.
 */
#pragma once

#include "clock.h"
#include "common.h"
#include "hash.h"
#include "limit_count.h"
#include "live_count.h"
#include "persist.h"
#include "state.h"
#include "stats.h"

#define NO_ENTRY (-1)
#define UNSETTLED (-2) /* another CPU has claimed an entry and does not come to an end */
#define ENTRY_CONFIRM (1ULL << ENTRY_CONFIRM_SHIFT)
#define ENTRY_DEADLINE 0xffffULL
#define ENTRY_LIFE (((__u64)CONNECTION_STATES << ENTRY_STATE_SHIFT) - 1) /* state and deadline */

enum lookup_mode {
	LOOKUP_USED = 0,    /* by the tag, where no rival is known */
	LOOKUP_OPENING = 1, /* compare full keys, mark rivals */
	LOOKUP_QUOTED = 2,  /* compare full keys, change nothing */
	LOOKUP_TWIN = 3,    /* as LOOKUP_OPENING, but its rivals are counted already */
};

/* Where a connection may stand and what tells it from others. */
struct lookup {
	struct flow_hash hash;
	__u32 second; /* the other candidate bucket */
	__u32 now;
	__u32 opening; /* enum lookup_mode */
	__u32 confirm; /* out: a rival of the same tag exists */
	__u32 flags;   /* enum connection_flag of a connection that is being opened */
	__u8 over;     /* it is over the rate: no entry for it */
	__u8 limited;  /* it counts for the limits of its service */
};

static __always_inline __u32 entry_state(__u64 entry)
{
	return entry >> ENTRY_STATE_SHIFT & (CONNECTION_STATES - 1);
}

static __always_inline __u32 entry_index(__u64 entry)
{
	return entry >> ENTRY_INDEX_SHIFT & 0xffff;
}

static __always_inline __u64 make_entry(__u32 tag, __u32 confirm, __u32 index, __u32 state, __u16 deadline)
{
	return (__u64)tag << ENTRY_TAG_SHIFT | (confirm ? ENTRY_CONFIRM : 0) | (__u64)index << ENTRY_INDEX_SHIFT |
	       (__u64)state << ENTRY_STATE_SHIFT | deadline;
}

static __always_inline __u16 deadline_in(const struct settings *settings, __u32 state, __u32 now)
{
	return now + settings->timeout[state & (CONNECTION_STATES - 1)];
}

/* Where the replies of a connection are found: it goes with the connection, by the sweep. */
static __always_inline int is_reply(__u64 entry)
{
	return entry_state(entry) == CONNECTION_REPLY;
}

static __always_inline int is_busy(__u64 entry)
{
	return entry_state(entry) == CONNECTION_BUSY;
}

/* The entry while it is its claimer's alone. */
static __always_inline __u64 busy_entry(__u64 entry)
{
	return (entry & ~ENTRY_LIFE) | (__u64)CONNECTION_BUSY << ENTRY_STATE_SHIFT;
}

/* Its time has come: room for another connection. */
static __always_inline int is_over(__u64 entry, __u32 now)
{
	return deadline_passed(entry, now) && !is_reply(entry) && !is_busy(entry);
}

/* `number`: bucket * CONNECTION_WAYS + way. */
static __always_inline __u64 *get_entry(__u32 number)
{
	__u32 index = number / CONNECTION_WAYS;
	struct connection_bucket *bucket = bpf_map_lookup_elem(&connections, &index);

	return bucket ? &bucket->entry[number % CONNECTION_WAYS] : 0;
}

static __always_inline int replace(__u64 *entry, __u64 before, __u64 after)
{
	return __sync_val_compare_and_swap(entry, before, after) == before;
}

/* What a packet makes of a live entry; the state moves and the deadline starts again. */
static __always_inline __u64 refreshed(const struct settings *settings, __u64 entry, const struct packet *packet,
				       enum direction direction, __u32 now)
{
	__u32 state = next_state(settings, entry_state(entry), packet, direction);

	return (entry & ~ENTRY_LIFE) | (__u64)state << ENTRY_STATE_SHIFT | deadline_in(settings, state, now);
}

static __always_inline __u32 entry_owner(__u32 number)
{
	struct connection_key *key = bpf_map_lookup_elem(&connection_keys, &number);

	return key ? READ_ONCE(key->real_server) : 0;
}

/*
 * Another CPU that wrote in between has refreshed it as well: losing is fine.
 * Counts are its owner's: a stray packet can meet another service's entry.
 */
static __always_inline void refresh(__u64 *entry, __u32 number, __u64 before, __u64 after)
{
	__u32 from = entry_state(before), to = entry_state(after), owner;

	if (before == after)
		return;
	if (state_is_active(from) == state_is_active(to)) {
		replace(entry, before, after);
		return;
	}
	owner = entry_owner(number);
	if (!replace(entry, before, after))
		return;
	count_live_move(owner, from, to);
	if (!state_is_active(to))
		uncount_limited(number);
}

/* A service by mark has connections of every protocol: the state tells which an entry is of. */
static __always_inline __u8 connection_protocol(__u64 entry)
{
	__u32 state = entry_state(entry);

	if (state >= CONNECTION_SCTP_NONE)
		return IPPROTO_SCTP;
	return state == CONNECTION_UDP ? IPPROTO_UDP : IPPROTO_TCP;
}

/* `entry`: what stood there when the caller looked. */
static __always_inline int key_matches(__u32 number, __u64 entry, const struct packet *packet, __u32 service)
{
	struct connection_key *key = bpf_map_lookup_elem(&connection_keys, &number);

	if (connection_protocol(entry) != packet->protocol)
		return 0;
	return key && key->service == service && key->source_port == packet->source_port &&
	       key->destination_port == packet->destination_port && same_address(&key->source, &packet->source) &&
	       same_address(&key->destination, &packet->destination);
}

/* Reads an entry; gives a claimer on another CPU a moment to publish it. */
static __always_inline __u64 read_settled(__u32 number)
{
	__u64 *place = get_entry(number), entry = 0;

	if (!place)
		return 0;
	for (int i = 0; i < 64; i++) {
		entry = READ_ONCE(*place);
		if (entry_state(entry) != CONNECTION_BUSY)
			break;
	}
	return entry;
}

/* What was found at `number` a moment ago, or 0: another CPU has taken it out since. */
static __noinline __u64 read_found(__u32 number, const struct lookup *lookup)
{
	__u64 entry = read_settled(number);

	return entry >> ENTRY_TAG_SHIFT == lookup->hash.tag && !is_busy(entry) && !is_reply(entry) ? entry : 0;
}

/* From now on, packets that meet this entry compare the full key. What has gone meanwhile stays gone. */
static __always_inline void mark_rival(__u32 number, __u64 entry)
{
	__u64 *place = get_entry(number);

	if (!place)
		return;
	for (int i = 0; i < 4; i++) {
		if (!entry || entry & ENTRY_CONFIRM || is_busy(entry))
			return;
		if (replace(place, entry, entry | ENTRY_CONFIRM))
			return;
		entry = READ_ONCE(*place);
	}
}

/* One entry whose tag is ours: 1 where it is the packet's live connection, UNSETTLED where LOOKUP_TWIN cannot tell. */
__noinline int is_ours(__u32 number, const struct packet *packet, __u32 service, struct lookup *lookup)
{
	__u64 entry;

	if (!packet || !lookup)
		return 0;
	entry = read_settled(number);
	if (is_busy(entry))
		return lookup->opening == LOOKUP_TWIN ? UNSETTLED : 0;
	if (!entry || is_reply(entry) || deadline_passed(entry, lookup->now))
		return 0;
	if (packet->protocol == IPPROTO_TCP && !lookup->opening && !(entry & ENTRY_CONFIRM))
		return 1; /* TCP goes by tags alone, as on the fast path */
	if (key_matches(number, entry, packet, service))
		return 1;
	if (!(lookup->opening & LOOKUP_OPENING))
		return 0;
	mark_rival(number, entry);
	lookup->confirm = 1;
	if (lookup->opening == LOOKUP_OPENING)
		count_here(tag_collisions);
	return 0;
}

static __always_inline int find_in_bucket(__u32 index, const struct packet *packet, __u32 service,
					  struct lookup *lookup)
{
	struct connection_bucket *bucket = bpf_map_lookup_elem(&connections, &index);

	if (!bucket)
		return NO_ENTRY;
	for (__u32 way = 0; way < CONNECTION_WAYS; way++) {
		if (READ_ONCE(bucket->entry[way]) >> ENTRY_TAG_SHIFT != lookup->hash.tag)
			continue;
		if (is_ours(index * CONNECTION_WAYS + way, packet, service, lookup) > 0)
			return index * CONNECTION_WAYS + way;
	}
	return NO_ENTRY;
}

__noinline int find_connection(const struct packet *packet, __u32 service, struct lookup *lookup)
{
	int found;

	if (!packet || !lookup)
		return NO_ENTRY;
	found = find_in_bucket(lookup->hash.bucket, packet, service, lookup);
	return found >= 0 ? found : find_in_bucket(lookup->second, packet, service, lookup);
}

/* Takes what stood in an entry out of the counts. `real_server` was read before the entry changed hands. */
static __always_inline void count_out(__u64 entry, __u32 real_server, __u32 now)
{
	if (!entry || entry_state(entry) == CONNECTION_BUSY)
		return;
	count_live_out(real_server, entry_state(entry));
	if (deadline_passed(entry, now))
		count(connections_expired);
	else
		count(connections_evicted);
}

static __always_inline void release(__u32 number)
{
	__u64 *place = get_entry(number);

	if (place)
		__sync_lock_test_and_set(place, 0);
}

/*
 * Shows a BUSY entry whose key is written. x86 lets no CPU see a store before those that
 * came before it; an exchange would wait for them, whose lines mostly come from memory.
 */
static __always_inline void show(__u64 *place, __u64 entry)
{
	barrier();
#ifdef __TARGET_ARCH_x86
	WRITE_ONCE(*place, entry);
#else
	__sync_lock_test_and_set(place, entry);
#endif
}

/* Writes the key, then shows the entry to the other CPUs. */
static __always_inline void publish(__u32 number, const struct packet *packet, __u32 service, __u32 real_server,
				    __u32 created, __u32 flags, __u32 limits, __u64 entry)
{
	struct connection_key *key = bpf_map_lookup_elem(&connection_keys, &number);
	__u64 *place = get_entry(number);

	if (!key || !place)
		return;
	count_live_in(real_server, entry_state(entry)); /* atomic, too: before anything waits for the cold line */
	key->source = packet->source;
	key->destination = packet->destination;
	key->source_port = packet->source_port;
	key->destination_port = packet->destination_port;
	key->service = service;
	key->real_server = real_server;
	key->created = created;
	key->reply = NO_REPLY;
	key->first_ack = 0;
	key->flags = flags | (limits ? CONNECTION_LIMITED : 0);
	show(place, entry);
}
