/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which new connections a service takes: lists of sources, what a source may have,
 * what the service may have, and how many a second. Asked by opening packets of
 * services that have limits, and of all of them where there is one for all. The
 * lists are asked as well by packets without an entry that follow the ring.
 *
 * Over the rate a connection gets no entry: the ring places it. Every other limit
 * drops the packet.
 */
#pragma once

#include "claim.h"
#include "limit_count.h"
#include "opening.h"
#include "service.h"
#include "stats.h"

static __always_inline int is_limited(const struct settings *settings, const struct service *service)
{
	return service->flags & SERVICE_LIMITED || settings->options & OPTION_LIMIT_ALL;
}

#define count_limit(name)                                                                    \
	do {                                                                                 \
		struct limit_counts *counts_ = bpf_map_lookup_elem(&limit_counts, &service); \
		if (counts_)                                                                 \
			counts_->name++;                                                     \
	} while (0)

/* The longest prefix that matches; none: as the service's limit has it. */
__noinline int is_denied(const struct packet *packet, __u32 service)
{
	struct limit *limit = bpf_map_lookup_elem(&limits, &service);
	struct listed_key key = {.service = service};
	__u32 *verdict;

	if (!packet)
		return 0;
	key.length = 32 + (packet->family == FAMILY_IPV4 ? 32 : 128);
	key.source = packet->source;
	verdict = bpf_map_lookup_elem(&sources, &key);
	if (verdict ? *verdict == SOURCE_ALLOWED : !limit || !(limit->options & LIMIT_ALLOWED_ONLY))
		return 0;
	count_limit(denied);
	return 1;
}

/* One try: whoever loses the exchange may try again. */
#define TOKEN_LOST (-1)

static __always_inline int try_token(__u64 *arrival, __u64 interval, __u64 window, __u64 now)
{
	__u64 before = READ_ONCE(*arrival), from = before > now ? before : now;

	if (from - now + interval > window)
		return 0;
	return __sync_val_compare_and_swap(arrival, before, from + interval) == before ? 1 : TOKEN_LOST;
}

/* Two lost exchanges in a row count as over: never more than the rate. */
static __always_inline int take_token(__u64 *arrival, __u64 interval, __u64 window, __u64 now)
{
	int taken = try_token(arrival, interval, window, now);

	if (taken == TOKEN_LOST)
		taken = try_token(arrival, interval, window, now);
	return taken == 1;
}

static __always_inline struct source_state *get_source(const struct source_key *key)
{
	struct source_state *state = bpf_map_lookup_elem(&source_states, key), empty = {};

	if (state)
		return state;
	bpf_map_update_elem(&source_states, key, &empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(&source_states, key);
}

/* What each source may have; 0: there is no objection. */
__noinline int source_objection(const struct packet *packet, __u32 service)
{
	struct limit *limit = bpf_map_lookup_elem(&limits, &service);
	struct source_state *state;
	struct source_key key;

	if (!packet || !limit || !(limit->source_connections | limit->source_interval))
		return 0;
	key = source_key(service, &packet->source, packet->family == FAMILY_IPV6);
	state = get_source(&key);
	if (!state)
		return 0;
	if (limit->source_connections && READ_ONCE(state->connections) >= limit->source_connections) {
		count_here(drop_source_limit);
		count_limit(over_source_connections);
		return 1;
	}
	if (limit->source_interval &&
	    !take_token(&state->arrival, limit->source_interval, limit->source_window, bpf_ktime_get_ns())) {
		count_here(drop_source_rate);
		count_limit(over_source_rate);
		return 1;
	}
	return 0;
}

/* Whether one more is over the rate of `id`, a service or all of them. */
static __always_inline int is_over_rate(__u32 id, __u32 now)
{
	struct limit *limit = bpf_map_lookup_elem(&limits, &id);
	struct limit_state *state = bpf_map_lookup_elem(&limit_states, &id);

	if (!limit || !state || !limit->interval ||
	    take_token(&state->arrival, limit->interval, limit->window, bpf_ktime_get_ns()))
		return 0;
	if (state->over_at != now) /* one store a second, of a line that all CPUs read */
		state->over_at = now;
	return 1;
}

static __always_inline int has_room(__u32 service)
{
	struct limit *limit = bpf_map_lookup_elem(&limits, &service);
	struct limit_state *state = bpf_map_lookup_elem(&limit_states, &service);

	return !limit || !state || !limit->connections || READ_ONCE(state->connections) < limit->connections;
}

/*
 * An opening packet. 0: the service takes it, with `over` set where it is over the
 * rate and gets no entry, `limited` where the entry counts; else RESULT_DROP.
 */
__noinline int admit(const struct packet *packet, const struct service *limited, struct lookup *lookup)
{
	struct settings *settings = get_settings();
	__u32 service;

	if (!packet || !limited || !lookup || !settings)
		return RESULT_DROP;
	service = limited->id;
	if (limited->flags & SERVICE_LISTED && is_denied(packet, service)) {
		count(drop_denied);
		return RESULT_DROP;
	}
	if (limited->flags & SERVICE_LIMITED) {
		if (source_objection(packet, service))
			return RESULT_DROP;
		if (!has_room(service)) {
			count_here(drop_connection_limit);
			count_limit(over_connections);
			return RESULT_DROP;
		}
		lookup->limited = 1;
		lookup->over = is_over_rate(service, lookup->now);
	}
	if (!lookup->over && settings->options & OPTION_LIMIT_ALL)
		lookup->over = is_over_rate(LIMIT_OF_ALL, lookup->now);
	if (lookup->over)
		count_limit(over_rate);
	return 0;
}
