/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The data plane's clock: whole seconds since some moment before boot, from
 * jiffies (0.2 ns to read; ktime costs 27). Everything that knows time reads it
 * here, so that tests can move it with settings.clock_offset.
 */
#pragma once

#include "common.h"

static __always_inline __u32 clock_seconds(const struct settings *settings)
{
	return (__u32)((bpf_jiffies64() * settings->jiffy_scale) >> 24) + settings->clock_offset;
}

/* Deadlines are seconds modulo 2^16; they lie at most 32767 s ahead. */
static __always_inline int deadline_passed(__u16 deadline, __u32 now)
{
	return (__s16)(deadline - (__u16)now) <= 0;
}

/* The same for full seconds; 0 means never set. */
static __always_inline int still_before(__u32 until, __u32 now)
{
	return until && (__s32)(until - now) > 0;
}
