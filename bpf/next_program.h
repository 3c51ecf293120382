/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The way from a program that is attached to the one that translates (xlb.bpf.c).
 * These maps belong to a set of programs and not to the pinned data plane: each
 * version goes on to its own.
 */
#pragma once

#include "nat_job.h"
#include "stats.h"

/* Where `xlb` goes on to: `xlb_nat`, or nothing where no real server is of NAT. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next_program SEC(".maps");

/* The same of `xlb_frags`: programs for whole frames and those for fragments cannot go on to each other. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next_program_frags SEC(".maps");

static __always_inline int go_on(struct xdp_md *ctx, void *next, __u32 task)
{
	struct nat_job *job = get_nat_job();

	if (!job)
		return XDP_DROP;
	job->task = task;
	bpf_tail_call(ctx, next, 0);
	/* It is there before the first real server of NAT is: without it there are no replies, and no such requests. */
	if (!(task & TASK_REQUEST))
		return XDP_PASS;
	count(drop_untranslated);
	return XDP_DROP;
}
