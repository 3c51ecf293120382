/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The last steps of every forwarding method: link header, egress, verdict. */
#pragma once

#include "common.h"
#include "csum.h"
#include "parse.h"
#include "stats.h"

/* A next hop, read at one moment. */
struct egress {
	__u64 word; /* destination's MAC address, and in the upper 16 bits slot + 1 */
	struct interface *interface;
	struct next_hop *hop;
	int frags; /* constant: the program is the one for fragments */
};

static __always_inline __u32 egress_port(const struct egress *egress)
{
	return egress->word >> 48;
}

static __always_inline int read_egress(struct next_hop *hop, struct egress *egress)
{
	__u32 slot;

	egress->word = READ_ONCE(*(__u64 *)hop); /* MAC and port in one load */
	slot = egress_port(egress) - 1;
	egress->hop = hop;
	egress->interface = bpf_map_lookup_elem(&interfaces, &slot);
	return egress_port(egress) && egress->interface && egress->interface->ifindex;
}

static __always_inline int find_egress(__u32 next_hop, struct egress *egress)
{
	struct next_hop *hop = bpf_map_lookup_elem(&next_hops, &next_hop);

	return hop && read_egress(hop, egress);
}

/*
 * The kernel ties a devmap to programs that all take fragments or all do not,
 * so xlb_frags redirects by ifindex.
 */
static __always_inline int send(struct xdp_md *ctx, const struct egress *egress)
{
	if (egress->interface->ifindex == ctx->ingress_ifindex)
		return XDP_TX;
	if (egress->frags)
		return bpf_redirect(egress->interface->ifindex, 0);
	if (bpf_redirect_map(&tx_ports, egress_port(egress) - 1, XDP_DROP) == XDP_REDIRECT)
		return XDP_REDIRECT;
	count(drop_no_next_hop); /* the kernel clears the element of an interface that is gone */
	return XDP_DROP;
}

/* The tags that the frame leaves with; `tags` holds those that it came with. */
static __always_inline void choose_tags(const struct egress *egress, struct tags *tags)
{
	const struct next_hop *hop = egress->hop;

	if (likely(hop->vlan_mode == VLAN_KEEP))
		return;
	tags->count = hop->vlan_count;
	tags->word[0] = hop->vlan_tpid | (__u32)hop->vlan_tci[0] << 16;
	tags->word[1] = bpf_htons(ETH_P_8021Q) | (__u32)hop->vlan_tci[1] << 16;
}

static __always_inline __u32 link_length(const struct tags *tags)
{
	return sizeof(struct ethhdr) + (tags->count > 1 ? 8 : tags->count * 4);
}

/* In words: of bytes whose alignment it does not know, the compiler copies one at a time. */
static __always_inline void write_macs(struct ethhdr *eth, const struct egress *egress)
{
	const __u8 *own = egress->interface->mac;
	__u32 *word = (void *)eth;

	word[0] = egress->word;
	word[1] = (__u16)(egress->word >> 32) | (__u32)*(const __u16 *)own << 16;
	word[2] = *(const __u32 *)(own + 2);
}

/* Writes MACs, tags and EtherType; answers where the IP header starts, or NULL. */
static __always_inline void *write_link(void *data, void *end, const struct egress *egress, const struct tags *tags,
					__be16 protocol)
{
	if (data + sizeof(struct ethhdr) > end)
		return 0;
	write_macs(data, egress);
	return write_tags(data, end, tags, protocol);
}

static __always_inline int drop_encapsulation(void)
{
	count(drop_encapsulation);
	return XDP_DROP;
}
