/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Packets that the fast path does not decide: those that may open a connection,
 * those in a second bucket or behind a shared tag, and those without an entry.
 * Answers the slot of a real server, or one of the results below.
 */
#pragma once

#include "claim.h"
#include "connection.h"
#include "schedule.h"
#include "service.h"

#define RESULT_PASS (-1) /* the kernel takes it; counted */
#define RESULT_DROP (-2) /* counted */
#define RESULT_REFUSE (-3) /* counted; the client is told with an ICMP error */

/*
 * A SYN that is sent again must meet the server that its first copy met: for
 * this long after a placement without an entry, the ring decides for all new
 * connections of the service (IPVS's SYN_RECV timeout).
 */
#define RING_SECONDS 60

static __always_inline int opens_connection(const struct packet *packet)
{
	return packet->protocol == IPPROTO_UDP || (packet->tcp_flags & (TCP_SYN | TCP_RST)) == TCP_SYN;
}

/*
 * is_new_conn and is_new_conn_expected of ip_vs_core.c with conn_reuse_mode 1:
 * any packet that may open a TCP connection, [S.] as well.
 */
static __always_inline int reuses_connection(const struct packet *packet, __u32 state)
{
	return packet->protocol == IPPROTO_TCP && opens_connection(packet) &&
	       (state == CONNECTION_TIME_WAIT || state == CONNECTION_CLOSE);
}

static __always_inline int ring_is_on(const struct service *service, __u32 now)
{
	__u32 id = service->id;
	struct unrecorded *without = bpf_map_lookup_elem(&unrecorded, &id);

	return without && without->placed_at && now - without->placed_at < RING_SECONDS;
}

static __always_inline int no_real_server(void)
{
	count(drop_no_real_server);
	return RESULT_REFUSE;
}

/* No room in the table: the ring, which every later packet of the connection can follow. */
static __always_inline int place_without_entry(const struct settings *settings, const struct service *service,
					       const struct packet *packet, const struct lookup *lookup)
{
	__u32 id = service->id;
	struct unrecorded *without = bpf_map_lookup_elem(&unrecorded, &id);
	int index = schedule(service, packet, lookup->hash.ring, lookup->now, PLACE_BY_RING);
	struct real_server *server = get_real_server(service, index);

	if (!without || index < 0 || !server || !(server->flags & REAL_SERVER_ELIGIBLE))
		return no_real_server();
	without->placed_at = lookup->now;
	without->followed_until = lookup->now + settings->timeout[CONNECTION_ESTABLISHED];
	count(connections_unrecorded);
	count_connection(id, server->id);
	return index;
}

/* A packet that opens nothing and has no entry. */
static __always_inline int follow_ring(const struct settings *settings, const struct service *service,
				       const struct packet *packet, const struct lookup *lookup)
{
	__u32 id = service->id;
	struct unrecorded *without = bpf_map_lookup_elem(&unrecorded, &id);
	int index;

	if (!without || !still_before(without->followed_until, lookup->now)) {
		count(pass_no_connection);
		return RESULT_PASS;
	}
	index = schedule(service, packet, lookup->hash.ring, lookup->now, FOLLOW_RING);
	if (index < 0)
		return no_real_server();
	without->followed_until = lookup->now + settings->timeout[CONNECTION_ESTABLISHED];
	count(followed_ring);
	return index;
}

/* Takes an entry out for its owner's sake; whoever loses the exchange need not. */
static __always_inline void withdraw(__u32 number, __u64 entry, __u32 owner)
{
	__u64 *place = get_entry(number);

	if (place && replace(place, entry, 0))
		count_live_out(owner, entry_state(entry));
}

/*
 * Two CPUs may open one connection at once. Whoever publishes second sees the
 * first one's entry here; the one with the lower number stays, whoever finds
 * them both. Answers the slot that the connection has in the end.
 */
static __always_inline int settle_twins(__u32 mine, const struct packet *packet, __u32 service, int index,
					struct lookup *lookup)
{
	int twin = find_twin(mine, packet, service, lookup);
	__u64 *stays, *place = get_entry(mine), entry;
	__u32 goes, owner;

