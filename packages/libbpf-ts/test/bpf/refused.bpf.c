/* SPDX-License-Identifier: MIT */
/* A program that the verifier refuses: it reads a packet without looking at its end. */
#include "common.h"

SEC("xdp")
int careless(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;

	return data[100] == 1 ? XDP_DROP : XDP_PASS;
}

LICENSE;
