/* SPDX-License-Identifier: MIT */
/* A program that the verifier takes tens of milliseconds for: it walks through every turn of the loop. */
#include "common.h"

SEC("xdp")
int patient(struct xdp_md *ctx)
{
	__u32 sum = ctx->ingress_ifindex;

	for (__u32 i = 0; i < 40000; i++) {
		sum += i ^ (sum << 1);
		asm volatile("" : "+r"(sum));
	}
	return sum & 1 ? XDP_DROP : XDP_PASS;
}

LICENSE;
