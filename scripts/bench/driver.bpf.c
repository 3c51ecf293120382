// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Runs before the program under test, for every repeat of a test run: puts the
 * frame back as it was (BPF_PROG_TEST_RUN undoes nothing), makes it another
 * flow's, and tail-calls the program, which is none the wiser.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum order {
	ORDER_SAME = 0,	    /* the packet as it is */
	ORDER_RANDOM = 1,   /* one of mask + 1 flows */
	ORDER_SEQUENCE = 2, /* a new flow every time */
	ORDER_OPEN = 3,	    /* in sequence, a SYN and then an ACK of each flow */
};

#define FRAME_LEAST 72 /* bytes of every frame that may be read or written */

/* Written by the bench between runs, read back after them. */
struct {
	__u64 random;	/* state of a xorshift generator; not 0 */
	__u64 packets;	/* runs so far */
	__u64 limit;	/* runs in all: when to read the clock again */
	__u64 first_ns; /* clock at the first run and at the last */
	__u64 last_ns;
	__u64 aborted;	/* runs whose frame could not be put back */
	__u64 ethernet[2]; /* bytes 0 to 7 and 6 to 13 of the frame */
	__u64 network;	/* bytes 18 to 25: where TTL, hop limit and checksum stand */
	__u32 length;	/* of the frame */
	__u32 order;	/* enum order */
	__u32 mask;
	__u32 next;	/* flow number, ORDER_SEQUENCE and ORDER_OPEN */
	__u32 family;	/* 4 or 6: where addresses and ports stand */
	__u32 whole;	/* the program writes more than that: all of `head` is put back */
	__u64 head[FRAME_LEAST / 8];
} state __attribute__((aligned(64))) = {};

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 1);
} target SEC(".maps");

#define FLAG_SYN 0x02
#define FLAG_ACK 0x10

static __always_inline int restore(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	int extra = (int)(end - data) - (int)state.length;

	if (extra && bpf_xdp_adjust_head(ctx, extra))
		return -1;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + FRAME_LEAST > end)
		return -1;
	if (state.whole) {
#pragma unroll
		for (int i = 0; i < FRAME_LEAST / 8; i++)
			((__u64 *)data)[i] = state.head[i];
		return 0;
	}
	*(__u64 *)data = state.ethernet[0];
	*(__u64 *)(data + 6) = state.ethernet[1];
	*(__u64 *)(data + 18) = state.network;
	return 0;
}

static __always_inline __u32 choose_flow(void)
{
	__u64 x = state.random;

	if (state.order != ORDER_RANDOM)
		return state.next++;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	state.random = x;
	return (__u32)(x >> 20) & state.mask;
}

/* Flow i has another source address than every other flow: the multiplier is odd. */
static __always_inline void write_flow(void *data, __u32 i)
{
	__u32 source = i * 0x9E3779B1u;
	__be16 port = bpf_htons(1024u + ((i * 40503u) & 0x7fffu));

	if (state.family == 4) {
		*(__u32 *)(data + 26) = source;
		*(__be16 *)(data + 34) = port;
	} else {
		*(__u32 *)(data + 34) = source; /* the last word */
		*(__be16 *)(data + 54) = port;
	}
}

static __always_inline void write_flags(void *data, __u8 flags)
{
	if (state.family == 4)
		*(__u8 *)(data + 47) = flags;
	else
		*(__u8 *)(data + 67) = flags;
}

SEC("xdp")
int driver(struct xdp_md *ctx)
{
	__u64 number = ++state.packets;
	void *data, *end;

	if (number == 1)
		state.first_ns = bpf_ktime_get_ns();
	else if (number == state.limit)
		state.last_ns = bpf_ktime_get_ns();
	if (restore(ctx))
		goto aborted;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + FRAME_LEAST > end)
		goto aborted;
	if (state.order != ORDER_SAME) {
		__u32 i = choose_flow();

		write_flow(data, state.order == ORDER_OPEN ? i >> 1 : i);
		if (state.order == ORDER_OPEN)
			write_flags(data, i & 1 ? FLAG_ACK : FLAG_SYN);
	}
	bpf_tail_call(ctx, &target, 0);
aborted:
	state.aborted++;
	return XDP_ABORTED;
}

char _license[] SEC("license") = "Dual MIT/GPL";
