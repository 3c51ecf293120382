/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Packets that the fast path does not decide: those that may open a connection,
 * those in a second bucket or behind a shared tag, and those without an entry.
 * Answers the slot of a real server, or one of the results of opening.h.
 */
#pragma once

#include "claim.h"
#include "connection.h"
#include "limit.h"
#include "opening.h"
#include "schedule.h"
#include "service.h"
#include "sync.h"
#include "twins.h"

/*
 * A SYN that is sent again must meet the server that its first copy met: for
 * this long after a placement without an entry, the ring decides for all new
 * connections of the service (IPVS's SYN_RECV timeout).
 */
#define RING_SECONDS 60

static __always_inline int is_controlled(__u32 number)
{
	struct connection_key *key = bpf_map_lookup_elem(&connection_keys, &number);

	return key && key->flags & CONNECTION_CONTROLLED;
}

/* Which part of the state tables a client's packets go by. */
static __always_inline enum direction request_direction(const struct real_server *server)
{
	return server && is_translated(server) ? DIRECTION_INPUT : DIRECTION_INPUT_ONLY;
}

/* is_new_conn_expected of ip_vs_core.c: a SYN or INIT on a connection that is over, by conn_reuse_mode. */
static __always_inline int reuses_connection(const struct settings *settings, const struct real_server *server,
					     __u32 number, __u32 state)
{
	if (state == CONNECTION_FIN_WAIT) {
		/* IP_VS_CONN_F_NOOUTPUT: of a real server that is heard, the end is known. */
		if (!(settings->options & OPTION_REUSE_FIN_WAIT) || request_direction(server) == DIRECTION_INPUT)
			return 0;
	} else if (state != CONNECTION_TIME_WAIT && state != CONNECTION_CLOSE && state != CONNECTION_SCTP_CLOSED) {
		return 0;
	}
	return settings->options & OPTION_REUSE && !is_controlled(number);
}

/* is_new_conn: [S.] as well. */
static __always_inline int is_syn(const struct packet *packet)
{
	if (packet->protocol == IPPROTO_SCTP)
		return packet->event == SCTP_EVENT_INIT;
	return packet->protocol == IPPROTO_TCP && (packet->event & (TCP_SYN | TCP_RST)) == TCP_SYN;
}

enum entry_fate {
	ENTRY_USED,
	ENTRY_REUSED, /* the packet begins another connection */
	ENTRY_GONE,   /* expire_nodest_conn: its real server was deleted, or takes no new connection */
};

static __always_inline enum entry_fate fate_of(const struct settings *settings, const struct service *service,
					       const struct packet *packet, __u32 number, __u64 entry)
{
	struct real_server *server = get_real_server(service, entry_index(entry));
	__u32 wanted = REAL_SERVER_AVAILABLE | (is_syn(packet) ? REAL_SERVER_ELIGIBLE : 0);

	if (settings->options & OPTION_EXPIRE_NODEST_CONN && (!server || (server->flags & wanted) != wanted))
		return ENTRY_GONE;
	return is_syn(packet) && reuses_connection(settings, server, number, entry_state(entry)) ? ENTRY_REUSED : ENTRY_USED;
}

static __always_inline int ring_is_on(const struct service *service, __u32 now)
{
	__u32 id = service->id;
	struct unrecorded *without = bpf_map_lookup_elem(&unrecorded, &id);

	return without && without->placed_at && now - without->placed_at < RING_SECONDS;
}

/* FTP's service leaves the ports of data connections that it does not place to the kernel: ip_vs_leave. */
static __always_inline int is_left_alone(const struct service *service, const struct packet *packet)
{
	return service->key.port == FTP_PORT && packet->destination_port != FTP_PORT;
}

static __always_inline int pass_unknown(const struct packet *packet)
{
	if (is_quoted(packet))
		count(pass_icmp_unknown);
	else
		count(pass_no_connection);
	return RESULT_PASS;
}

