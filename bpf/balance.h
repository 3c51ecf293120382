/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The path of a packet: parse -> service -> connection -> schedule -> forward
 * -> count. `family` is a constant wherever these functions are used, so each
 * family gets straight code of its own.
 */
#pragma once

#include "clock.h"
#include "connection.h"
#include "forward_dr.h"
#include "forward_tun.h"
#include "icmp.h"
#include "nat_job.h"
#include "open.h"
#include "service.h"

static __always_inline int is_virtual_router(const struct interface *interface, __u32 high, __u16 low)
{
	__u32 router = ((low & 0xff) - 1) << 8 | low >> 8; /* the last two bytes, as they stand in memory */

	if (high != bpf_htonl(0x00005e00) || router >= ROUTER_WORDS * 32)
		return 0;
	return READ_ONCE(interface->routers[router / 32 & (ROUTER_WORDS - 1)]) >> (router & 31) & 1;
}

static __always_inline int is_for_us(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 ifindex = ctx->ingress_ifindex, slot = ifindex % INTERFACE_SLOTS;
	struct interface *interface = bpf_map_lookup_elem(&interfaces, &slot);
	__u32 *high = data;
	__u16 *low = data + 4;

	if (data + ETH_ALEN > end)
		return 0;
	if (!interface || interface->ifindex != ifindex)
		return 0;
	if (likely(*high == *(__u32 *)interface->mac && *low == *(__u16 *)(interface->mac + 4)))
		return 1;
	return is_virtual_router(interface, *high, *low);
}

/*
 * The common case: an established connection in the first bucket that no rival
 * shares, and a packet that leaves its state as it is. Answers the slot, or
 * NO_ENTRY: the slow path decides.
 */
static __always_inline int find_fast(const struct packet *packet, const struct flow_hash *hash, __u32 now,
				     __u64 **place, __u64 *entry)
{
	struct connection_bucket *bucket = bpf_map_lookup_elem(&connections, &hash->bucket);

	if (packet->protocol != IPPROTO_TCP || !bucket ||
	    (packet->event & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) != TCP_ACK)
		return NO_ENTRY;
	/* Mostly here, at half load: a branch that is guessed right does not wait for the line. */
	*place = &bucket->entry[first_way(hash->tag)];
	*entry = READ_ONCE(**place);
	if (likely(*entry >> ENTRY_TAG_SHIFT == hash->tag))
		goto found;
#pragma unroll
	for (int way = 0; way < CONNECTION_WAYS; way++) {
		*place = &bucket->entry[way];
		*entry = READ_ONCE(**place);
		if (*entry >> ENTRY_TAG_SHIFT == hash->tag)
			goto found;
	}
	return NO_ENTRY;
found:
	if (*entry & ENTRY_CONFIRM || entry_state(*entry) != CONNECTION_ESTABLISHED || deadline_passed(*entry, now))
		return NO_ENTRY;
	return entry_index(*entry);
}

/* A packet that no real server gets; `result` as find_or_open answers it. */
static __always_inline int no_server(struct xdp_md *ctx, const struct packet *packet, int result)
{
	if (result == RESULT_PASS)
		return XDP_PASS;
	if (result == RESULT_REFUSE && !packet->quiet)
		return send_icmp_error(ctx, packet->length, ICMP_ERROR_UNREACHABLE, 0);
	return XDP_DROP;
}

/* The slot of the packet's real server, or one of the results of find_or_open. */
static __always_inline int find_server(struct packet *packet, struct service *service, __u32 *flow)
{
	struct settings *settings = get_settings();
	struct flow_hash hash;
	__u64 *place, entry;
	__u32 now;
	int index;

	if (!settings)
		return RESULT_DROP;
	hash = flow_hash(settings, packet, service->id);
	now = clock_seconds(settings);
	*flow = hash.ring;
	if (is_synchronized(settings))
		return find_or_open(packet, service);
	index = find_fast(packet, &hash, now, &place, &entry);
	if (likely(index >= 0)) {
		__u64 after = (entry & ~ENTRY_DEADLINE) | deadline_in(settings, CONNECTION_ESTABLISHED, now);
		struct real_server *server;

		if (likely(after == entry))
			return index;
		server = get_real_server(service, index);
		if (server && server->flags & REAL_SERVER_AVAILABLE) { /* IPVS starts no timer for a deleted one */
			replace(place, entry, after); /* losing is fine: another CPU refreshed it as well */
			packet->news = CONNECTION_REFRESHED;
		}
		return index;
	}
	return find_or_open(packet, service);
}

