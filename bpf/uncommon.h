/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Packets that the hot path leaves aside: fragments, and ICMP errors about
 * connections. Both families and both programs share this code, and redirects
 * go by ifindex (see send in forward.h). Whatever else comes here is the kernel's.
 */
#pragma once

#include "balance.h"
#include "fragment.h"
#include "headers.h"

/* Sends the packet to the decided server. Its transport header is not touched. */
__noinline int forward_decided(struct xdp_md *ctx, struct packet *packet, struct fragment *decision)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, *ip;
	struct service_key key SERVICE_KEY_ALIGNED;
	struct service *service;
	struct real_server *server;
	struct link link;

	if (!packet || !decision)
		return XDP_DROP;
	key = decision->service;
	ip = parse_link(data, end, &link);
	if (!ip || ip + sizeof(struct iphdr) > end)
		return XDP_PASS;
	service = bpf_map_lookup_elem(&services, &key);
	if (!service || service->id != decision->service_id)
		return XDP_PASS;
	server = get_real_server(service, decision->index);
	if (!server || server->id != decision->real_server || !service_is_still(service, &key) ||
	    !(server->flags & REAL_SERVER_AVAILABLE)) {
		count(drop_real_server_gone);
		return XDP_DROP;
	}
	if (server->method == METHOD_NAT)
		return hand_over_request(packet, decision->service_id, service->schedule + decision->index, server);
	if (packet->family == FAMILY_IPV4)
		return forward(ctx, ip, &link, packet, server, decision->service_id, decision->flow, FAMILY_IPV4, 1);
	if (ip + sizeof(struct ipv6hdr) > end)
		return XDP_PASS;
	return forward(ctx, ip, &link, packet, server, decision->service_id, decision->flow, FAMILY_IPV6, 1);
}

/* Fills in where the packet's connection goes, once it is known which slot that is. */
static __always_inline int decide(const struct packet *packet, const struct service *service, int index,
				  struct fragment *decision)
{
	struct settings *settings = get_settings();
	struct real_server *server = get_real_server(service, index);

	if (!settings || !server)
		return 0;
	decision->service_id = service->id;
	decision->real_server = server->id;
	decision->index = index;
	decision->flow = flow_hash(settings, packet, service->id).ring;
	return 1;
}

static __always_inline void make_service_key(const struct packet *packet, struct service_key *key)
{
	key->address = packet->destination;
	key->port = packet->destination_port;
	key->protocol = packet->protocol;
	key->family = packet->family;
}

/*
 * A first fragment, or an IPv6 packet in one fragment: decided like any packet.
 * Answers CONTINUE where the decision is made.
 */
static __noinline int decide_first_fragment(struct xdp_md *ctx, struct headers *headers, struct fragment *decision)
{
	struct service_key key = {};
	struct service *service;
	int index;

	if (!has_ports(headers->packet.protocol)) {
		count(pass_fragment);
		return XDP_PASS;
	}
	if (read_first_fragment(ctx, headers, &decision->header_end) != PARSE_OK) {
		count(pass_malformed);
		return XDP_PASS;
	}
	make_service_key(&headers->packet, &key);
	service = find_service(&key);
	if (!service)
		return NOT_OURS;
	if (!is_for_us(ctx)) {
		count(pass_other_mac);
		return XDP_PASS;
	}
	index = find_or_open(&headers->packet, service);
	if (index < 0)
		return no_server(ctx, &headers->packet, index);
	if (!decide(&headers->packet, service, index, decision)) {
		count(drop_real_server_gone);
		return XDP_DROP;
	}
	decision->service = key;
	if (headers->more)
		remember_fragment(headers, decision);
	return CONTINUE;
}

static __noinline int decide_later_fragment(struct xdp_md *ctx, struct headers *headers, struct fragment *decision)
{
	int result = recall_fragment(headers, decision);

	headers->packet.quiet = headers->packet.family == FAMILY_IPV4; /* RFC 1122 (3.2.2) */
	if (result == PARSE_OK && decision->reply) /* its destination only looks like a VIP */
		return NOT_OURS;
	if (result == PARSE_OK && is_for_us(ctx))
		return CONTINUE;
	if (result == PARSE_OK)
		count(pass_other_mac);
	else if (result == PARSE_MALFORMED)
		count(pass_malformed);
	else
		count(pass_fragment);
	return XDP_PASS;
}

static __always_inline int decide_uncommon(struct xdp_md *ctx, struct headers *headers, struct fragment *decision)
{
	if (headers->packet.family == FAMILY_IPV4 && !has_ports(headers->packet.protocol))
		return XDP_PASS;
	if (!headers->fragmentable)
		return XDP_PASS;
	return headers->offset ? decide_later_fragment(ctx, headers, decision)
			       : decide_first_fragment(ctx, headers, decision);
}

__noinline int uncommon(struct xdp_md *ctx, __u32 family)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct fragment decision = {};
	struct headers headers;
	struct link link;
	int verdict;

	if (!parse_link(data, end, &link))
		return XDP_PASS;
	if (read_headers(ctx, link.length, family, &headers) != PARSE_OK) {
		count(pass_malformed);
		return XDP_PASS;
	}
	verdict = decide_uncommon(ctx, &headers, &decision);
	return verdict == CONTINUE ? forward_decided(ctx, &headers.packet, &decision) : verdict;
}
