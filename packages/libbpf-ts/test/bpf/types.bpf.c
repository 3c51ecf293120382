/* SPDX-License-Identifier: MIT */
/* One map for every way that a C type can become a JavaScript value. */
#include "common.h"

typedef _Bool bool;

struct scalars {
	__u8 u8;
	__s8 s8;
	__u16 u16;
	__s16 s16;
	__u32 u32;
	__s32 s32;
	__u64 u64;
	__s64 s64;
	__be16 be16;
	__be32 be32;
	__be64 be64;
	bool yes;
	double ratio;
	void *pointer;
};

enum colour { RED, GREEN = 5, BLUE };
enum temperature { COLD = -3, WARM = 20 };

struct inner {
	__u16 a;
	__u16 b;
};

struct nested {
	enum colour colour;
	enum temperature temperature;
	__u8 mac[6];
	char name[10];
	__u32 list[3];
	struct inner pairs[2];
	__be16 tags[2];
	__u32 pad[2];
};

struct folded {
	__u8 family;
	__u8 reserved;
	union {
		__be32 v4;
		__u8 v6[16];
		struct {
			__u32 low;
			__u32 high;
		};
	};
	struct {
		__u16 port;
	};
	union {
		__u32 word;
		__u8 bytes[4];
	} named;
};

struct bits {
	__u32 three : 3;
	__u32 : 2;
	__u32 seven : 7;
	__s32 negative : 5;
	__u32 after;
	__u64 wide : 40;
	bool flag : 1;
};

#define MAP(NAME, TYPE)                              \
	struct {                                     \
		__uint(type, BPF_MAP_TYPE_HASH);     \
		__uint(max_entries, 16);             \
		__type(key, __u32);                  \
		__type(value, TYPE);                 \
	} NAME SEC(".maps")

MAP(scalars, struct scalars);
MAP(nested, struct nested);
MAP(folded, struct folded);
MAP(bits, struct bits);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__uint(key_size, 6);
	__uint(value_size, 4);
} untyped SEC(".maps");

/* Variables of every section. */
const volatile __u32 limit = 7;
const volatile __u64 secret[2] = {1, 2};
const volatile struct inner pair = {3, 4};
const volatile bool enabled;
__u32 counter = 40;
__u64 zeroed;

SEC("xdp")
int use_all(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct scalars *value = bpf_map_lookup_elem(&scalars, &key);

	counter += limit;
	zeroed += secret[1] + pair.b;
	if (enabled && value)
		return XDP_DROP;
	return bpf_map_lookup_elem(&nested, &key) && bpf_map_lookup_elem(&folded, &key) &&
			       bpf_map_lookup_elem(&bits, &key)
		       ? XDP_TX
		       : XDP_PASS;
}

LICENSE;