static __always_inline int no_real_server(const struct service *service, const struct packet *packet)
{
	if (is_left_alone(service, packet))
		return pass_unknown(packet);
	count(drop_no_real_server);
	return RESULT_REFUSE;
}

/*
 * The slot for a new connection, from the client's template or the scheduler, or
 * a result. `controls`: the connection gets an entry, which its template counts.
 */
static __always_inline int choose(const struct service *service, const struct packet *packet, struct lookup *lookup,
				  int by_ring, int controls)
{
	struct real_server *server;
	int index = NO_SERVER;

	if (service->persistence)
		index = find_template(packet, service, lookup->now);
	if (index < 0) {
		index = schedule(service, packet, lookup->hash.ring, lookup->now, by_ring ? PLACE_BY_RING : PLACE_BY_RULE);
		server = get_real_server(service, index);
		if (index < 0 || !server || !(server->flags & REAL_SERVER_ELIGIBLE))
			return no_real_server(service, packet);
	}
	if (!service->persistence || lookup->over) /* a flood of new clients leaves no templates, either */
		return index;
	index = bind_template(packet, service, index, lookup->now, controls);
	if (index < 0) {
		count(drop_template_full);
		return RESULT_DROP;
	}
	lookup->flags = CONNECTION_CONTROLLED | (__u32)index >> 16 << CONNECTION_GENERATION_SHIFT;
	return index & 0xffff;
}

/* No room in the table: the ring has placed it, which every later packet of the connection can follow. */
static __always_inline void note_unrecorded(const struct settings *settings, const struct service *service,
					    const struct packet *packet, __u32 now)
{
	__u32 id = service->id;
	struct unrecorded *without = bpf_map_lookup_elem(&unrecorded, &id);

	if (!without)
		return;
	without->placed_at = now;
	without->followed_until = now + settings->timeout[established_state(packet->protocol)];
	count(connections_unrecorded);
}

/* Over the rate: those of NAT need their entry. */
static __always_inline int place_over_rate(const struct settings *settings, const struct service *service,
					   const struct packet *packet, const struct real_server *server,
					   struct lookup *lookup)
{
	if (is_translated(server)) {
		count(drop_over_rate);
		return 0;
	}
	count(connections_over_rate);
	note_unrecorded(settings, service, packet, lookup->now);
	return 1;
}

/* A packet that opens nothing and has no entry. */
static __always_inline int follow_ring(const struct settings *settings, const struct service *service,
				  const struct packet *packet, const struct lookup *lookup)
{
	__u32 id = service->id;
	struct unrecorded *without = bpf_map_lookup_elem(&unrecorded, &id);
	struct real_server *server;
	int index;

	if (!without || !still_before(without->followed_until, lookup->now))
		return pass_unknown(packet);
	if (service->flags & SERVICE_LISTED && !is_quoted(packet) && is_denied(packet, service->id)) {
		count(drop_denied);
		return RESULT_DROP;
	}
	index = service->persistence ? find_template(packet, service, lookup->now) : NO_TEMPLATE;
	if (index < 0)
		index = schedule(service, packet, lookup->hash.ring, lookup->now, FOLLOW_RING);
	if (index < 0)
		return no_real_server(service, packet);
	server = get_real_server(service, index);
	if (server && is_translated(server)) /* its connections all have entries */
		return pass_unknown(packet);
	if (!is_quoted(packet))
		without->followed_until = lookup->now + settings->timeout[established_state(packet->protocol)];
	count(followed_ring);
	return index;
}

/* Takes an entry out for its owner's sake; 0: it has changed since it was read. */
static __always_inline int withdraw(__u32 number, __u64 entry, __u32 owner)
{
	__u64 *place = get_entry(number);

	if (!place || !entry || is_busy(entry) || !replace(place, entry, busy_entry(entry)))
		return 0;
	count_live_out(owner, entry_state(entry));
	tell_template(number, CONTROL_END);
	__sync_lock_test_and_set(place, 0);
	return 1;
}

