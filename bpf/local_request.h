/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * fullnat, the client's half: the connection's local address and port, which the
 * packet leaves from. Every packet needs them, so every packet looks up its
 * connection's cold line.
 */
#pragma once

#include "fragment.h"
#include "local_port.h"
#include "nat_job.h"
#include "request.h"

/* A later fragment: the first one has told. 0: it has not. */
static __always_inline int follow_first_fragment(const struct settings *settings, const struct nat_job *job)
{
	struct reply_key *reply = get_reply_key(job->local);
	struct connection_key *key;
	__u32 connection;

	if (!reply || !(reply->port & REPLY_LOCAL) || !has_connection(reply, job->local, clock_seconds(settings)))
		return 0;
	connection = reply->connection;
	key = bpf_map_lookup_elem(&connection_keys, &connection);
	return key && key->real_server == job->real_server && same_address(&key->source, &job->packet.source);
}

/* The first fragment: the others will ask. */
static __always_inline void remember_local(const struct nat_job *job)
{
	struct fragment *known = bpf_map_lookup_elem(&fragments, &job->fragment);

	if (known)
		known->flow = job->local;
}

/*
 * The real server of the packet's connection. Another CPU may have ended it since and opened
 * it anew, to another one: then this packet goes there, too.
 */
static __always_inline struct real_server *connected_server(struct nat_job *job, const struct connection_key *key,
							    int connection)
{
	__u64 *place = get_entry(connection);
	__u32 line = job->line;
	struct real_server *server;

	if (!place)
		return 0;
	if (key->real_server != job->real_server) {
		line = job->schedule + entry_index(READ_ONCE(*place));
		job->packet.news = CONNECTION_OLD;
	}
	server = bpf_map_lookup_elem(&schedules, &line);
	if (!server || server->id != key->real_server || server->method != METHOD_FULLNAT)
		return 0;
	job->line = line;
	job->real_server = server->id;
	return server;
}

static __always_inline int keep_local(struct xdp_md *ctx, const struct settings *settings, struct nat_job *job)
{
	int connection = find_own(settings, job, LOOKUP_QUOTED), number;
	__u32 own = connection;
	struct connection_key *key = bpf_map_lookup_elem(&connection_keys, &own);
	struct real_server *server;
	struct reply_key *reply;

	if (connection < 0 || !key) { /* of a one-packet service, or taken out by another CPU */
		count(drop_untranslated);
		return NO_ENTRY;
	}
	server = connected_server(job, key, connection);
	if (!server) {
		count(drop_real_server_gone);
		return NO_ENTRY;
	}
	number = READ_ONCE(key->reply);
	if (!is_local_entry(number, connection)) {
		make_reply_packet(job, server);
		number = find_port(ctx, job, server, connection);
		if (number < 0 && job->packet.news == CONNECTION_OPENED)
			take_back(connection);
		return number;
	}
	reply = get_reply_key(number);
	if (reply && job->packet.news != CONNECTION_OLD)
		note_way_back(ctx, reply, reply->port & (REPLY_LOCAL | REPLY_OTHER_FAMILY));
	return number;
}

/* Sets job->local; 0: the packet is dropped, and counted. */
__noinline int use_local(struct xdp_md *ctx)
{
	struct settings *settings = get_settings();
	struct nat_job *job = get_nat_job();
	int number;

	if (!settings || !job)
		return 0;
	if (!job->packet.transport && !is_quoted(&job->packet)) {
		if (follow_first_fragment(settings, job))
			return 1;
		count(drop_untranslated);
		return 0;
	}
	number = keep_local(ctx, settings, job);
	if (number < 0)
		return 0;
	job->local = number;
	if (job->packet.partial)
		remember_local(job);
	if (job->packet.news == CONNECTION_OPENED) {
		count(connections_created);
		count_connection(job->service_id, job->real_server);
	}
	return 1;
}

/* The packet's other side: from the local address. */
static __always_inline int leave_by_local(struct xdp_md *ctx, struct nat_job *job, __u32 at)
{
	struct reply_key *reply = get_reply_key(job->local);

	if (!reply)
		return 0;
	job->translation.address = reply->destination;
	job->translation.port = reply->destination_port;
	return translate_job(ctx, job, at, SIDE_SOURCE);
}
