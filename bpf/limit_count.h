/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Connections of limited services, counted by service and by source from their
 * first packet until they close or end. What a full source_states forgot counts
 * from 0 again: nobody is refused for what was not counted.
 */
#pragma once

#include "common.h"
#include "parse.h"

static __always_inline struct source_key source_key(__u32 service, const struct address *source, __u32 is_ipv6)
{
	struct source_key key = {.service = service, .source = *source};

	if (is_ipv6)
		key.source.word[2] = key.source.word[3] = 0;
	return key;
}

/* Never below 0: connections that a forgotten source had are not in its count. Another CPU may have taken the last one. */
static __always_inline void take_one(__u32 *count)
{
	if (READ_ONCE(*count) && !__sync_fetch_and_add(count, -1))
		__sync_fetch_and_add(count, 1);
}

/* A new connection, before its entry is there. */
__noinline int count_limited(const struct packet *packet, __u32 service)
{
	struct limit_state *state = bpf_map_lookup_elem(&limit_states, &service);
	struct source_state *own;
	struct source_key key;

	if (!packet)
		return 0;
	if (state)
		__sync_fetch_and_add(&state->connections, 1);
	key = source_key(service, &packet->source, packet->family == FAMILY_IPV6);
	own = bpf_map_lookup_elem(&source_states, &key);
	if (own)
		__sync_fetch_and_add(&own->connections, 1);
	return 0;
}

_Static_assert(__builtin_offsetof(struct connection_key, flags) == __builtin_offsetof(struct connection_key, first_ack) + 2 &&
		       __builtin_offsetof(struct connection_key, first_ack) % 4 == 0,
	       "one word, of which flags is the upper half");

/* It closes or ends; whoever comes first, once. Words 2 and 3 of an IPv4 address are zero. */
__noinline int uncount_limited(__u32 number)
{
	struct connection_key *connection = bpf_map_lookup_elem(&connection_keys, &number);
	struct limit_state *state;
	struct source_state *own;
	struct source_key key;
	__u32 service, *word, mask = (__u32)CONNECTION_LIMITED << 16;

	if (!connection || !(connection->flags & CONNECTION_LIMITED))
		return 0;
	word = (__u32 *)&connection->first_ack; /* and flags, the upper half: atomics have 32 bits */
	if (!(__sync_fetch_and_and(word, ~mask) & mask))
		return 0;
	service = connection->service;
	state = bpf_map_lookup_elem(&limit_states, &service);
	if (state)
		take_one(&state->connections);
	key = source_key(service, &connection->source, 1);
	own = bpf_map_lookup_elem(&source_states, &key);
	if (own)
		take_one(&own->connections);
	return 0;
}
