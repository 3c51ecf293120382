/* SPDX-License-Identifier: MIT */
/* One map of every type that xlb may use, and programs that touch them. */
#include "common.h"

struct value {
	__u64 count;
	__u32 sum;
	__u8 note[3];
};

#define VALUES(NAME, TYPE, ENTRIES, FLAGS)    \
	struct {                              \
		__uint(type, TYPE);           \
		__uint(max_entries, ENTRIES); \
		__uint(map_flags, FLAGS);     \
		__type(key, __u32);           \
		__type(value, struct value);  \
	} NAME SEC(".maps")

VALUES(hash, BPF_MAP_TYPE_HASH, 64, 0);
VALUES(array, BPF_MAP_TYPE_ARRAY, 64, 0);
VALUES(shared, BPF_MAP_TYPE_ARRAY, 64, BPF_F_MMAPABLE);
VALUES(lru, BPF_MAP_TYPE_LRU_HASH, 64, 0);
VALUES(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, 64, 0);
VALUES(percpu_array, BPF_MAP_TYPE_PERCPU_ARRAY, 64, 0);
VALUES(lru_percpu, BPF_MAP_TYPE_LRU_PERCPU_HASH, 64, 0);

struct inner_array {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_INNER_MAP);
	__type(key, __u32);
	__type(value, __u32);
} first_inner SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner_array);
} array_of_maps SEC(".maps") = {
	.values = {&first_inner},
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner_array);
} hash_of_maps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} devmap SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} programs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 3;
	struct value *value = bpf_map_lookup_elem(&shared, &key);

	if (value)
		value->count++;
	value = bpf_map_lookup_elem(&percpu_array, &key);
	if (value)
		value->count++;
	return XDP_PASS;
}

SEC("xdp")
int read_inner(struct xdp_md *ctx)
{
	__u32 key = 0;
	void *inner = bpf_map_lookup_elem(&array_of_maps, &key);
	__u32 *value = inner ? bpf_map_lookup_elem(inner, &key) : 0;

	return value ? *value : 1000;
}

SEC("xdp")
int jump(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &programs, 1);
	return 99;
}

struct send_arguments {
	__u32 count;
	__u32 sent;
};

/* Writes `count` records, each with its number; says how many the ring took. */
SEC("syscall")
int send(struct send_arguments *arguments)
{
	for (__u32 i = 0; i < 4096; i++) {
		if (i >= arguments->count)
			break;
		__u32 record = i;

		if (bpf_ringbuf_output(&events, &record, sizeof(record), 0) == 0)
			arguments->sent++;
	}
	return arguments->sent;
}

/* Of the programs that may be test-run, only these may be told where. */
SEC("raw_tp/sys_enter")
int which_cpu(void *ctx)
{
	return bpf_get_smp_processor_id();
}

LICENSE;