static __always_inline void read_inner(void *ip, int family, struct inner *inner)
{
	if (family == FAMILY_IPV4) {
		struct iphdr *v4 = ip;

		inner->id = v4->id;
		inner->df = v4->frag_off & IPV4_DF;
		inner->tos = v4->tos;
		inner->ttl = v4->ttl;
		inner->protocol = IPPROTO_IPIP;
	} else {
		struct ipv6hdr *v6 = ip;

		inner->id = 0;
		inner->df = 0; /* nothing to copy: IPVS sends 6in4 without DF, too */
		inner->tos = bpf_ntohl(*(__be32 *)v6) >> 20;
		inner->ttl = v6->hop_limit;
		inner->protocol = IPPROTO_IPV6;
	}
}

/* With pmtu_disc 0 IPVS fragments what does not fit an IPv4 packet's tunnel; it never does so for IPv6. */
static __always_inline int too_big(struct xdp_md *ctx, const struct packet *packet, const struct inner *inner,
				   __u32 mtu, __u32 overhead, int family)
{
	if (family == FAMILY_IPV4 && (!inner->df || (overhead && !does_pmtu_discovery()))) {
		count(drop_too_big_no_df);
		return XDP_DROP;
	}
	count(drop_too_big);
	if (packet->quiet)
		return XDP_DROP;
	if (family == FAMILY_IPV6 && mtu < IPV6_MIN_MTU)
		mtu = IPV6_MIN_MTU;
	return send_icmp_error(ctx, inner->length, ICMP_ERROR_TOO_BIG, mtu);
}

static __always_inline void decrement_hops(void *ip, int family, struct inner *inner)
{
	if (family == FAMILY_IPV4)
		decrement_ttl(ip);
	else
		((struct ipv6hdr *)ip)->hop_limit--;
	inner->ttl--;
}

/* All that a service's packet goes through once its real server is known; `server` is not one of NAT or fullnat. */
static __always_inline int forward(struct xdp_md *ctx, void *ip, struct link *link, const struct packet *packet,
				   struct real_server *server, __u32 service_id, __u32 flow, int family,
				   int frags)
{
	struct inner inner = {.length = packet->length, .flow = flow};
	struct egress egress = {.frags = frags};
	__u32 overhead = server->overhead;
	int verdict;

	count_traffic(service_id, server->id, packet->length);
	read_inner(ip, family, &inner);
	if (unlikely(inner.ttl <= 1)) {
		count(drop_ttl_exceeded);
		return packet->quiet ? XDP_DROP : send_icmp_error(ctx, packet->length, ICMP_ERROR_TTL, 0);
	}
	decrement_hops(ip, family, &inner); /* before the quote: __ip_vs_get_out_rt */
	if (unlikely(packet->length + overhead > server->mtu))
		return too_big(ctx, packet, &inner, server->mtu - overhead, overhead, family);
	if (unlikely(!find_egress(server->next_hop, &egress))) {
		count(drop_no_next_hop);
		return XDP_DROP;
	}
	verdict = server->method == METHOD_DR ? forward_dr(ctx, &egress, link)
					      : forward_tun(ctx, &egress, link, server, &inner);
	if (likely(verdict != XDP_DROP))
		count_here(forwarded);
	return verdict;
}

static __always_inline int is_available(const struct real_server *server)
{
	return server && server->flags & REAL_SERVER_AVAILABLE;
}

/* expire_nodest_conn: packets of a deleted real server's connections are as if they had none. */
static __always_inline int expires_nodest(void)
{
	struct settings *settings = get_settings();

	return settings && settings->options & OPTION_EXPIRE_NODEST_CONN;
}

static __always_inline int balance_service(struct xdp_md *ctx, void *ip, struct link *link,
					   struct packet *packet, struct service_key *key, int family, int frags)
{
	struct service *service = find_service(key, &packet->source);
	struct real_server *server;
	__u32 flow, service_id;
	int index;

	if (!service)
		return NOT_OURS;
	if (!is_for_us(ctx)) {
		count(pass_other_mac);
		return XDP_PASS;
	}
	index = find_server(packet, service, &flow);
	if (unlikely(index < 0))
		return no_server(ctx, packet, index);
	server = get_real_server(service, index);
	if (unlikely(!is_available(server)) && expires_nodest()) {
		index = find_or_open(packet, service);
		if (index < 0)
			return no_server(ctx, packet, index);
		server = get_real_server(service, index);
	}
	service_id = service->id;
	if (unlikely(!is_available(server) || !service_is_still(service, key))) {
		count(drop_real_server_gone);
		return XDP_DROP;
	}
	if (unlikely(is_translated(server)))
		return hand_over_request(packet, service, key, index, server);
	return forward(ctx, ip, link, packet, server, service_id, flow, family, frags);
}

