// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* For stress.test.ts: runs before the program under test on two CPUs at once (lockstep.h). */
#include "lockstep.h"

#define FRAME_LEAST 72

/* One cache line a CPU. */
struct member {
	__u64 packets; /* how far this CPU is */
	__u64 met;     /* packets before which both stood at the same place */
	__u64 pad[6];
};

struct {
	struct member member[CPUS];
	__u64 ethernet[2]; /* bytes 0 to 7 and 6 to 13 of the frame */
	__u64 network;	   /* bytes 18 to 25 */
	__u64 seed;	   /* of the order of flows; 0: one after another */
	__u32 length;	   /* of the frame */
	__u32 mask;	   /* flows - 1 */
	__u32 family;	   /* 4 or 6 */
	__u32 pad;
	__u64 flags;	   /* eight bytes of TCP flags, packet n gets byte n % 8; 0: leave them */
} state __attribute__((aligned(64))) = {};

static __always_inline int restore(struct xdp_md *ctx)
{
	void *data, *end;

	if (restore_length(ctx, state.length))
		return -1;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + FRAME_LEAST > end)
		return -1;
	*(__u64 *)data = state.ethernet[0];
	*(__u64 *)(data + 6) = state.ethernet[1];
	*(__u64 *)(data + 18) = state.network;
	return 0;
}

static __always_inline void write_flow(void *data, __u32 flow, __u8 flags)
{
	__u32 source = flow * 0x9E3779B1u;
	__u32 ports = state.family == 4 ? 34 : 54;

	*(__u32 *)(data + (state.family == 4 ? 26 : 34)) = source;
	*(__be16 *)(data + ports) = bpf_htons(1024u + (flow & 0x7fff));
	if (flags)
		*(__u8 *)(data + ports + 13) = flags;
}

SEC("xdp")
int lockstep(struct xdp_md *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id() % CPUS;
	void *data, *end;
	__u64 number;

	number = ++state.member[cpu].packets;
	if (restore(ctx))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + FRAME_LEAST > end)
		return XDP_ABORTED;
	write_flow(data, flow_of(number, state.seed, state.mask), state.flags >> (number % 8 * 8));
	state.member[cpu].met += meet(&state.member[1 - cpu].packets, number);
	bpf_tail_call(ctx, &target, 0);
	return XDP_ABORTED;
}

char _license[] SEC("license") = "Dual MIT/GPL";
