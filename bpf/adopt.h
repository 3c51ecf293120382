/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Connections that another director has told of: ip_vs_proc_conn. They become
 * entries like any other. Their templates are told of by themselves, and have
 * timers of their own: no connection counts in them.
 */
#pragma once

#include "claim.h"
#include "nat_request.h"
#include "open.h"
#include "sync.h"

/* A packet that interrupts may be of NAT and need its CPU's nat_jobs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct nat_job);
} adopt_job SEC(".maps");

/* The slot that the arguments name, where it is the real server's still. */
static __always_inline struct real_server *adopting_server(const struct service *service, __u32 service_id, __u32 index,
							   __u32 real_server)
{
	struct real_server *server;

	if (service->id != service_id)
		return 0;
	server = get_real_server(service, index);
	return server && server->id == real_server && server->flags & REAL_SERVER_AVAILABLE ? server : 0;
}

static __always_inline void read_tuple(const struct adopt_arguments *arguments, struct packet *packet)
{
	packet->source = arguments->source;
	packet->destination = arguments->destination;
	packet->source_port = arguments->source_port;
	packet->destination_port = arguments->destination_port;
	packet->protocol = arguments->protocol;
	packet->family = arguments->service.family;
}

static __always_inline __u16 adopted_deadline(const struct settings *settings, const struct adopt_arguments *arguments,
					      __u32 now)
{
	if (!arguments->timeout)
		return deadline_in(settings, arguments->state, now);
	return now + (arguments->timeout > 32767 ? 32767 : arguments->timeout);
}

/* What was told of it stands as if this director had told it: old_state and in_pkts. */
static __always_inline void note_adopted(__u32 number, const struct adopt_arguments *arguments, __u32 now)
{
	struct sync_progress *progress = bpf_map_lookup_elem(&sync_progress, &number);

	if (!progress)
		return;
	progress->word = (arguments->packets & SYNC_PACKETS_MASK) | arguments->state << SYNC_STATE_SHIFT;
	progress->ends = now;
}

/* NAT: what the real server sends next may come before the client's next packet. */
static __always_inline int adopt_reply(const struct settings *settings, const struct packet *packet,
				       const struct service *service, struct real_server *server, int connection)
{
	__u32 zero = 0;
	struct nat_job *job = bpf_map_lookup_elem(&adopt_job, &zero);

	if (!job)
		return 0;
	job->packet = *packet;
	job->service_id = service->id;
	job->real_server = server->id;
	job->keeps_port = keeps_port(service, packet);
	return keep_reply(0, settings, job, server, connection);
}

/* 0: it is the caller's to write now; else an enum adopt_outcome. `number`: its entry. */
static __always_inline int adopt_known(const struct settings *settings, const struct adopt_arguments *arguments,
				       struct lookup *lookup, __u32 number)
{
	__u64 *place = get_entry(number), before, after, busy;
	__u32 owner;

	if (!place)
		return ADOPT_NO_ROOM;
	before = read_found(number, lookup);
	barrier();
	owner = entry_owner(number);
	if (!before)
		return ADOPT_NO_ROOM;
	if (entry_index(before) == arguments->index) {
		after = (before & ~ENTRY_LIFE) | (__u64)arguments->state << ENTRY_STATE_SHIFT |
			adopted_deadline(settings, arguments, lookup->now);
		refresh(place, number, before, after);
		return ADOPT_KNOWN;
	}
	if (arguments->inactive)
		return ADOPT_OUTDATED;
	busy = make_entry(lookup->hash.tag, 1, 0, CONNECTION_BUSY, 0);
	if (!replace(place, before, busy))
		return ADOPT_NO_ROOM;
	lookup->confirm |= !!(before & ENTRY_CONFIRM);
	count_live_out(owner, entry_state(before));
	tell_template(number, CONTROL_END);
	return 0;
}

static __always_inline int adopt(const struct settings *settings, const struct adopt_arguments *arguments,
				 const struct service *service, struct real_server *server, const struct packet *packet,
				 struct lookup *lookup)
{
	int number, outcome = ADOPT_NEW;
	__u64 *place;

	if (server->method == METHOD_FULLNAT) /* its answers went to an address of the other director */
		return ADOPT_GONE;
	number = find_connection(packet, service->id, lookup);
	if (number >= 0) {
		outcome = adopt_known(settings, arguments, lookup, number);
		if (outcome && outcome != ADOPT_KNOWN)
			return outcome;
	} else {
		number = claim(lookup);
		if (number < 0)
			return ADOPT_NO_ROOM;
	}
	if (outcome != ADOPT_KNOWN) {
		number = settle_twins(number, packet, service->id, lookup);
		if (number < 0)
			return ADOPT_NO_ROOM;
		if (number >= TWIN)
			return ADOPT_KNOWN;
		publish(number, packet, service->id, server->id, lookup->now, 0, 0,
			make_entry(lookup->hash.tag, 1, arguments->index, arguments->state,
				   adopted_deadline(settings, arguments, lookup->now)));
	}
	note_adopted(number, arguments, lookup->now);
	if (server->method == METHOD_NAT && !adopt_reply(settings, packet, service, server, number)) {
		place = get_entry(number);
		if (place && outcome != ADOPT_KNOWN)
			withdraw(number, READ_ONCE(*place), server->id);
		return ADOPT_NO_ROOM;
	}
	return outcome ? outcome : ADOPT_REPLACED;
}

/* The same of a template, which this director may have bound to another real server. */
static __always_inline int adopt_bound(const struct adopt_template_arguments *arguments, const struct service *service,
				       struct real_server *server, __u32 now)
{
	struct template_key key = {.service = service->id, .client = arguments->client};
	struct template *template = bpf_map_lookup_elem(&templates, &key), fresh = {};
	int outcome = ADOPT_NEW;

	if (!template) {
		fresh.real_server = server->id;
		fresh.index = arguments->index;
		fresh.deadline = now + 1;
		fresh.bound_at = now;
		if (!bpf_map_update_elem(&templates, &key, &fresh, BPF_NOEXIST)) {
			count_persistent(server->id, 1);
			remember_mask(service);
		}
		template = bpf_map_lookup_elem(&templates, &key);
		if (!template)
			return ADOPT_NO_ROOM;
	} else if (template->real_server != server->id) {
		rebind(template, service, arguments->index, server->id, now);
		outcome = ADOPT_REPLACED;
	} else {
		outcome = ADOPT_KNOWN;
	}
	template->timeout = arguments->timeout ? arguments->timeout : service->persistence;
	template->deadline = now + template->timeout;
	if (arguments->assured)
		template->flags |= TEMPLATE_ASSURED;
	return outcome;
}