/*
 * State and deadline of a new connection, as they stand in its entry. `is_heard`: its
 * real server's answers pass the director. A function of its own: stacks are short.
 */
__noinline __u32 opening_life(const struct packet *packet, __u32 now, __u32 is_heard)
{
	struct settings *settings = get_settings();
	__u32 state;

	if (!packet || !settings)
		return 0;
	state = newborn_state(packet->protocol);
	if (!is_quoted(packet))
		state = next_state(settings, state, packet, is_heard ? DIRECTION_INPUT : DIRECTION_INPUT_ONLY);
	if (is_quoted(packet))
		return state << ENTRY_STATE_SHIFT | (__u16)(now + QUOTED_SECONDS);
	return state << ENTRY_STATE_SHIFT | deadline_in(settings, state, now);
}

/* Writes a new connection into a claimed entry. */
static __always_inline void open_entry(const struct settings *settings, const struct service *service,
				      const struct packet *packet, struct lookup *lookup, __u32 number, __u32 index,
				      const struct real_server *server)
{
	__u32 life = opening_life(packet, lookup->now, is_translated(server));
	__u32 state = entry_state(life);
	/* Only TCP goes by tags: see is_ours. */
	__u32 confirm = lookup->confirm || packet->protocol != IPPROTO_TCP;

	if (settings->options & OPTION_SLOPPY_TCP) /* its next rival may come with a packet that looks like any other */
		confirm = 1;
	if (lookup->limited)
		count_limited(packet, service->id);
	publish(number, packet, service->id, server->id, lookup->now, lookup->flags, lookup->limited,
		make_entry(lookup->hash.tag, confirm, index, state, life));
	if (is_established(state) && lookup->flags)
		tell_template(number, CONTROL_ASSURE);
	if (is_synchronized(settings))
		note_packet(number, lookup->now, 1);
}

/* A packet that ends an entry's connection makes it its own; NO_ENTRY: another CPU was faster. */
static __always_inline int take_over(__u32 number, __u64 before, struct lookup *lookup, enum entry_fate fate)
{
	__u64 busy = make_entry(lookup->hash.tag, 1, 0, CONNECTION_BUSY, 0);
	__u32 owner = entry_owner(number); /* `before` was read earlier: see claim */
	__u64 *place = get_entry(number);

	if (!place || !replace(place, before, busy))
		return NO_ENTRY;
	lookup->confirm |= !!(before & ENTRY_CONFIRM);
	count_live_out(owner, entry_state(before));
	tell_template(number, CONTROL_END);
	if (fate == ENTRY_REUSED)
		count(connections_reused);
	else
		count(connections_without_server);
	return number;
}

static __always_inline int use_entry(const struct settings *settings, const struct service *service,
				     struct packet *packet, __u32 number, __u64 entry, __u32 now)
{
	__u32 index = entry_index(entry);
	struct real_server *server = get_real_server(service, index);
	__u64 *place = get_entry(number), after;

	if (!server || !place || !(server->flags & REAL_SERVER_AVAILABLE))
		return index;
	after = refreshed(settings, entry, packet, request_direction(server), now);
	if (after != entry)
		packet->news = CONNECTION_REFRESHED;
	refresh(place, number, entry, after);
	if (service->persistence && is_established(entry_state(after)) && !is_established(entry_state(entry)))
		tell_template(number, CONTROL_ASSURE);
	if (is_synchronized(settings))
		note_packet(number, now, 0);
	return index;
}

/* drop_packet at work: one opening packet in drop_rate. */
static __always_inline int is_shed(const struct settings *settings)
{
	__u32 zero = 0, *turn, rate = settings->drop_rate;

	if (likely(!rate))
		return 0;
	turn = bpf_map_lookup_elem(&defense_turn, &zero);
	return turn && __sync_fetch_and_add(turn, 1) % rate == 0;
}

