/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Ones'-complement sums of 16-bit words as they are loaded (RFC 1071: byte order does not matter). */
#pragma once

#include "common.h"

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* RFC 1624: one less in the TTL, the upper byte of its word. */
static __always_inline void decrement_ttl(struct iphdr *ip)
{
	__u32 check = ip->check + bpf_htons(0x0100);

	ip->check = check + (check >= 0xffff);
	ip->ttl--;
}

/* The checksum field of an IPv4 header without options whose field is 0. */
static __always_inline __u16 ipv4_checksum(struct iphdr *ip)
{
	__u16 *word = (__u16 *)ip;
	__u64 sum = 0;

#pragma unroll
	for (int i = 0; i < (int)sizeof(*ip) / 2; i++)
		sum += word[i];
	return ~fold(sum);
}
