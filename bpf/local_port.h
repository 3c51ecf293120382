/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * fullnat: a port of a local address for a connection. What a real server answers
 * finds the connection by its reply entry,
 *
 *   RIP:port -> local address:port, CONNECTION_REPLY --struct reply_key--> the connection's entry
 *
 * and the table has no two entries of one key: writing that entry is what takes
 * the port. So a port is taken per real server, and by one CPU alone:
 *
 *   claimed or seized --key written--> published --no twin--> the connection points back: taken
 *
 * Of two CPUs that publish one key, at least the second sees the first one's
 * entry, and tries another port.
 */
#pragma once

#include "nat_job.h"
#include "reply.h"
#include "write_reply.h"

#define PORT_TAKEN (-2)	  /* try another */
#define PORT_NO_ROOM (-3) /* no free entry for it; another port has other buckets */
#define PORT_OF_NONE (-4) /* the connection is not there any more */

/*
 * Candidates lie this far apart: a prime larger than any pool, so that they are all
 * different, and a long run of taken ports does not stop a search.
 */
#define PORT_STRIDE 2654435761ULL

struct port_search {
	struct xdp_md *ctx;
	const struct local_pool *pool;
	__u64 start;
	__u32 total; /* candidates */
	int connection;
	int number;   /* found so far, or why not */
	__u32 no_room;
};

/* The service's own local addresses of the real server's family, or those of every service. */
static __always_inline struct local_pool *find_pool(__u32 service, __u32 family)
{
	struct local_pool_key key = {.service = service, .family = family};
	struct local_pool *pool = bpf_map_lookup_elem(&local_pools, &key);

	if (pool)
		return pool;
	key.service = 0;
	return bpf_map_lookup_elem(&local_pools, &key);
}

/*
 * Whether what a connection points back with is its reply entry. One that was made for
 * another real server is not: its port is taken at that one alone.
 */
static __always_inline int is_local_entry(__u32 number, int connection)
{
	struct reply_key *reply = get_reply_key(number);
	__u32 own = connection;
	struct connection_key *key = bpf_map_lookup_elem(&connection_keys, &own);
	__u64 *place = get_entry(number);

	return reply && key && place && is_reply(READ_ONCE(*place)) && reply->port & REPLY_LOCAL &&
	       reply->connection == own && (reply->server & REPLY_SERVER_MASK) == key->real_server;
}

static __always_inline __u16 local_flags(const struct nat_job *job)
{
	return REPLY_LOCAL | (job->packet.family != job->reply.family ? REPLY_OTHER_FAMILY : 0);
}

/* Whether the entry is that of the job's connection still. */
static __always_inline int is_own(const struct nat_job *job, __u32 number)
{
	__u64 *place = get_entry(number), entry;

	if (!place)
		return 0;
	entry = READ_ONCE(*place);
	return entry && !is_busy(entry) && !is_reply(entry) && key_matches(number, entry, &job->packet, job->service_id);
}

/*
 * The connection points back: the port is its own. What it pointed to `before` is no
 * entry of its own. The number that it points to in the end, or PORT_TAKEN.
 */
static __always_inline int point_back(struct connection_key *key, __u32 before, __u32 number, int connection)
{
	__u32 theirs = __sync_val_compare_and_swap(&key->reply, before, number);

	if (theirs == before || theirs == number)
		return number;
	/* Another CPU was faster with a packet of the same connection. */
	return is_local_entry(theirs, connection) ? (int)theirs : PORT_TAKEN;
}

/* It led to our entry: from a connection that had it before, or from a packet of ours on another CPU. */
static __always_inline int leads_to(const struct reply_key *reply, int connection)
{
	return reply->port & REPLY_LOCAL && reply->connection == (__u32)connection;
}

/* An entry of this key is there: BUSY and the caller's where it leads to our entry, or is an orphan. */
static __always_inline int seize(struct nat_job *job, int number, int connection)
{
	struct reply_key *reply = get_reply_key(number);
	__u64 *place = get_entry(number), entry;
	__u32 now = job->lookup.now;

	if (!place || !reply)
		return PORT_TAKEN;
	entry = READ_ONCE(*place);
	if (!is_reply(entry) || (!leads_to(reply, connection) && may_have_connection(reply, number, now)) ||
	    !replace(place, entry, busy_entry(entry)))
		return PORT_TAKEN;
	if (is_reply_key(reply, &job->reply) && (leads_to(reply, connection) || !may_have_connection(reply, number, now)))
		return number;
	__sync_lock_test_and_set(place, entry); /* another's, since it was looked at */
	return PORT_TAKEN;
}