	if (lookup->confirm && place)
		mark_rival(mine, READ_ONCE(*place));
	if (twin < 0)
		return index;
	goes = (__u32)twin < mine ? mine : twin;
	place = get_entry(goes);
	if (!place)
		return index;
	entry = READ_ONCE(*place);
	barrier();
	owner = entry_owner(goes);
	if (entry && entry_state(entry) != CONNECTION_BUSY && key_matches(goes, packet, service))
		withdraw(goes, entry, owner);
	if (goes != mine)
		return index;
	stays = get_entry(twin);
	return stays ? (int)entry_index(READ_ONCE(*stays)) : index;
}

/* Schedules a connection into a claimed entry. */
static __always_inline int open_entry(const struct settings *settings, const struct service *service,
				      const struct packet *packet, struct lookup *lookup, __u32 number)
{
	__u32 state = packet->protocol == IPPROTO_UDP ? CONNECTION_UDP
						      : next_tcp_state(CONNECTION_NONE, packet->tcp_flags);
	int index = schedule(service, packet, lookup->hash.ring, lookup->now,
			     ring_is_on(service, lookup->now) ? PLACE_BY_RING : PLACE_BY_RULE);
	struct real_server *server = get_real_server(service, index);
	__u32 owner;
	int settled;

	if (index < 0 || !server || !(server->flags & REAL_SERVER_ELIGIBLE)) {
		release(number);
		return no_real_server();
	}
	owner = server->id;
	publish(number, packet, service->id, owner, lookup->now,
		make_entry(lookup->hash.tag, lookup->confirm || packet->protocol == IPPROTO_UDP, index, state,
			   deadline_in(settings, state, lookup->now)));
	settled = settle_twins(number, packet, service->id, index, lookup);
	if (settled != index)
		return settled;
	count(connections_created);
	count_connection(service->id, owner);
	return index;
}

/* A SYN on a closed connection takes over its entry. */
static __always_inline int take_over(__u32 number, __u64 before, struct lookup *lookup)
{
	__u64 busy = make_entry(lookup->hash.tag, 1, 0, CONNECTION_BUSY, lookup->now + BUSY_SECONDS);
	__u32 owner = entry_owner(number); /* `before` was read earlier: see claim */
	__u64 *place = get_entry(number);

	if (!place || !replace(place, before, busy))
		return NO_ENTRY;
	lookup->confirm |= !!(before & ENTRY_CONFIRM);
	count_live_out(owner, entry_state(before));
	count(connections_reused);
	return number;
}

static __always_inline int use_entry(const struct settings *settings, const struct service *service,
				     const struct packet *packet, __u32 number, __u64 entry, __u32 now)
{
	__u32 index = entry_index(entry);
	struct real_server *server = get_real_server(service, index);
	__u64 *place = get_entry(number);

	if (server && place && server->flags & REAL_SERVER_AVAILABLE)
		refresh(place, number, entry, refreshed(settings, entry, packet, now));
	return index;
}

__noinline int find_or_open(struct packet *packet, struct service *service)
{
	struct settings *settings = get_settings();
	struct lookup lookup = {};
	int number;

	if (!packet || !service || !settings)
		return RESULT_DROP;
	lookup.hash = flow_hash(settings, packet, service->id);
	lookup.second = other_bucket(settings, lookup.hash.bucket, lookup.hash.tag);
	lookup.now = clock_seconds(settings);
	lookup.opening = opens_connection(packet);

	number = find_connection(packet, service->id, &lookup);
	if (number >= 0) {
		__u64 entry = read_settled(number);

		if (!reuses_connection(packet, entry_state(entry)))
			return use_entry(settings, service, packet, number, entry, lookup.now);
		number = take_over(number, entry, &lookup);
	} else if (!lookup.opening) {
		return follow_ring(settings, service, packet, &lookup);
	}
	if (!service->ring_size)
		return number < 0 ? no_real_server() : (release(number), no_real_server());
	if (number < 0)
		number = claim(&lookup);
	if (number < 0)
		return place_without_entry(settings, service, packet, &lookup);
	return open_entry(settings, service, packet, &lookup, number);
}