/* Broken: the kernel's. Not TCP or UDP, or in fragments: uncommon.h. */
static __always_inline int leave(int result)
{
	if (result != PARSE_MALFORMED)
		return CONTINUE;
	count(pass_malformed);
	return XDP_PASS;
}

static __always_inline int balance_ipv4(struct xdp_md *ctx, struct iphdr *ip, struct link *link, __u64 frame,
					int frags)
{
	void *end = (void *)(long)ctx->data_end;
	struct packet packet = {};
	struct service_key key SERVICE_KEY_ALIGNED;
	int result;

	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	result = parse_ipv4(ip, end, frame - link->length, &packet);
	if (unlikely(result != PARSE_OK))
		return leave(result);
	packet.family = FAMILY_IPV4;
	write_service_key(&key, &packet, FAMILY_IPV4);
	return balance_service(ctx, ip, link, &packet, &key, FAMILY_IPV4, frags);
}

static __always_inline int balance_ipv6(struct xdp_md *ctx, struct ipv6hdr *ip, struct link *link, __u64 frame,
					int frags)
{
	void *end = (void *)(long)ctx->data_end;
	struct packet packet = {};
	struct service_key key SERVICE_KEY_ALIGNED;
	int result;

	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	result = parse_ipv6(ip, end, frame - link->length, &packet);
	if (unlikely(result != PARSE_OK))
		return leave(result);
	packet.family = FAMILY_IPV6;
	write_service_key(&key, &packet, FAMILY_IPV6);
	return balance_service(ctx, ip, link, &packet, &key, FAMILY_IPV6, frags);
}

/*
 * One family's path, in a function of its own: their stacks together would be
 * too large. `link_length`: as the filter read it. `frags`: the program is the one
 * for frames in fragments.
 */
static __always_inline int balance_family(struct xdp_md *ctx, __u32 link_length, int family, int frags)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, *ip = data + link_length;
	__u64 frame = frags ? bpf_xdp_get_buff_len(ctx) : (__u64)(end - data);
	struct link link = {.length = link_length, .tag_count = (link_length - sizeof(struct ethhdr)) / 4};

	if (link_length > MAX_LINK_LENGTH) /* for the verifier */
		return XDP_PASS;
	link.protocol = family == FAMILY_IPV4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	return family == FAMILY_IPV4 ? balance_ipv4(ctx, ip, &link, frame, frags)
				     : balance_ipv6(ctx, ip, &link, frame, frags);
}

/*
 * Beside a family: the packet is ICMP to what is no VIP, or from what is no real
 * server of NAT. It may be an error about a tunnel of ours, or about NAT's packets.
 */
#define ELSEWHERE 16

/*
 * FAMILY_IPV4 or FAMILY_IPV6 and, from bit LINK_LENGTH_SHIFT on, where the IP header
 * stands; 0 where the filter proves that the address is none of ours.
 */
#define LINK_LENGTH_SHIFT 8

static __always_inline int family_of(int found)
{
	return found & ((1 << LINK_LENGTH_SHIFT) - 1);
}

static __always_inline int filter_frame(struct xdp_md *ctx, __u32 filter)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct link link;
	void *ip = parse_link(data, end, &link);

	if (!ip)
		return 0;
	if (link.protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr *v4 = ip;

		if ((void *)(v4 + 1) > end)
			return 0;
		if (filter_has(filter, filter == REPLY_FILTER ? v4->saddr : v4->daddr) ||
		    (filter != REPLY_FILTER && wide_filter_has_ipv4(v4->daddr)))
			return FAMILY_IPV4 | link.length << LINK_LENGTH_SHIFT;
		return unlikely(v4->protocol == IPPROTO_ICMP) ? FAMILY_IPV4 | ELSEWHERE : 0;
	}
	if (link.protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *v6 = ip;
		const void *address = filter == REPLY_FILTER ? &v6->saddr : &v6->daddr;

		if ((void *)(v6 + 1) > end)
			return 0;
		if (filter_has(filter, fold_address(address)) ||
		    (filter != REPLY_FILTER && wide_filter_has_ipv6(address)))
			return FAMILY_IPV6 | link.length << LINK_LENGTH_SHIFT;
		return unlikely(v6->nexthdr == IPPROTO_ICMPV6) ? FAMILY_IPV6 | ELSEWHERE : 0;
	}
	return 0;
}

/* Keeps what is certainly not ours out of everything that follows. */
static __always_inline int family_of_vip(struct xdp_md *ctx)
{
	return filter_frame(ctx, 0);
}

/* The same for replies: what comes from no real server of NAT is none. */
static __always_inline int family_of_real_server(struct xdp_md *ctx)
{
	return filter_frame(ctx, REPLY_FILTER);
}
