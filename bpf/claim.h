/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Room for a new connection: a free entry, an expired one, or that of a connection that may go. */
#pragma once

#include "connection.h"

/* The way of a bucket where the search for room begins: known before the bucket is read. */
static __always_inline __u32 first_way(__u32 tag)
{
	return tag & (CONNECTION_WAYS - 1);
}

/*
 * Reads where a new connection's key will most likely be written, so that it comes
 * from memory beside the buckets and not after them. Keys of 56 bytes mostly lie
 * across two cache lines: both ends. (A store would wait for its page, and the
 * exchange that publishes for its line.)
 */
static __always_inline void expect_entry(const struct lookup *lookup)
{
	__u32 number = lookup->hash.bucket * CONNECTION_WAYS + first_way(lookup->hash.tag);
	struct connection_key *key = bpf_map_lookup_elem(&connection_keys, &number);

	if (!key)
		return;
	READ_ONCE(key->source.word[0]);
	READ_ONCE(key->flags);
}

static __always_inline int find_free(__u32 index, __u32 tag, __u32 now)
{
	struct connection_bucket *bucket = bpf_map_lookup_elem(&connections, &index);

	if (!bucket)
		return NO_ENTRY;
	for (__u32 i = 0; i < CONNECTION_WAYS; i++) {
		__u32 way = (first_way(tag) + i) & (CONNECTION_WAYS - 1);
		__u64 entry = READ_ONCE(bucket->entry[way]);

		if (!entry || is_over(entry, now))
			return index * CONNECTION_WAYS + way;
	}
	return NO_ENTRY;
}

#define NEVER_EVICTED 0xffffffff

/*
 * How much a connection deserves to stay: what is closing goes first, then what
 * is half open or idle long enough that its peers have given up or will find it
 * quiet; an established one never goes. Among equals, the one nearest its end.
 */
static __always_inline __u32 eviction_rank(const struct settings *settings, __u64 entry, __u32 now)
{
	__u32 state = entry_state(entry), class, quiet;
	__u16 left = (__u16)entry - (__u16)now;
	int idle = settings->timeout[state & (CONNECTION_STATES - 1)] - left;

	switch (state) {
	case CONNECTION_CLOSE:
	case CONNECTION_TIME_WAIT:
	case CONNECTION_LAST_ACK:
	case CONNECTION_SCTP_CLOSED:
	case CONNECTION_SCTP_REJECTED:
		class = 1, quiet = 0;
		break;
	case CONNECTION_ESTABLISHED:
	case CONNECTION_SCTP_ESTABLISHED:
	case CONNECTION_REPLY:
	case CONNECTION_BUSY:
		return NEVER_EVICTED;
	case CONNECTION_SYN_RECV:
	case CONNECTION_SYN_SENT:
	case CONNECTION_SCTP_INIT1 ... CONNECTION_SCTP_COOKIE_ECHOED:
		class = 3, quiet = 3;
		break;
	case CONNECTION_UDP:
		class = 4, quiet = 30;
		break;
	default:
		class = 2, quiet = 10;
	}
	if (idle < (int)quiet)
		return NEVER_EVICTED;
	return class << 16 | left;
}

struct eviction {
	const struct settings *settings;
	struct lookup *lookup;
	__u32 lowest;
	int number;
};

static long eviction_step(__u32 i, struct eviction *eviction)
{
	struct lookup *lookup = eviction->lookup;
	__u32 bucket = i < CONNECTION_WAYS ? lookup->hash.bucket : lookup->second;
	__u32 number = bucket * CONNECTION_WAYS + i % CONNECTION_WAYS, rank;
	__u64 *place = get_entry(number);

	if (!place)
		return 1;
	rank = eviction_rank(eviction->settings, READ_ONCE(*place), lookup->now);
	if (rank < eviction->lowest) {
		eviction->lowest = rank;
		eviction->number = number;
	}
	return 0;
}

static __always_inline int find_victim(const struct settings *settings, struct lookup *lookup)
{
	struct eviction eviction = {
		.settings = settings, .lookup = lookup, .lowest = NEVER_EVICTED, .number = NO_ENTRY};

	bpf_loop(2 * CONNECTION_WAYS, eviction_step, &eviction, 0);
	return eviction.number;
}

#define CLAIM_LOST (-2)

/* One try: another CPU may take the same entry first. `lookup->flags`: whether the entry had an owner. */
__noinline int try_claim(struct lookup *lookup)
{
	struct settings *settings = get_settings();
	__u64 *place, before, busy;
	__u32 owner;
	int number;

	if (!lookup || !settings)
		return NO_ENTRY;
	number = find_free(lookup->hash.bucket, lookup->hash.tag, lookup->now);
	if (number < 0)
		number = find_free(lookup->second, lookup->hash.tag, lookup->now);
	if (number < 0)
		number = find_victim(settings, lookup);
	if (number < 0)
		return NO_ENTRY;
	place = get_entry(number);
	if (!place)
		return NO_ENTRY;
	before = READ_ONCE(*place); /* then its owner: the exchange proves that both belong together */
	barrier();
	owner = before ? entry_owner(number) : 0; /* a free entry's cold line is not waited for */
	if (before && !is_over(before, lookup->now) &&
	    eviction_rank(settings, before, lookup->now) == NEVER_EVICTED)
		return CLAIM_LOST;
	busy = make_entry(lookup->hash.tag, 1, 0, CONNECTION_BUSY, 0);
	if (!replace(place, before, busy))
		return CLAIM_LOST;
	count_out(before, owner, lookup->now);
	lookup->flags = !!before;
	return number;
}

/*
 * Claims room for a new connection: the entry is BUSY and the caller's. (Not a
 * loop: 6.1 refuses one that comes back to the instruction after a call.)
 */
static __always_inline int claim(struct lookup *lookup)
{
	int number = try_claim(lookup);

	if (number == CLAIM_LOST)
		number = try_claim(lookup);
	if (number == CLAIM_LOST)
		number = try_claim(lookup);
	if (number < 0)
		return NO_ENTRY;
	if (lookup->flags)
		tell_template(number, CONTROL_END); /* of the connection that the entry was */
	lookup->flags = 0;
	return number;
}
