/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Persistence: a template binds a client, or those that share the bits of a
 * mask, to one real server of a service. The rules are those of
 * ip_vs_sched_persist, ip_vs_check_template and ip_vs_conn_expire.
 */
#pragma once

#include "clock.h"
#include "common.h"
#include "limit_count.h"
#include "parse.h"
#include "service.h"
#include "stats.h"

#define CONTROLLED_SECONDS 60 /* a template that still controls connections is looked at again */

static __always_inline struct template_key template_key(__u32 service, const struct address *client,
							const struct address *mask)
{
	struct template_key key = {.service = service};

	for (int i = 0; i < 4; i++)
		key.client.word[i] = client->word[i] & mask->word[i];
	return key;
}

static __always_inline void count_persistent(__u32 real_server, int change)
{
	struct live_count *live = bpf_map_lookup_elem(&live_counts, &real_server);

	if (live)
		__sync_fetch_and_add(&live->persistent, change);
}

/* 0: its time has come. One that controls connections goes on, a minute at a time. */
static __always_inline int template_lives(struct template *template, __u32 now)
{
	if (still_before(template->deadline, now))
		return 1;
	if (!READ_ONCE(template->connections))
		return 0;
	template->timeout = CONTROLLED_SECONDS;
	template->deadline = now + CONTROLLED_SECONDS;
	return 1;
}

/* A deleted real server never, one of weight 0 unless expire_quiescent_template says otherwise. */
static __always_inline int template_holds(const struct settings *settings, const struct service *service,
					  const struct template *template)
{
	struct real_server *server = get_real_server(service, template->index);

	if (!server || server->id != template->real_server || !(server->flags & REAL_SERVER_AVAILABLE))
		return 0;
	return server->flags & REAL_SERVER_ELIGIBLE || !(settings->options & OPTION_EXPIRE_QUIESCENT_TEMPLATE);
}

/* The slot that the client is bound to, or NO_TEMPLATE. */
#define NO_TEMPLATE (-1)

__noinline int find_template(const struct packet *packet, const struct service *service, __u32 now)
{
	struct settings *settings = get_settings();
	struct template_key key;
	struct template *template;

	if (!packet || !service || !settings)
		return NO_TEMPLATE;
	key = template_key(service->id, &packet->source, &service->mask);
	template = bpf_map_lookup_elem(&templates, &key);
	if (!template || !template_lives(template, now) || !template_holds(settings, service, template))
		return NO_TEMPLATE;
	return template->index;
}

static __always_inline void remember_mask(const struct service *service)
{
	__u32 id = service->id;
	struct template_mask *mask = bpf_map_lookup_elem(&template_masks, &id);

	if (mask)
		mask->mask = service->mask;
}

/* Another real server for a client whose own is gone; connections with that one no longer count. */
static __always_inline void rebind(struct template *template, const struct service *service, __u32 index,
				   __u32 real_server, __u32 now)
{
	count_persistent(template->real_server, -1);
	template->generation++;
	template->bound_at = now;
	template->connections = 0;
	template->drift = 0;
	template->flags = 0;
	template->timeout = service->persistence;
	template->index = index;
	template->real_server = real_server;
	count_persistent(real_server, 1);
}

/*
 * Binds the client to a slot that find_template or a scheduler gave, and starts
 * its time again. `controls`: a connection will be counted in the template.
 * Answers the slot, which another CPU may have chosen first, and in the upper
 * half the template's generation; NO_TEMPLATE: no room.
 */
