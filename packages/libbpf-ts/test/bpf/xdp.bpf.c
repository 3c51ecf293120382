/* SPDX-License-Identifier: MIT */
/* Programs for attachment and test runs. */
#include "common.h"

const volatile __u32 verdict = XDP_PASS;

SEC("xdp")
int configured(struct xdp_md *ctx)
{
	return verdict;
}

SEC("xdp")
int drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

/* Writes into the packet's first byte and grows it by four bytes at its head. */
SEC("xdp")
int mark(struct xdp_md *ctx)
{
	if (bpf_xdp_adjust_head(ctx, -4))
		return XDP_ABORTED;
	__u8 *data = (void *)(long)ctx->data;
	if ((void *)(data + 4) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	data[0] = ctx->rx_queue_index;
	data[1] = data[2] = data[3] = 0xee;
	return XDP_TX;
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} runs SEC(".maps");

SEC("xdp")
int count_runs(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&runs, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_DROP;
}

/* Not XDP. */
SEC("syscall")
int whoami(void *ctx)
{
	return 0;
}

LICENSE;
