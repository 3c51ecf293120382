// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * For real servers without an ipip device: takes the outer header off packets
 * that a director tunnelled here, and passes the inner packet up the stack.
 * Only for configured VIPs; everything else goes to the kernel untouched.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "decap_types.h"

#define MAX_VIPS 1024
#define LINK_MAX (ETH_HLEN + 8) /* two VLAN tags */
#define IPV4_FRAGMENT bpf_htons(0x3fff)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_VIPS);
	__type(key, struct decap_vip);
	__type(value, __u32);
} decap_vips SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct decap_counters);
} decap_counters SEC(".maps");

#define count(name)                                                              \
	do {                                                                     \
		__u32 zero_ = 0;                                                 \
		struct decap_counters *counters_ = bpf_map_lookup_elem(&decap_counters, &zero_); \
		if (counters_)                                                   \
			counters_->name++;                                       \
	} while (0)

/* The outer headers: where they start and end, and what is inside. */
struct outer {
	__u32 link;   /* bytes before the outer IP header */
	__u32 length; /* bytes of the outer IP header */
	__u32 packet; /* bytes of the outer IP packet */
	__u8 inner;   /* IPPROTO_IPIP or IPPROTO_IPV6 */
	__u8 over_ipv4;
};

static __always_inline int is_vlan(__be16 protocol)
{
	return protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD);
}

/* Answers the EtherType behind up to two tags, 0 where the frame is too short. */
static __always_inline __be16 read_link(void *data, void *end, __u32 *length)
{
	__be16 *type = data + 2 * ETH_ALEN;

	*length = ETH_HLEN;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		if ((void *)(type + 3) > end)
			return 0;
		if (!is_vlan(*type))
			break;
		type += 2;
		*length += 4;
	}
	return (void *)(type + 1) > end ? 0 : *type;
}

static __always_inline int read_ipv4(struct iphdr *ip, void *end, struct outer *outer)
{
	if ((void *)(ip + 1) > end || (ip->protocol != IPPROTO_IPIP && ip->protocol != IPPROTO_IPV6))
		return 0;
	outer->over_ipv4 = 1;
	outer->inner = ip->protocol;
	outer->length = ip->ihl * 4;
	outer->packet = bpf_ntohs(ip->tot_len);
	if (ip->frag_off & IPV4_FRAGMENT) {
		count(pass_fragment);
		return 0;
	}
	if (ip->version != 4 || outer->length < sizeof(*ip)) {
		count(pass_malformed);
		return 0;
	}
	return 1;
}

static __always_inline int read_ipv6(struct ipv6hdr *ip, void *end, struct outer *outer)
{
	if ((void *)(ip + 1) > end || (ip->nexthdr != IPPROTO_IPIP && ip->nexthdr != IPPROTO_IPV6))
		return 0;
	outer->over_ipv4 = 0;
	outer->inner = ip->nexthdr;
	outer->length = sizeof(*ip);
	outer->packet = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (ip->version != 6) {
		count(pass_malformed);
		return 0;
	}
	return 1;
}

/* The inner destination and length; 0 where there is no whole inner header. */
static __always_inline int read_inner(void *ip, void *end, __u8 protocol, struct decap_vip *vip, __u32 *length)
{
	if (protocol == IPPROTO_IPIP) {
		struct iphdr *v4 = ip;

		if ((void *)(v4 + 1) > end || v4->version != 4 || v4->ihl < 5)
			return 0;
		vip->word[0] = v4->daddr;
		*length = bpf_ntohs(v4->tot_len);
		return *length >= v4->ihl * 4;
	}
	struct ipv6hdr *v6 = ip;

	if ((void *)(v6 + 1) > end || v6->version != 6)
		return 0;
	__builtin_memcpy(vip, &v6->daddr, sizeof(*vip));
	*length = sizeof(*v6) + bpf_ntohs(v6->payload_len);
	return 1;
}

static __always_inline void count_family(const struct outer *outer)
{
	if (outer->over_ipv4 && outer->inner == IPPROTO_IPIP)
		count(ipv4_in_ipv4);
	else if (outer->over_ipv4)
		count(ipv6_in_ipv4);
	else if (outer->inner == IPPROTO_IPIP)
		count(ipv4_in_ipv6);
	else
		count(ipv6_in_ipv6);
}

/* Moves MACs and tags up to the inner packet and cuts off what was before. */
static __always_inline int strip(struct xdp_md *ctx, const struct outer *outer)
{
	__u8 link[LINK_MAX];
	__u32 length = outer->link;
	__be16 type = outer->inner == IPPROTO_IPIP ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);

	if (length < ETH_HLEN || length > LINK_MAX)
		return XDP_PASS;
	if (bpf_xdp_load_bytes(ctx, 0, link, length))
		return XDP_PASS;
	__builtin_memcpy(&link[length == ETH_HLEN ? 12 : length == ETH_HLEN + 4 ? 16 : 20], &type, sizeof(type));
	if (bpf_xdp_adjust_head(ctx, outer->length))
		return XDP_DROP;
	if (bpf_xdp_store_bytes(ctx, 0, link, length))
		return XDP_DROP;
	count_family(outer);
	return XDP_PASS;
}

static __always_inline int decapsulate(struct xdp_md *ctx, __u32 frame)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct outer outer = {};
	struct decap_vip vip = {};
	__be16 type = read_link(data, end, &outer.link);
	void *ip = data + outer.link;
	__u32 inner_length;

	if (type == bpf_htons(ETH_P_IP)) {
		if (!read_ipv4(ip, end, &outer))
			return XDP_PASS;
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		if (!read_ipv6(ip, end, &outer))
			return XDP_PASS;
	} else {
		return XDP_PASS;
	}
	if (!read_inner(ip + outer.length, end, outer.inner, &vip, &inner_length) ||
	    outer.packet > frame - outer.link || outer.length + inner_length > outer.packet) {
		count(pass_malformed);
		return XDP_PASS;
	}
	if (!bpf_map_lookup_elem(&decap_vips, &vip)) {
		count(pass_other_vip);
		return XDP_PASS;
	}
	return strip(ctx, &outer);
}

SEC("xdp")
int xlb_decap(struct xdp_md *ctx)
{
	return decapsulate(ctx, bpf_xdp_get_buff_len(ctx));
}

/* For frames larger than a page. */
SEC("xdp.frags")
int xlb_decap_frags(struct xdp_md *ctx)
{
	return decapsulate(ctx, bpf_xdp_get_buff_len(ctx));
}

char _license[] SEC("license") = "Dual MIT/GPL";
