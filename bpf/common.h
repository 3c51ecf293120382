/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What every part of the data plane starts from. */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "types.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "packet words are loaded as little-endian"
#endif

/* "No verdict yet": a stage that returns one of these lets the next one go on. */
#define CONTINUE (-1)
#define NOT_OURS (-2)	       /* of no virtual service; it may be a reply yet */
#define TRANSLATE_REQUEST (-3) /* for a real server of NAT: nat_job has the rest */
#define CROSS_FAMILY (-4)      /* fullnat: leaves in the other family, see cross.h */

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Keeps the compiler from moving memory accesses across this point. */
#define barrier() asm volatile("" ::: "memory")

#define READ_ONCE(x) (*(volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))

static __always_inline struct settings *get_settings(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&settings, &zero);
}

static __always_inline int same_address(const struct address *a, const struct address *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1] && a->word[2] == b->word[2] &&
	       a->word[3] == b->word[3];
}