/* The entry is not needed; unless another CPU has seized it meanwhile. */
static __always_inline void give_up(__u64 *place, const struct reply_key *reply, __u64 entry, int connection)
{
	if (replace(place, entry, busy_entry(entry)))
		__sync_lock_test_and_set(place, leads_to(reply, connection) ? 0 : entry);
}

/* Writes and shows the BUSY entry `number`. */
static __always_inline int publish_port(struct xdp_md *ctx, struct nat_job *job, struct connection_key *key, __u32 before,
					int number, int connection)
{
	struct reply_key *reply = get_reply_key(number);
	__u64 *place = get_entry(number), entry;
	int stays = PORT_TAKEN;

	if (!reply || !place)
		return PORT_NO_ROOM;
	write_reply(ctx, job, number, connection, local_flags(job));
	entry = make_entry(job->lookup.hash.tag, 1, 0, CONNECTION_REPLY, 0);
	__sync_lock_test_and_set(place, entry);
	if (find_reply_entry(&job->reply, &job->lookup, 0, number) < 0)
		stays = point_back(key, before, number, connection);
	if (stays != number)
		give_up(place, reply, entry, connection);
	else if (!is_own(job, connection) || !leads_to(reply, connection))
		return PORT_OF_NONE;
	return stays;
}

/* Takes the port of job->reply's destination; the number of the reply entry, or one of the results above. */
__noinline int take_port(struct xdp_md *ctx, int connection)
{
	struct settings *settings = get_settings();
	struct nat_job *job = get_nat_job();
	__u32 own = connection, before;
	struct connection_key *key = bpf_map_lookup_elem(&connection_keys, &own);
	int number;

	if (!settings || !job || !key || !is_own(job, own))
		return PORT_OF_NONE;
	before = READ_ONCE(key->reply);
	if (is_local_entry(before, connection))
		return before;
	place_reply(settings, &job->reply, &job->lookup);
	number = find_reply_entry(&job->reply, &job->lookup, 0, NO_ENTRY);
	if (number >= 0) {
		number = seize(job, number, connection);
		if (number < 0)
			return number;
	} else {
		number = claim(&job->lookup);
		if (number < 0)
			return PORT_NO_ROOM;
	}
	if (number == connection) { /* no other one could go */
		release(number);
		return PORT_OF_NONE;
	}
	return publish_port(ctx, job, key, before, number, connection);
}

static long try_port(__u32 i, struct port_search *search)
{
	__u32 candidate, address, port;
	struct nat_job *job = get_nat_job();
	const struct local_address *local;

	if (!job || !search->total || !search->pool->count)
		return 1;
	candidate = (search->start + i * PORT_STRIDE) % search->total;
	address = candidate % search->pool->count & (LOCAL_ADDRESSES - 1);
	local = &search->pool->address[address];
	port = local->first_port + candidate / search->pool->count;
	if (port > local->last_port) /* this address has a narrower range than another */
		return 0;
	job->reply.destination = local->address;
	job->reply.destination_port = bpf_htons(port);
	search->number = take_port(search->ctx, search->connection);
	if (search->number == PORT_NO_ROOM || search->number == PORT_OF_NONE)
		search->no_room = 1;
	return search->number >= 0 || search->number == PORT_OF_NONE;
}

/* A free port for the connection: the number of its reply entry; NO_ENTRY: there is none, which is counted. */
static __always_inline int find_port(struct xdp_md *ctx, struct nat_job *job, const struct real_server *server, int connection)
{
	struct port_search search = {.ctx = ctx, .connection = connection, .number = PORT_TAKEN};
	__u32 zero = 0, *cursor = bpf_map_lookup_elem(&local_cursor, &zero), tries = LOCAL_TRIES;

	search.pool = find_pool(job->service_id, server->family);
	if (search.pool && cursor) {
		search.total = search.pool->count * search.pool->ports;
		/* CPUs begin far apart. */
		search.start = (__u64)bpf_get_smp_processor_id() * 0x9E3779B1u + (*cursor)++;
		if (search.total < tries)
			tries = search.total;
		bpf_loop(tries, try_port, &search, 0);
	}
	if (search.number >= 0)
		return search.number;
	if (search.no_room)
		count(drop_table_full);
	else
		count(drop_no_local_port);
	return NO_ENTRY;
}
