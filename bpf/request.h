/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* A request of NAT or fullnat and its connection. */
#pragma once

#include "nat_job.h"
#include "open.h"
#include "reply.h"

static __always_inline __be16 real_port(const struct real_server *server, const struct nat_job *job)
{
	return job->keeps_port || !server->port ? job->packet.destination_port : server->port;
}

static __always_inline void make_reply_packet(struct nat_job *job, const struct real_server *server)
{
	struct packet *reply = &job->reply, *packet = &job->packet;

	reply->source = server->address;
	reply->destination = packet->source;
	reply->source_port = real_port(server, job);
	reply->destination_port = packet->source_port;
	reply->protocol = packet->protocol;
	reply->family = server->family;
}

/* The entry of the job's packet, or NO_ENTRY: another CPU has taken it out since. */
static __always_inline int find_own(const struct settings *settings, struct nat_job *job, enum lookup_mode mode)
{
	struct lookup *lookup = &job->lookup;

	lookup->hash = flow_hash(settings, &job->packet, job->service_id);
	lookup->second = other_bucket(settings, lookup->hash.bucket, lookup->hash.tag);
	lookup->now = clock_seconds(settings);
	lookup->opening = mode;
	return find_connection(&job->packet, job->service_id, lookup);
}

/* Packets of the same connection that may move its state on another CPU while it is taken back. */
#define TAKE_BACK_TRIES 4

/* No room for the replies of a connection that the job's packet has opened: nothing of it stays. */
__noinline int take_back(int connection)
{
	struct nat_job *job = get_nat_job();
	__u64 *place = get_entry(connection), entry;
	__u32 owner;

	if (connection < 0 || !place || !job)
		return 0;
	for (int i = 0; i < TAKE_BACK_TRIES; i++) {
		entry = READ_ONCE(*place);
		barrier();
		owner = entry_owner(connection); /* it may have become another's since it was found */
		if (!entry || is_busy(entry) || is_reply(entry) ||
		    !key_matches(connection, entry, &job->packet, job->service_id) || withdraw(connection, entry, owner))
			break;
	}
	return 0;
}