/* Why a packet that may open a connection does not, as a result; CONTINUE: it may. */
static __always_inline int objection(const struct settings *settings, const struct service *service,
				     const struct packet *packet)
{
	if (is_shed(settings)) {
		count(drop_defense);
		return RESULT_DROP;
	}
	if (!service->persistence && (!service->ring_size || is_left_alone(service, packet)))
		return no_real_server(service, packet);
	return 0;
}

/* The slot of a connection that another CPU has opened since this one looked. */
static __always_inline int use_twin(int twin, const struct lookup *lookup)
{
	__u64 entry = twin < 0 ? 0 : read_found(twin & ~TWIN, lookup);

	if (entry)
		return entry_index(entry);
	count(drop_contended);
	return RESULT_DROP;
}

/* `number`: an entry that the packet has taken over, or NO_ENTRY. */
static __always_inline int open_connection(const struct settings *settings, const struct service *service,
					   struct packet *packet, struct lookup *lookup, int number)
{
	int one_packet = service->flags & SERVICE_ONE_PACKET && packet->protocol == IPPROTO_UDP;
	int index = objection(settings, service, packet);
	struct real_server *server;

	if (!index && is_limited(settings, service) && !is_quoted(packet))
		index = admit(packet, service, lookup);
	if (!index && number < 0 && !one_packet && !lookup->over)
		number = claim(lookup);
	if (!index && number >= 0) {
		number = settle_twins(number, packet, service->id, lookup);
		if (number == UNSETTLED || number >= TWIN)
			return use_twin(number, lookup);
	}
	if (!index)
		index = choose(service, packet, lookup,
			       lookup->over || (!one_packet && (number < 0 || ring_is_on(service, lookup->now))),
			       !one_packet && number >= 0);
	server = get_real_server(service, index);
	if (index < 0 || !server || one_packet) {
		if (number >= 0)
			release(number);
		if (index < 0 || !server)
			return index < 0 ? index : RESULT_DROP;
		count(one_packet);
	} else if (number >= 0) {
		open_entry(settings, service, packet, lookup, number, index, server);
		packet->news = CONNECTION_OPENED;
		server = get_real_server(service, index); /* again: a pointer that is kept takes stack */
		if (!server || is_translated(server))
			return index; /* counts once its replies can be found, too */
		count_here(connections_created);
	} else if (lookup->over) {
		if (!place_over_rate(settings, service, packet, server, lookup))
			return RESULT_DROP;
	} else if (is_translated(server)) {
		count(drop_table_full);
		return RESULT_DROP;
	} else {
		note_unrecorded(settings, service, packet, lookup->now);
	}
	count_connection(service->id, server->id);
	return index;
}

__noinline int find_or_open(struct packet *packet, struct service *service)
{
	struct settings *settings = get_settings();
	struct lookup lookup = {};
	__u64 entry;
	int number;

	if (!packet || !service || !settings)
		return RESULT_DROP;
	lookup.hash = flow_hash(settings, packet, service->id);
	lookup.second = other_bucket(settings, lookup.hash.bucket, lookup.hash.tag);
	lookup.now = clock_seconds(settings);
	lookup.opening = opens_connection(settings, packet);
	if (!lookup.opening && is_quoted(packet))
		lookup.opening = LOOKUP_QUOTED;
	if (is_syn(packet))
		expect_entry(&lookup);

	number = find_connection(packet, service->id, &lookup);
	entry = number < 0 ? 0 : read_found(number, &lookup);
	number = entry ? number : NO_ENTRY;
	if (number >= 0) {
		enum entry_fate fate = fate_of(settings, service, packet, number, entry);

		if (is_quoted(packet)) /* opened since find_quoted looked */
			return entry_index(entry);
		if (fate == ENTRY_USED)
			return use_entry(settings, service, packet, number, entry, lookup.now);
		number = take_over(number, entry, &lookup, fate);
		if (number >= 0 && lookup.opening != LOOKUP_OPENING)
			release(number);
	}
	if (lookup.opening != LOOKUP_OPENING)
		return follow_ring(settings, service, packet, &lookup);
	return open_connection(settings, service, packet, &lookup, number);
}
