/* SPDX-License-Identifier: MIT */
#include "common.h"

struct entry {
	__u32 first;
	__u32 second;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct entry);
} table SEC(".maps");

SEC("xdp")
int use(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&table, &key) ? XDP_DROP : XDP_PASS;
}

LICENSE;
