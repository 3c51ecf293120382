// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The outer end of a director's cable: `inject` sends a frame in, `capture`
 * takes what comes out.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MAX_FRAME 2044

struct record {
	__u32 length;
	__u8 frame[MAX_FRAME];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} captured SEC(".maps");

SEC("xdp")
int inject(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_TX;
}

SEC("xdp")
int capture(struct xdp_md *ctx)
{
	__u64 length = bpf_xdp_get_buff_len(ctx);
	struct record *record;

	if (length < 14 || length > MAX_FRAME)
		return XDP_DROP;
	record = bpf_ringbuf_reserve(&captured, sizeof(*record), 0);
	if (!record)
		return XDP_ABORTED;
	record->length = length;
	if (bpf_xdp_load_bytes(ctx, 0, record->frame, length))
		bpf_ringbuf_discard(record, 0);
	else
		bpf_ringbuf_submit(record, 0);
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual MIT/GPL";
