/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Two CPUs may open one connection at once, or two that share their tag. Whoever
 * has claimed an entry looks for others of its tag before it shows its own, and of
 * two that claim, at least the second sees the first one's. So no connection is
 * shown twice, and all its packets go to one real server, whichever CPUs they meet
 * (docs/adr/0003-connection-table.md).
 */
#pragma once

#include "claim.h"

#define YIELD (-3)     /* another CPU has claimed an entry with a lower number */
#define TWIN (1 << 30) /* beside the number of an entry: that of the connection, which another CPU has opened */

struct wait_walk {
	__u64 *place;
};

static long wait_step(__u32 i __attribute__((unused)), struct wait_walk *walk)
{
	return !is_busy(READ_ONCE(*walk->place));
}

/* About 10 us: ten times what a claimer needs, if it is not taken off its CPU. */
#define WAIT_STEPS 4096

/* Gives a claimer on another CPU as long as a packet can wait. */
static __noinline void wait_settled(__u64 *place)
{
	bpf_loop(WAIT_STEPS, wait_step, &(struct wait_walk){.place = place}, 0);
}

/*
 * How many of a bucket's entries have the tag. Without branches: one's own entry is
 * among them, and where it stands is guessed wrong each time.
 */
static __always_inline __u64 count_alike(__u32 index, __u32 tag)
{
	struct connection_bucket *bucket = bpf_map_lookup_elem(&connections, &index);
	__u64 mine = (__u64)tag << ENTRY_TAG_SHIFT, alike = 0;

	if (!bucket)
		return 0;
#pragma unroll
	for (__u32 way = 0; way < CONNECTION_WAYS; way++)
		alike += (((READ_ONCE(bucket->entry[way]) ^ mine) >> ENTRY_TAG_SHIFT) - 1) >> 63;
	return alike;
}

/* Whether the caller's claimed entry is the only one of its tag where its connection may stand. */
__noinline int is_alone(const struct lookup *lookup)
{
	if (!lookup)
		return 0;
	return count_alike(lookup->hash.bucket, lookup->hash.tag) + count_alike(lookup->second, lookup->hash.tag) == 1;
}

/*
 * The packet's connection in another entry than `mine`, which is BUSY; rivals met on the
 * way are marked. Of two CPUs that meet so, the one whose entry has the higher number
 * gives it up (YIELD) and the other one waits for that, so that none waits for ever. With
 * NO_ENTRY for `mine`, it waits for all.
 */
__noinline int find_twin(int mine, const struct packet *packet, __u32 service, struct lookup *lookup)
{
	int ours;

	if (!packet || !lookup)
		return NO_ENTRY;
	lookup->opening = LOOKUP_TWIN;
	for (__u32 i = 0; i < 2 * CONNECTION_WAYS; i++) {
		__u32 bucket = i < CONNECTION_WAYS ? lookup->hash.bucket : lookup->second;
		int number = bucket * CONNECTION_WAYS + i % CONNECTION_WAYS;
		__u64 *place = get_entry(number);

		if (!place || number == mine || READ_ONCE(*place) >> ENTRY_TAG_SHIFT != lookup->hash.tag)
			continue;
		ours = is_ours(number, packet, service, lookup);
		if (ours == UNSETTLED) {
			if (number < mine)
				return YIELD;
			wait_settled(place);
			ours = is_ours(number, packet, service, lookup);
		}
		if (ours)
			return ours > 0 ? number : UNSETTLED;
	}
	return NO_ENTRY;
}

/*
 * Before a claimed entry is shown. Answers its number, which may be another one than
 * before; TWIN and the other CPU's number, whose connection is the packet's;
 * NO_ENTRY: no room any more; UNSETTLED: the other CPU is held up, and what it opens
 * may be the same. Without the number, nothing is claimed any more.
 */
static __always_inline int settle_twins(int number, const struct packet *packet, __u32 service, struct lookup *lookup)
{
	int twin;

	if (likely(is_alone(lookup)))
		return number;
	twin = find_twin(number, packet, service, lookup);
	if (twin == NO_ENTRY)
		return number;
	release(number);
	if (twin == YIELD) {
		twin = find_twin(NO_ENTRY, packet, service, lookup);
		if (twin == NO_ENTRY) { /* it was a rival, or has gone */
			number = claim(lookup);
			if (number < 0 || find_twin(number, packet, service, lookup) == NO_ENTRY)
				return number;
			release(number);
			return UNSETTLED;
		}
	}
	return twin < 0 ? UNSETTLED : twin | TWIN;
}
