// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Stands at the switch-side ends of a client's and a director's port where the
 * kernel has no VLAN devices. What the client sends over TCP gets tags; what the
 * director sends over TCP must have exactly these, and loses them.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define INNER_TAG 100
#define OUTER_TAG 200

struct tag {
	__be16 protocol;
	__be16 tci;
};

/* Of an untagged frame. */
static __always_inline int is_tcp(void *frame, void *end)
{
	struct ethhdr *ethernet = frame;
	struct iphdr *ip4 = (void *)(ethernet + 1);
	struct ipv6hdr *ip6 = (void *)(ethernet + 1);

	if ((void *)(ip4 + 1) > end)
		return 0;
	if (ethernet->h_proto == bpf_htons(ETH_P_IP))
		return ip4->protocol == IPPROTO_TCP;
	if (ethernet->h_proto != bpf_htons(ETH_P_IPV6) || (void *)(ip6 + 1) > end)
		return 0;
	return ip6->nexthdr == IPPROTO_TCP;
}

static __always_inline int push(struct xdp_md *ctx, int count)
{
	struct tag tags[2] = {
		{ bpf_htons(ETH_P_8021AD), bpf_htons(OUTER_TAG) },
		{ bpf_htons(ETH_P_8021Q), bpf_htons(INNER_TAG) },
	};
	int length = count * sizeof(struct tag);
	__u8 addresses[2 * ETH_ALEN];
	void *frame, *end;

	if (!is_tcp((void *)(long)ctx->data, (void *)(long)ctx->data_end))
		return XDP_PASS;
	if (bpf_xdp_load_bytes(ctx, 0, addresses, sizeof(addresses)) ||
	    bpf_xdp_adjust_head(ctx, -length))
		return XDP_ABORTED;
	frame = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (frame + sizeof(addresses) + length > end)
		return XDP_ABORTED;
	__builtin_memcpy(frame, addresses, sizeof(addresses));
	__builtin_memcpy(frame + sizeof(addresses), &tags[2 - count], length);
	return XDP_PASS;
}

static __always_inline int pop(struct xdp_md *ctx, int count)
{
	int length = count * sizeof(struct tag);
	void *frame = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct tag *tag = frame + 2 * ETH_ALEN;
	__u8 addresses[2 * ETH_ALEN];

	if ((void *)(tag + 2) > end || is_tcp(frame, end))
		return XDP_DROP;
	if (tag->protocol != bpf_htons(count == 2 ? ETH_P_8021AD : ETH_P_8021Q))
		return XDP_PASS;
	if (tag->tci != bpf_htons(count == 2 ? OUTER_TAG : INNER_TAG))
		return XDP_DROP;
	if (count == 2 && (tag[1].protocol != bpf_htons(ETH_P_8021Q) || tag[1].tci != bpf_htons(INNER_TAG)))
		return XDP_DROP;
	__builtin_memcpy(addresses, frame, sizeof(addresses));
	if (bpf_xdp_adjust_head(ctx, length))
		return XDP_ABORTED;
	frame = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (frame + sizeof(addresses) > end)
		return XDP_ABORTED;
	__builtin_memcpy(frame, addresses, sizeof(addresses));
	return XDP_PASS;
}

SEC("xdp")
int push_one(struct xdp_md *ctx)
{
	return push(ctx, 1);
}

SEC("xdp")
int push_two(struct xdp_md *ctx)
{
	return push(ctx, 2);
}

SEC("xdp")
int pop_one(struct xdp_md *ctx)
{
	return pop(ctx, 1);
}

SEC("xdp")
int pop_two(struct xdp_md *ctx)
{
	return pop(ctx, 2);
}

char _license[] SEC("license") = "Dual MIT/GPL";
