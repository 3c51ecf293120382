/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Services that one CPU has looked up lately, by what their packets are addressed to:
 * a copy in an array costs a quarter of what the hash map asks for. Copies count for one epoch;
 * the controller begins another with every change of `services`, and lines that a
 * replaced service named rest for a second before they are written again.
 *
 * Where the mark of a packet depends on its source, the copy under its key says just
 * that, and by which bits; another copy, under the key and those bits, has the service:
 *
 *   key -> CACHED_BY_SOURCE, mask --key, source & mask--> service
 */
#pragma once

#include "common.h"
#include "mark.h"
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

static __always_inline __u64 two_words(const __be32 *word)
{
	return word[0] | (__u64)word[1] << 32;
}

/*
 * The first of two slots, of which the other has another lowest bit. `slot`: that of the
 * key, where no copy of a source may stand: it would be taken for that of all.
 */
static __always_inline __u32 source_slot(__u32 slot, __u64 high, __u64 low)
{
	__u64 mixed = (high ^ low << 32 ^ low >> 32) + 1;
	__u32 away = mixed * 0x9E3779B97F4A7C15ULL >> (64 - SERVICE_CACHE_BITS);

	return slot ^ (away > 1 ? away : 2);
}

/*
 * The copy for a packet with this key, of which `marker`, in the slot `slot`, says that
 * its source tells; 0: there is none.
 */
static __always_inline struct cached_service *find_of_source(const struct service_key *key, const struct address *source,
							     const struct cached_service *marker, __u32 slot, __u32 epoch)
{
	__u64 high = two_words(source->word) & marker->source[0], low = two_words(source->word + 2) & marker->source[1];
	struct cached_service *copy;

	slot = source_slot(slot, high, low);
#pragma unroll
	for (int way = 0; way < 2; way++) {
		copy = bpf_map_lookup_elem(&service_cache, &slot);
		if (copy && copy->epoch == epoch && copy->source[0] == high && copy->source[1] == low &&
		    same_service_key(&copy->key, key))
			return copy;
		slot ^= 1;
	}
	return 0;
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

/* Of 64 bits of an address, as two_words reads them, the first `length`. */
static __always_inline __u64 mask_of(__u32 length)
{
	return length >= 64 ? ~0ULL : length ? bpf_cpu_to_be64(~0ULL << (64 - length)) : 0;
}

/* Answers the slot of the key. */
static __always_inline __u32 mark_as_by_source(const struct service_key *key, __u64 high, __u64 low, __u32 epoch)
{
	__u32 slot = cache_slot(key);
	struct cached_service *marker = bpf_map_lookup_elem(&service_cache, &slot);

	if (!marker || (marker->epoch == epoch && marker->kind == CACHED_BY_SOURCE && same_service_key(&marker->key, key)))
		return slot;
	marker->epoch = 0;
	barrier();
	marker->key = *key;
	marker->kind = CACHED_BY_SOURCE;
	marker->source[0] = high;
	marker->source[1] = low;
	barrier();
	marker->epoch = epoch;
	return slot;
}

/*
 * As remember_service, of packets whose source tells by its first bits. `when`: the epoch,
 * and from bit MARK_LENGTH_SHIFT on how many. Global, so that it is verified once.
 */
__noinline int remember_of_source(const struct service *service, const struct service_key *key, const struct service_key *own,
				  const struct address *source, __u64 when)
{
	__u32 epoch = when, length = when >> MARK_LENGTH_SHIFT, slot;
	__u64 high = mask_of(length), low = mask_of(length > 64 ? length - 64 : 0);
	struct cached_service *copy;

	if (!key || !own || !source)
		return 0;
	slot = mark_as_by_source(key, high, low, epoch);
	high &= two_words(source->word);
	low &= two_words(source->word + 2);
	slot = source_slot(slot, high, low);
	copy = bpf_map_lookup_elem(&service_cache, &slot);
	if (copy && copy->epoch == epoch && bpf_get_prandom_u32() & 1) {
		slot ^= 1;
		copy = bpf_map_lookup_elem(&service_cache, &slot);
	}
	if (!copy || !may_remember(copy, epoch, CACHED_OTHER))
		return 0;
	copy->epoch = 0;
	barrier();
	if (service)
		copy->service = *service;
	copy->key = *key;
	copy->kind = service ? CACHED_OTHER : CACHED_NONE;
	copy->source[0] = high;
	copy->source[1] = low;
	barrier();
	if (!service || (same_service_key(&service->key, own) && same_service_key(&copy->service.key, own)))
		copy->epoch = epoch;
	return 0;
}
