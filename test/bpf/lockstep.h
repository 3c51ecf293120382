/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Two CPUs wait for each other before every packet, so that both give the program
 * under test the same flow at the same moment; without that, two processes hardly
 * ever meet inside a program that takes a fraction of a microsecond.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define CPUS 2
/* Checks before a CPU goes on alone: the other may be off its processor for long. */
#define PATIENCE 4000

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 1);
} target SEC(".maps");

struct wait {
	volatile __u64 *other;
	__u64 number;
	__u64 met;
};

static long look(__u32 i __attribute__((unused)), struct wait *wait)
{
	wait->met = *wait->other >= wait->number;
	return wait->met;
}

/* Whether the other CPU stands at packet `number`, too; `other`: how far it is. */
static __always_inline __u64 meet(volatile __u64 *other, __u64 number)
{
	struct wait wait = {.other = other, .number = number};

	bpf_loop(PATIENCE, look, &wait, 0);
	return wait.met;
}

static __always_inline __u64 frame_size(struct xdp_md *ctx)
{
	__u64 size = (void *)(long)ctx->data_end - (void *)(long)ctx->data;

	barrier_var(size); /* or pointers are subtracted in 32 bits, which the verifier refuses */
	return size;
}

/* The frame has its first length again, whatever the program before has made of it. */
static __always_inline int restore_length(struct xdp_md *ctx, __u32 length)
{
	__u64 size = frame_size(ctx);

	return size != length ? bpf_xdp_adjust_head(ctx, (int)(size - length)) : 0;
}

/* Both CPUs come to the same flow by a number alone. Seed 0: one after another. */
static __always_inline __u32 flow_of(__u64 number, __u64 seed, __u32 mask)
{
	__u64 x = number;

	if (seed) {
		x = (x ^ seed) * 0x9E3779B97F4A7C15ULL;
		x ^= x >> 32;
	}
	return x & mask;
}
