/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Services that one CPU has looked up lately, by what their packets are addressed to:
 * a copy in an array costs a quarter of what the hash map asks for. Copies count for one epoch;
 * the controller begins another with every change of `services`, and lines that a
 * replaced service named rest for a second before they are written again.
 */
#pragma once

#include "common.h"
#include "parse.h"

static __always_inline int same_service_key(const struct service_key *a, const struct service_key *b)
{
	const __u64 *x = (const void *)a, *y = (const void *)b;

	return x[0] == y[0] && x[1] == y[1] && *(const __u32 *)(x + 2) == *(const __u32 *)(y + 2);
}

static __always_inline __u32 cache_slot(const struct service_key *key)
{
	const __u64 *word = (const void *)key;
	__u64 mixed = word[0] ^ word[1] ^ (__u64)*(const __u32 *)(word + 2) << 32;

	return mixed * 0x9E3779B97F4A7C15ULL >> (64 - SERVICE_CACHE_BITS);
}

static __always_inline __u32 service_epoch_now(void)
{
	__u32 zero = 0, *epoch = bpf_map_lookup_elem(&service_epoch, &zero);

	return epoch ? READ_ONCE(*epoch) : 0;
}

/* Whether a copy may take a slot: of many keys that nobody meant to serve, few push out what is in use. */
static __always_inline int may_remember(const struct cached_service *cached, __u32 epoch, enum cached_kind kind)
{
	return kind == CACHED_EXACT || cached->epoch != epoch || !(bpf_get_prandom_u32() & 15);
}

/*
 * `service`: of packets with the key `key`, 0: none; `own`: its own key. `epoch`: read
 * before it was looked up, so that a change meanwhile ends the copy's time.
 */
static __noinline void remember_service(struct cached_service *cached, const struct service *service,
					const struct service_key *key, const struct service_key *own, __u32 epoch)
{
	enum cached_kind kind = !service ? CACHED_NONE : same_service_key(key, own) ? CACHED_EXACT : CACHED_OTHER;

	if (!may_remember(cached, epoch, kind))
		return;
	cached->epoch = 0;
	barrier();
	if (service)
		cached->service = *service;
	cached->key = *key;
	cached->kind = kind;
	barrier();
	/* An element that was replaced under the copy belongs to another service by now: see service_is_still. */
	if (!service || (same_service_key(&service->key, own) && same_service_key(&cached->service.key, own)))
		cached->epoch = epoch;
}