__noinline int bind_template(const struct packet *packet, const struct service *service, __u32 index, __u32 now,
			     __u32 controls)
{
	struct settings *settings = get_settings();
	struct real_server *server;
	struct template_key key;
	struct template *template;

	if (!packet || !service || !settings)
		return NO_TEMPLATE;
	server = get_real_server(service, index);
	if (!server)
		return NO_TEMPLATE;
	key = template_key(service->id, &packet->source, &service->mask);
	template = bpf_map_lookup_elem(&templates, &key);
	if (!template) {
		struct template fresh = {
			.real_server = server->id,
			.index = index,
			.timeout = service->persistence,
			.deadline = now + 1,
			.bound_at = now};

		if (!bpf_map_update_elem(&templates, &key, &fresh, BPF_NOEXIST)) {
			count_persistent(server->id, 1);
			remember_mask(service);
		}
		template = bpf_map_lookup_elem(&templates, &key);
		if (!template)
			return NO_TEMPLATE;
	} else if (!template_lives(template, now) || !template_holds(settings, service, template)) {
		rebind(template, service, index, server->id, now);
	}
	template->deadline = now + template->timeout;
	if (controls)
		__sync_fetch_and_add(&template->connections, 1);
	return (template->generation & 31) << 16 | template->index;
}

enum control_change {
	CONTROL_ASSURE, /* the connection was established */
	CONTROL_END,	/* the connection is over */
	CONTROL_SHED,	/* it was cut short: a template that nothing assures goes with it */
	CONTROL_COUNT,	/* a recount has met it */
};

/* The template that counts a connection; one that was bound anew since does not. */
static __always_inline struct template *template_of(struct connection_key *connection, struct template_key *key)
{
	__u32 service = connection->service;
	struct template_mask *mask = bpf_map_lookup_elem(&template_masks, &service);
	struct template *template;

	if (!mask)
		return 0;
	*key = template_key(service, &connection->source, &mask->mask);
	template = bpf_map_lookup_elem(&templates, key);
	if (!template || (template->generation & 31) != connection->flags >> CONNECTION_GENERATION_SHIFT)
		return 0;
	return (__s32)(connection->created - template->bound_at) < 0 ? 0 : template;
}

/* Tells a connection's template of it. Its entry is the caller's: live and looked at, or BUSY. */
__noinline int tell_template(__u32 number, enum control_change change)
{
	struct connection_key *connection = bpf_map_lookup_elem(&connection_keys, &number);
	struct template *template;
	struct template_key key;

	if (change == CONTROL_END || change == CONTROL_SHED)
		uncount_limited(number);
	if (!connection || !(connection->flags & CONNECTION_CONTROLLED))
		return 0;
	template = template_of(connection, &key);
	if (change == CONTROL_END || change == CONTROL_SHED)
		connection->flags = 0;
	if (!template)
		return 0;
	if (change == CONTROL_ASSURE) {
		template->flags |= TEMPLATE_ASSURED;
	} else if (change == CONTROL_COUNT) {
		__sync_fetch_and_add(&template->counted, 1);
	} else if (READ_ONCE(template->connections) && __sync_fetch_and_add(&template->connections, -1) == 1 &&
		   change == CONTROL_SHED && !(template->flags & TEMPLATE_ASSURED)) {
		count_persistent(template->real_server, -1);
		bpf_map_delete_elem(&templates, &key);
	}
	return 0;
}

struct template_walk {
	__u32 recount;
	__u32 shed;
	__u32 now;
	__u32 expired;
	__u32 alive;
};

/* Connections that ended while no template of theirs was to be found would hold one for ever. */
static __always_inline void settle_count(struct template *template)
{
	if (template->counted == template->connections)
		template->drift = 0;
	else if (++template->drift >= 3)
		template->connections = template->counted, template->drift = 0;
	template->counted = 0;
}

static long sweep_template(void *map __attribute__((unused)), const struct template_key *place, struct template *template,
			   struct template_walk *walk)
{
	struct template_key key = *place;
	int sheds = walk->shed && !(template->flags & TEMPLATE_ASSURED) && !template->connections;
	__u32 id = template->real_server;

	if (walk->recount)
		settle_count(template);
	if (template_lives(template, walk->now) && !(sheds && !(bpf_get_prandom_u32() & 31))) {
		struct live_count *total = bpf_map_lookup_elem(&recount, &id);

		walk->alive++;
		if (total && walk->recount)
			total->persistent++;
		return 0;
	}
	if (!bpf_map_delete_elem(&templates, &key)) {
		count_persistent(id, -1);
		walk->expired++;
	}
	return 0;
}
