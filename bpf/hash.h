/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Two hashes.
 *
 * flow_hash: where a connection stands in the table. Multilinear-HM (Lemire and
 * Kaser, "Strongly universal string hashing is fast", 2014) over 32-bit words
 * with a secret 64-bit key per word: the upper 33 bits are strongly universal,
 * so without the key nobody can do better than chance at making two flows
 * collide. Two independent instances give the bucket and the tag.
 *
 * mh_hash: the kernel's hsiphash (SipHash-1-3) of one 32-bit word, with the
 * fixed keys of net/netfilter/ipvs/ip_vs_mh.c: the placement of `mh` is the
 * kernel's.
 */
#pragma once

#include "common.h"
#include "parse.h"

struct flow_hash {
	__u32 bucket;
	__u32 tag;  /* 1 to 2^26 - 1 */
	__u32 ring; /* 32 uniform bits for the fallback ring */
};

#define KEYS_PER_HASH 12

/* Words are zero-extended to 64 bits; two of them cost one multiplication. */
static __always_inline __u64 multilinear4(const __u64 *key, const __u32 *word)
{
	return key[0] + (key[1] + word[0]) * (key[2] + word[1]) + (key[3] + word[2]) * (key[4] + word[3]);
}

static __always_inline __u64 multilinear10(const __u64 *key, const __u32 *word)
{
	return multilinear4(key, word) + (key[5] + word[4]) * (key[6] + word[5]) +
	       (key[7] + word[6]) * (key[8] + word[7]) + (key[9] + word[8]) * (key[10] + word[9]);
}

static __always_inline struct flow_hash flow_hash(const struct settings *settings, const struct packet *packet,
						  __u32 service)
{
	__u32 ports = (__u32)packet->source_port << 16 | packet->destination_port;
	const __u64 *key = settings->hash_key;
	struct flow_hash hash;
	__u64 place, tag;

	if (packet->family == FAMILY_IPV4) {
		__u32 word[4] = {packet->source.word[0], packet->destination.word[0], ports, service};

		place = multilinear4(key, word);
		tag = multilinear4(key + KEYS_PER_HASH, word);
	} else {
		__u32 word[10] = {packet->source.word[0],      packet->source.word[1],
				  packet->source.word[2],      packet->source.word[3],
				  packet->destination.word[0], packet->destination.word[1],
				  packet->destination.word[2], packet->destination.word[3],
				  ports,		       service};

		place = multilinear10(key, word);
		tag = multilinear10(key + KEYS_PER_HASH, word);
	}
	hash.bucket = (place >> 32) & settings->bucket_mask;
	hash.ring = place >> 32;
	hash.tag = tag >> ENTRY_TAG_SHIFT;
	if (!hash.tag)
		hash.tag = 1;
	return hash;
}

/*
 * The other candidate bucket. Derived from bucket and tag alone (a cuckoo
 * filter's partial key), so that two connections of one tag that share one
 * candidate share both: whoever scans both buckets meets every rival.
 */
static __always_inline __u32 other_bucket(const struct settings *settings, __u32 bucket, __u32 tag)
{
	return bucket ^ (((tag * 0x9E3779B1u >> 5) & settings->bucket_mask) | 1);
}

#define ROTATE(x, bits) ((x) << (bits) | (x) >> (64 - (bits)))

struct sip {
	__u64 v0, v1, v2, v3;
};

static __always_inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = ROTATE(s->v1, 13) ^ s->v0;
	s->v0 = ROTATE(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = ROTATE(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = ROTATE(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = ROTATE(s->v1, 17) ^ s->v2;
	s->v2 = ROTATE(s->v2, 32);
}

#define MH_KEY 2654435761ULL

static __always_inline __u32 mh_hash(__u32 value)
{
	__u64 block = 4ULL << 56 | value;
	struct sip s = {
		.v0 = 0x736f6d6570736575ULL ^ MH_KEY,
		.v1 = 0x646f72616e646f6dULL ^ MH_KEY,
		.v2 = 0x6c7967656e657261ULL ^ MH_KEY,
		.v3 = 0x7465646279746573ULL ^ MH_KEY,
	};

	s.v3 ^= block;
	sip_round(&s);
	s.v0 ^= block;
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
