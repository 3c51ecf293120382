/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Tunnelling: the packet travels inside another one to the real server (RFC
 * 2003, 2473, 4213). TTL, DSCP and ECN are copied outwards, as IPVS does. What
 * GUE and GRE put in between: tunnel_shim.h.
 */
#pragma once

#include "forward.h"
#include "tunnel_shim.h"

#define TUN_IPV4_OVERHEAD sizeof(struct iphdr)
#define TUN_IPV6_OVERHEAD sizeof(struct ipv6hdr)

/* IPVS's pmtu_disc. */
static __always_inline int does_pmtu_discovery(void)
{
	struct settings *settings = get_settings();

	return settings && settings->options & OPTION_PMTU_DISC;
}

static __always_inline __be16 outer_df(const struct real_server *server, const struct inner *inner)
{
	if (server->flags & REAL_SERVER_OUTER_DF)
		return IPV4_DF;
	return server->flags & REAL_SERVER_COPY_DF && inner->df && does_pmtu_discovery() ? IPV4_DF : 0;
}

/* The low `bits` of a network-order word taken from the flow. */
static __always_inline __be32 spread(__be32 word, __u32 flow, __u32 bits)
{
	__u32 mask = bits >= 32 ? 0xffffffff : (1u << bits) - 1;

	return bpf_htonl((bpf_ntohl(word) & ~mask) | (flow & mask));
}

/* In words: fields are stored one by one, some of them byte by byte. */
static __always_inline void write_outer_ipv4(struct iphdr *ip, const struct real_server *server,
					     const struct inner *inner)
{
	__be32 source = server->outer_source.word[0];
	__be16 length = bpf_htons(inner->length + sizeof(*ip)), df = outer_df(server, inner);
	/* What routers may fragment needs an identification of its own (RFC 6864). */
	__be16 id = df ? inner->id : (__be16)bpf_get_prandom_u32();
	__u32 tos = (__u32)inner->tos << 8, hops = inner->ttl | (__u32)inner->protocol << 8, *word = (void *)ip;
	__u64 sum = (__u64)server->outer_sum + tos + length + id + df + hops;

	if (server->spread_bits) {
		source = spread(source, inner->flow, server->spread_bits);
		sum += source;
	}
	word[0] = 0x45 | tos | (__u32)length << 16;
	word[1] = id | (__u32)df << 16;
	word[2] = hops | (__u32)(__u16)~fold(sum) << 16;
	word[3] = source;
	word[4] = server->address.word[0];
}

static __always_inline void write_outer_ipv6(struct ipv6hdr *ip, const struct real_server *server,
					     const struct inner *inner)
{
	*(__be32 *)ip = bpf_htonl(6u << 28 | (__u32)inner->tos << 20);
	ip->payload_len = bpf_htons(inner->length);
	ip->nexthdr = inner->protocol;
	ip->hop_limit = inner->ttl;
	__builtin_memcpy(&ip->saddr, &server->outer_source, sizeof(ip->saddr));
	if (server->spread_bits)
		ip->saddr.in6_u.u6_addr32[3] =
			spread(server->outer_source.word[3], inner->flow, server->spread_bits);
	__builtin_memcpy(&ip->daddr, &server->address, sizeof(ip->daddr));
}

static __always_inline int forward_tun(struct xdp_md *ctx, struct egress *egress, struct link *link,
				       const struct real_server *server, struct inner *inner)
{
	int over_ipv4 = server->family == FAMILY_IPV4;
	int header = over_ipv4 ? TUN_IPV4_OVERHEAD : TUN_IPV6_OVERHEAD;
	__u8 protocol = inner->protocol;
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, *outer;
	struct tags tags;

	read_tags(data, end, link, &tags);
	choose_tags(egress, &tags);
	if (bpf_xdp_adjust_head(ctx, (int)link->length - (int)link_length(&tags) - server->overhead))
		return drop_encapsulation();
	if (unlikely(server->tunnel)) {
		inner->protocol = server->tunnel;
		inner->length += server->overhead - header;
	}
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	outer = write_link(data, end, egress, &tags, over_ipv4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6));
	if (!outer)
		return drop_encapsulation();
	if (over_ipv4) {
		if (outer + TUN_IPV4_OVERHEAD > end)
			return drop_encapsulation();
		write_outer_ipv4(outer, server, inner);
	} else {
		if (outer + TUN_IPV6_OVERHEAD > end)
			return drop_encapsulation();
		write_outer_ipv6(outer, server, inner);
	}
	if (unlikely(server->tunnel) && !write_shim(ctx, server, inner, link_length(&tags) + header, protocol))
		return drop_encapsulation();
	return send(ctx, egress);
}
