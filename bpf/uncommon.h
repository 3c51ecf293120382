/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Packets that the hot path leaves aside: SCTP, fragments, and ICMP errors about
 * connections. Both families and both programs share this code, and redirects
 * go by ifindex (see send in forward.h). Whatever else comes here is the kernel's.
 */
#pragma once

#include "balance.h"
#include "fragment.h"
#include "headers.h"
#include "related.h"
#include "tunnel_error.h"

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
	if (is_translated(server))
		return hand_over_fragment(packet, service, &key, decision, server);
	if (packet->family == FAMILY_IPV4)
		return forward(ctx, ip, &link, packet, server, decision->service_id, decision->flow, FAMILY_IPV4, 1);
	if (ip + sizeof(struct ipv6hdr) > end)
		return XDP_PASS;
	return forward(ctx, ip, &link, packet, server, decision->service_id, decision->flow, FAMILY_IPV6, 1);
}

/* A function of its own: here stacks are at their limit. */
static __noinline struct service *service_of(const struct packet *packet, struct service_key *key)
{
	make_service_key(packet, key);
	return find_service(key, &packet->source);
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

/*
 * A first fragment, an IPv6 packet in one fragment, or SCTP: decided like any packet.
 * Answers CONTINUE where the decision is made.
 */
static __noinline int decide_first_fragment(struct xdp_md *ctx, struct headers *headers, struct fragment *decision)
{
	struct service_key key SERVICE_KEY_ALIGNED;
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
	service = service_of(&headers->packet, &key);
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
	note_fragment(headers);
	return CONTINUE;
}

static __noinline int decide_later_fragment(struct xdp_md *ctx, struct headers *headers, struct fragment *decision)
{
	int result = recall_fragment(headers, decision);

	headers->packet.quiet = headers->packet.family == FAMILY_IPV4 ? QUIET_FRAGMENT : 0;
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

/* Reads what an ICMP error quotes, down to the packet of a client. PARSE_OTHER: it is of no connection. */
static __always_inline int read_related(struct xdp_md *ctx, struct headers *headers, struct icmp_place *place,
					__u32 *tunnel)
{
	int result = read_quote(ctx, headers, place);

	if (result != PARSE_OK)
		return result;
	*tunnel = 0;
	if (is_tunnel(headers->packet.protocol)) {
		*tunnel = enter_tunnel(ctx, headers, place);
		return *tunnel ? PARSE_OK : PARSE_OTHER;
	}
	result = read_quoted_ports(ctx, place, headers);
	if (result == PARSE_OK)
		turn_around(&headers->packet);
	return result;
}

/* An error about a tunnel packet that went to the slot `index`. */
static __always_inline int answer_tunnel_error(struct xdp_md *ctx, const struct icmp_place *place,
					       const struct headers *inner, const struct service *service,
					       const struct service_key *key, int index, __u32 tunnel)
{
	const struct real_server *server = get_real_server(service, index);

	if (index >= 0 && is_tunnel_end(ctx, place, server, tunnel) && service_is_still(service, key))
		return tell_client(ctx, place, inner, server->overhead);
	count(pass_icmp_unknown);
	return XDP_PASS;
}

/*
 * ICMP: an error about a connection goes where its packets go. `headers` will be
 * those of the packet that it quotes, with the length of the error.
 */
static __noinline int decide_related(struct xdp_md *ctx, struct headers *headers, struct fragment *decision)
{
	struct packet *packet = &headers->packet;
	struct icmp_place place;
	struct service *service;
	int verdict, index;
	__u32 tunnel;

	if (read_related(ctx, headers, &place, &tunnel) != PARSE_OK)
		return NOT_OURS;
	service = service_of(packet, &decision->service);
	if (!service && !tunnel && packet->protocol == IPPROTO_UDP) { /* no answer of a service: it may be GUE */
		tunnel = enter_tunnel(ctx, headers, &place);
		if (!tunnel)
			return NOT_OURS;
		service = service_of(packet, &decision->service);
	}
	if (!service)
		return NOT_OURS;
	verdict = check_error(ctx, &place);
	if (verdict != CONTINUE)
		return verdict;
	index = find_quoted(packet, service->id);
	if (tunnel)
		return answer_tunnel_error(ctx, &place, headers, service, &decision->service, index, tunnel);
	note_quote(headers);
	packet->length = place.end - place.ip;
	if (index < 0)
		index = find_or_open(packet, service);
	if (index < 0)
		return no_server(ctx, packet, index);
	if (decide(packet, service, index, decision))
		return CONTINUE;
	count(drop_real_server_gone);
	return XDP_DROP;
}

static __always_inline int decide_uncommon(struct xdp_md *ctx, struct headers *headers, struct fragment *decision)
{
	if (is_whole_icmp(headers))
		return decide_related(ctx, headers, decision);
	if (headers->packet.family == FAMILY_IPV4 && !has_ports(headers->packet.protocol))
		return XDP_PASS;
	if (!headers->fragmentable && headers->packet.protocol != IPPROTO_SCTP)
		return XDP_PASS;
	return headers->offset ? decide_later_fragment(ctx, headers, decision)
			       : decide_first_fragment(ctx, headers, decision);
}

/* `family`: may have ELSEWHERE, and then nothing is counted before a service is found. */
__noinline int uncommon(struct xdp_md *ctx, __u32 family)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct fragment decision SERVICE_KEY_ALIGNED = {};
	struct headers headers;
	struct link link;
	int verdict;

	if (!parse_link(data, end, &link))
		return XDP_PASS;
	if (read_headers(ctx, link.length, family & ~ELSEWHERE, &headers) != PARSE_OK) {
		if (family & ELSEWHERE)
			return NOT_OURS;
		count(pass_malformed);
		return XDP_PASS;
	}
	verdict = decide_uncommon(ctx, &headers, &decision);
	return verdict == CONTINUE ? forward_decided(ctx, &headers.packet, &decision) : verdict;
}
