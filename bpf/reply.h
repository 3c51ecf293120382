/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * From a real server's packet to the connection that it answers (NAT). A reply
 * finds its connection by an entry of its own in the connection table, with the
 * tuple of the reply as its key:
 *
 *   RIP:port -> client, CONNECTION_REPLY --struct reply_key--> the connection's entry
 *
 * Two connections through different VIPs can have one reply tuple; the real
 * server cannot tell them apart either. As in IPVS, the later one gets the replies.
 * Of fullnat the place of the client is taken by a local address (local_port.h).
 */
#pragma once

#include "claim.h"
#include "connection.h"

_Static_assert(sizeof(struct reply_key) == sizeof(struct connection_key), "both are elements of connection_keys");
_Static_assert(__builtin_offsetof(struct reply_key, server) == __builtin_offsetof(struct connection_key, service),
	       "what tells them apart");
_Static_assert(__builtin_offsetof(struct reply_key, connection) == __builtin_offsetof(struct connection_key, real_server) &&
		       __builtin_offsetof(struct reply_key, port) == __builtin_offsetof(struct connection_key, flags),
	       "listings read the one as the other");

/* Of what one real server answers in one protocol: all that reply_key.server says but the server. */
static __always_inline __u32 reply_mark(__u8 protocol)
{
	return REPLY_MARK | (__u32)protocol << REPLY_PROTOCOL_SHIFT;
}

static __always_inline struct reply_key *get_reply_key(__u32 number)
{
	return bpf_map_lookup_elem(&connection_keys, &number);
}

/*
 * Whether the connection that a reply entry points to is still the one that it was
 * made for. That of a fullnat entry points back with `back`, the entry's number.
 */
static __always_inline int has_connection(const struct reply_key *reply, __u32 back, __u32 now)
{
	__u32 number = reply->connection;
	struct connection_key *key = bpf_map_lookup_elem(&connection_keys, &number);
	__u64 *place = get_entry(number), entry;

	if (!key || !place)
		return 0;
	entry = READ_ONCE(*place);
	if (!entry || entry_state(entry) == CONNECTION_BUSY || is_reply(entry) || deadline_passed(entry, now))
		return 0;
	if (connection_protocol(entry) != (reply->server >> REPLY_PROTOCOL_SHIFT & 0xff))
		return 0;
	if (key->real_server != (reply->server & REPLY_SERVER_MASK) || key->service & REPLY_MARK)
		return 0;
	if (reply->port & REPLY_LOCAL)
		return READ_ONCE(key->reply) == back;
	return key->source_port == reply->destination_port && same_address(&key->source, &reply->destination);
}

/* The same, and where the connection does not point back yet: it is about to (take_port). */
static __always_inline int may_have_connection(const struct reply_key *reply, __u32 back, __u32 now)
{
	return has_connection(reply, back, now) || (reply->port & REPLY_LOCAL && has_connection(reply, NO_REPLY, now));
}

static __always_inline int is_reply_key(const struct reply_key *reply, const struct packet *packet)
{
	return (reply->server & ~REPLY_SERVER_MASK) == reply_mark(packet->protocol) &&
	       reply->source_port == packet->source_port && reply->destination_port == packet->destination_port &&
	       same_address(&reply->source, &packet->source) && same_address(&reply->destination, &packet->destination);
}

static __always_inline void place_reply(const struct settings *settings, const struct packet *packet,
					struct lookup *lookup)
{
	lookup->hash = flow_hash(settings, packet, reply_mark(packet->protocol));
	lookup->second = other_bucket(settings, lookup->hash.bucket, lookup->hash.tag);
	lookup->now = clock_seconds(settings);
}

static __always_inline int is_key_of_reply(__u32 number, const struct packet *packet)
{
	struct reply_key *reply = get_reply_key(number);

	return reply && is_reply_key(reply, packet);
}

/* One entry whose tag is the packet's: 1 where it is its reply entry. Global, so that it is verified once. */
__noinline int is_reply_of(__u32 number, const struct packet *packet, __u32 now, __u32 live)
{
	struct reply_key *reply = get_reply_key(number);

	if (!packet || !reply || !is_reply(read_settled(number)))
		return 0;
	return is_reply_key(reply, packet) && (!live || has_connection(reply, number, now));
}

/*
 * The reply entry whose key is the packet's, or NO_ENTRY. `lookup`: as place_reply
 * made it. `live`: its connection must be there. `other`: a number that is not meant.
 */
__noinline int find_reply_entry(const struct packet *packet, struct lookup *lookup, __u32 live, int other)
{
	if (!packet || !lookup)
		return NO_ENTRY;
	for (__u32 i = 0; i < 2 * CONNECTION_WAYS; i++) {
		__u32 bucket = i < CONNECTION_WAYS ? lookup->hash.bucket : lookup->second;
		__u32 number = bucket * CONNECTION_WAYS + i % CONNECTION_WAYS;
		__u64 *place = get_entry(number);

		if (!place || number == (__u32)other || READ_ONCE(*place) >> ENTRY_TAG_SHIFT != lookup->hash.tag)
			continue;
		if (is_reply_of(number, packet, lookup->now, live))
			return number;
	}
	return NO_ENTRY;
}

/*
 * Frees a reply entry whose connection is gone; 1: it stays. BUSY while it is looked
 * at again, so that nobody takes it up meanwhile.
 */
static __always_inline int sweep_reply(__u64 *place, __u32 number, __u64 entry, __u32 now)
{
	struct reply_key *reply = get_reply_key(number);
	int stays;

	if (!reply || may_have_connection(reply, number, now) || !replace(place, entry, busy_entry(entry)))
		return 1;
	stays = may_have_connection(reply, number, now);
	__sync_lock_test_and_set(place, stays ? entry : 0);
	return stays;
}
