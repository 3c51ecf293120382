/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Masquerading, the client's half: a packet goes on to the real server's address and port. By fullnat it leaves a local address. */
#pragma once

#include "balance.h"
#include "cross.h"
#include "local_request.h"
#include "nat_job.h"
#include "reply.h"
#include "toa.h"

/*
 * Two CPUs may make one connection's replies findable at once. Of two entries for
 * them the one with the lower number stays. Answers that.
 */
static __always_inline __u32 settle_reply_twins(struct nat_job *job, __u32 mine)
{
	int twin = find_reply_entry(&job->reply, &job->lookup, 0, mine);
	__u64 *place, entry;
	__u32 goes;

	if (twin < 0)
		return mine;
	goes = (__u32)twin < mine ? mine : twin;
	place = get_entry(goes);
	if (!place)
		return mine;
	entry = READ_ONCE(*place);
	if (is_reply(entry) && is_key_of_reply(goes, &job->reply))
		replace(place, entry, 0);
	return goes == mine ? (__u32)twin : mine;
}

/*
 * The connection may have ended meanwhile and begun anew in another entry, by another
 * CPU, who wrote so here before this CPU did. Answers where it leads now.
 */
static __noinline int lead_to_own(struct xdp_md *ctx, struct nat_job *job, __u32 number, int connection)
{
	struct settings *settings = get_settings();
	int own;

	if (!settings || !job)
		return connection;
	own = find_own(settings, job, LOOKUP_USED);
	if (own < 0 || own == connection)
		return connection;
	write_reply(ctx, job, number, own, 0);
	return own;
}

/* Makes the connection's replies findable, and notes the way back; 0: there is no room. */
static __always_inline int keep_reply(struct xdp_md *ctx, const struct settings *settings, struct nat_job *job,
				      const struct real_server *server, int connection)
{
	struct lookup *lookup = &job->lookup;
	__u32 stays;
	__u64 *place;
	int number;

	make_reply_packet(job, server);
	place_reply(settings, &job->reply, lookup);
	number = find_reply_entry(&job->reply, lookup, 0, NO_ENTRY);
	if (number >= 0) {
		place = get_entry(number);
		/* Unless the sweep has just taken it for an orphan. */
		if (write_reply(ctx, job, number, connection, 0) && place && is_reply(READ_ONCE(*place))) {
			lead_to_own(ctx, job, number, connection);
			return 1;
		}
	}
	number = claim(lookup);
	if (number < 0)
		return 0;
	place = get_entry(number);
	if (!write_reply(ctx, job, number, connection, 0) || !place)
		return 0;
	__sync_lock_test_and_set(place, make_entry(lookup->hash.tag, 1, 0, CONNECTION_REPLY, 0));
	stays = settle_reply_twins(job, number);
	connection = lead_to_own(ctx, job, stays, stays == (__u32)number ? connection : NO_ENTRY);
	lead_to_own(ctx, job, stays, connection); /* which may have ended before it was written there */
	return 1;
}

/*
 * After a packet that opened its connection, or started its time again. A new
 * connection whose replies find no room is taken back: 0.
 */
__noinline int settle_replies(struct xdp_md *ctx, struct nat_job *job, struct real_server *server)
{
	struct settings *settings = get_settings();
	int connection, kept;

	if (!settings || !job || !server)
		return 0;
	connection = find_own(settings, job, LOOKUP_USED);
	kept = connection >= 0 && keep_reply(ctx, settings, job, server, connection);
	if (job->packet.news != CONNECTION_OPENED)
		return 1;
	if (kept) {
		count(connections_created);
		count_connection(job->service_id, job->real_server);
		return 1;
	}
	take_back(connection);
	count(drop_table_full);
	return 0;
}

static __always_inline int rewrite_request(struct xdp_md *ctx, struct nat_job *job, const struct link *link,
					   const struct real_server *server)
{
	job->translation.address = server->address;
	job->translation.port = real_port(server, job);
	if (!translate_job(ctx, job, link->length, SIDE_DESTINATION))
		return 0;
	return server->method != METHOD_FULLNAT ||
	       (leave_by_local(ctx, job, link->length) && add_toa(ctx, server, link->length));
}

/* Its ends in the real server's family. */
static __always_inline int cross_request(struct nat_job *job, const struct real_server *server,
					 const struct egress *egress, const struct inner *inner)
{
	struct reply_key *reply = get_reply_key(job->local);

	if (!reply)
		return XDP_DROP;
	job->is_local = 0;
	job->out.source = reply->destination;
	job->out.source_port = reply->destination_port;
	job->out.destination = server->address;
	job->out.destination_port = real_port(server, job);
	job->hop = *egress->hop;
	*(__u64 *)&job->hop = egress->word; /* as it was read in one load */
	return hand_over_cross(job, inner);
}

static __always_inline int drop_untranslated(void)
{
	count(drop_untranslated);
	return XDP_DROP;
}

static __always_inline int forward_request(struct xdp_md *ctx, void *ip, struct link *link, struct nat_job *job,
					   struct real_server *server, int family, int frags)
{
	struct inner inner = {.length = job->packet.length};
	struct egress egress = {.frags = frags};
	int verdict;

	count_traffic(job->service_id, job->real_server, job->packet.length);
	read_inner(ip, family, &inner);
	if (inner.ttl <= 1) {
		count(drop_ttl_exceeded);
		return job->packet.quiet ? XDP_DROP : send_icmp_error(ctx, job->packet.length, ICMP_ERROR_TTL, 0);
	}
	if (is_cross(job) && !is_crossable(job))
		return drop_untranslated();
	decrement_hops(ip, family, &inner);
	if (length_out(job) > server->mtu)
		return too_big(ctx, &job->packet, &inner, server->mtu - growth(job), 0, family);
	if (!find_egress(server->next_hop, &egress)) {
		count(drop_no_next_hop);
		return XDP_DROP;
	}
	if (is_cross(job))
		return cross_request(job, server, &egress, &inner);
	if (!rewrite_request(ctx, job, link, server))
		return drop_untranslated();
	verdict = forward_dr(ctx, &egress, link);
	if (verdict != XDP_DROP)
		count(forwarded);
	return verdict;
}

/* What the answers need; 0: the packet is dropped. Called from the entry point, as stacks are short. */
static __always_inline int prepare_request(struct xdp_md *ctx)
{
	struct nat_job *job = get_nat_job();
	struct real_server *server;
	__u32 line;

	if (!job)
		return 0;
	line = job->line;
	server = bpf_map_lookup_elem(&schedules, &line);
	if (!server)
		return 0;
	job->out.family = server->family;
	if (server->method == METHOD_FULLNAT)
		return use_local(ctx);
	return job->packet.news == CONNECTION_OLD || settle_replies(ctx, job, server);
}

/* The rest of a request's way; `family` is a constant, as in balance.h. */
static __always_inline int translate_request(struct xdp_md *ctx, int family, int frags)
{
	void *data, *end, *ip;
	struct nat_job *job = get_nat_job();
	struct real_server *server;
	struct link link;
	__u32 line;

	if (!job)
		return XDP_DROP;
	line = job->line;
	server = bpf_map_lookup_elem(&schedules, &line);
	if (!server)
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	ip = parse_link(data, end, &link);
	if (!ip || ip + (family == FAMILY_IPV4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) > end)
		return XDP_DROP;
	return forward_request(ctx, ip, &link, job, server, family, frags);
}
