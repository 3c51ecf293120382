/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* From a packet to its virtual service. */
#pragma once

#include "common.h"
#include "mark.h"
#include "parse.h"
#include "service_cache.h"

/*
 * 0: certainly no VIP. The bitmap keeps what is not ours away from the hash
 * look-ups. A wrong 1 costs only those, so this hash needs no secret.
 */
static __always_inline int filter_has(__u32 first_word, __u32 folded_address)
{
	__u32 bit = folded_address * 0x9E3779B1u >> 16;
	__u32 word = first_word + (bit >> 6);
	__u64 *bits = bpf_map_lookup_elem(&vip_filter, &word);

	return bits && *bits >> (bit & 63) & 1;
}

static __always_inline int wide_filter_has_ipv4(__be32 address)
{
	__u32 bit = address & 0xffff, word = WIDE_FILTER_IPV4 + (bit >> 6);
	__u64 *bits = bpf_map_lookup_elem(&vip_filter, &word);

	return bits && *bits >> (bit & 63) & 1;
}

static __always_inline int wide_filter_has_ipv6(const struct address *address)
{
	return filter_has(WIDE_FILTER_IPV6, address->word[0] ^ (address->word[1] & 0xffff));
}

#define FTP_PORT bpf_htons(21)
#define FTP_DATA_PORT bpf_htons(20)
#define FIRST_HIGH_PORT 1024

/* Ports that FTP's data connections may go to. */
static __always_inline int may_be_ftp_data(const struct service_key *key)
{
	struct settings *settings = get_settings();

	return settings && settings->options & OPTION_FTP && key->protocol == IPPROTO_TCP &&
	       (key->port == FTP_DATA_PORT || bpf_ntohs(key->port) >= FIRST_HIGH_PORT);
}

/*
 * The key of a packet's service, in words as wide as the hash and the comparison
 * read them: narrower stores would have to leave the store buffer first.
 */
static __always_inline void write_service_key(struct service_key *key, const struct packet *packet, int family)
{
	__u64 *word = (void *)key;
	__u32 *last = (void *)(word + 2);

	if (family == FAMILY_IPV4) {
		word[0] = packet->destination.word[0];
		word[1] = 0;
	} else {
		word[0] = packet->destination.word[0] | (__u64)packet->destination.word[1] << 32;
		word[1] = packet->destination.word[2] | (__u64)packet->destination.word[3] << 32;
	}
	*last = packet->destination_port | (__u32)packet->protocol << 16 | (__u32)family << 24;
}

/* The same off the hot path, with less stack. */
static __always_inline void make_service_key(const struct packet *packet, struct service_key *key)
{
	key->address = packet->destination;
	key->port = packet->destination_port;
	key->protocol = packet->protocol;
	key->family = packet->family;
}

static __always_inline void write_mark_key(struct service_key *key, __u32 mark, __u8 family)
{
	__u64 *word = (void *)key;
	__u32 *last = (void *)(word + 2);

	word[0] = bpf_htonl(mark);
	word[1] = 0;
	*last = (__u32)family << 24;
}

/* IPVS's order: the mark's, the exact port's, FTP's for the ports of data connections, then that of port 0. */
static __noinline struct service *look_up_service(struct service_key *key, const struct address *source,
						  struct cached_service *cached, __u32 epoch)
{
	struct service_key own SERVICE_KEY_ALIGNED;
	__u64 mark = find_mark(key, source);
	struct service *service = 0;

	if ((__u32)mark) {
		write_mark_key(&own, mark, key->family);
		service = bpf_map_lookup_elem(&services, &own);
	}
	if (!service) {
		own = *key;
		service = bpf_map_lookup_elem(&services, &own);
	}
	if (!service && may_be_ftp_data(key)) {
		own.port = FTP_PORT;
		service = bpf_map_lookup_elem(&services, &own);
	}
	if (!service) {
		own.port = 0;
		service = bpf_map_lookup_elem(&services, &own);
	}
	if (mark & MARK_BY_SOURCE && epoch)
		remember_of_source(service, key, &own, source, (mark & ~(MARK_BY_SOURCE | 0xffffffff)) | epoch);
	else if (cached && epoch)
		remember_service(cached, service, key, &own, epoch);
	*key = own;
	return service;
}

/* `key`: the packet's; becomes the service's own. */
static __always_inline struct service *find_service(struct service_key *key, const struct address *source)
{
	__u32 slot = cache_slot(key), epoch = service_epoch_now();
	struct cached_service *cached = bpf_map_lookup_elem(&service_cache, &slot);

	if (likely(cached && cached->epoch == epoch && same_service_key(&cached->key, key))) {
		if (likely(cached->kind == CACHED_EXACT))
			return &cached->service;
		if (cached->kind == CACHED_BY_SOURCE)
			cached = find_of_source(key, source, cached, slot, epoch);
		if (cached && cached->kind == CACHED_NONE)
			return 0;
		if (cached) {
			*key = cached->service.key;
			return &cached->service;
		}
	}
	return look_up_service(key, source, cached, epoch);
}

/*
 * An element that was replaced twice while it was being read belongs to another
 * service by now. Its key is written before the rest of it; comparing the key
 * last therefore proves that everything read before was this service's.
 */
static __always_inline int service_is_still(const struct service *service, const struct service_key *key)
{
	barrier();
	return same_service_key(&service->key, key);
}

static __always_inline struct real_server *get_real_server(const struct service *service, __u32 index)
{
	__u32 line = service->schedule + index;

	if (index >= service->slot_count)
		return 0;
	return bpf_map_lookup_elem(&schedules, &line); /* the member `server` of the line */
}

/* By NAT or fullnat: its answers pass the director, and its connections all have entries. */
static __always_inline int is_translated(const struct real_server *server)
{
	return server->method >= METHOD_NAT;
}
