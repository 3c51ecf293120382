/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Masquerading, the real server's half: what it answers leaves as the VIP's.
 *
 * The kernel knows the way to a client, by its routes and neighbours; where it
 * has no answer at once, a reply goes back the way that the client's packets
 * came. TTL and MTU are those of a router: what it would have to tell the real
 * server is left to the kernel, which has an address to tell it from.
 */
#pragma once

#include "balance.h"
#include "cross.h"
#include "fragment.h"
#include "nat_job.h"
#include "nat_refuse.h"
#include "related.h"
#include "reply.h"
#include "toa.h"

#define AF_INET 2
#define AF_INET6 10

enum way {
	WAY_NONE,
	WAY_FOUND,
	WAY_TOO_BIG,
	WAY_TTL, /* ends here */
};

/* The source that a reply is routed by. That of fullnat may be of another family than the real server. */
static __always_inline const struct address *route_source(const struct settings *settings, const struct nat_job *job)
{
	return settings->options & OPTION_SNAT_REROUTE || job->is_local ? &job->translation.address : &job->packet.source;
}

static __always_inline int is_interface(__u32 ifindex)
{
	__u32 slot = ifindex % INTERFACE_SLOTS;
	struct interface *interface = bpf_map_lookup_elem(&interfaces, &slot);

	return interface && interface->ifindex == ifindex;
}

/* Frames leave by this interface with these tags, or with none. */
static __always_inline void use_tags(struct next_hop *hop, __u32 count, const __be16 *tci, int is_service_tag)
{
	hop->vlan_mode = VLAN_EXPLICIT;
	hop->vlan_count = count > MAX_VLAN_TAGS ? MAX_VLAN_TAGS : count;
	hop->vlan_tpid = is_service_tag ? bpf_htons(ETH_P_8021AD) : bpf_htons(ETH_P_8021Q);
	hop->vlan_tci[0] = tci[0];
	hop->vlan_tci[1] = tci[1];
}

/* By the kernel's routes; WAY_NONE: it has none, knows no neighbour yet, or the interface is not one of ours. */
static __noinline int find_route(struct xdp_md *ctx, struct nat_job *job)
{
	struct settings *settings = get_settings();
	struct bpf_fib_lookup fib = {};
	const struct address *source;
	__be16 none[2] = {};
	long result;

	if (!settings)
		return WAY_NONE;
	source = route_source(settings, job);
	fib.l4_protocol = job->packet.protocol;
	fib.tot_len = length_out(job);
	fib.ifindex = ctx->ingress_ifindex;
	if (job->client_family == FAMILY_IPV4) {
		fib.family = AF_INET;
		fib.ipv4_src = source->word[0];
		fib.ipv4_dst = job->client.word[0];
	} else {
		fib.family = AF_INET6;
		__builtin_memcpy(fib.ipv6_src, source, sizeof(fib.ipv6_src));
		__builtin_memcpy(fib.ipv6_dst, &job->client, sizeof(fib.ipv6_dst));
	}
	result = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	if (result == BPF_FIB_LKUP_RET_FRAG_NEEDED) {
		job->mtu = fib.mtu_result;
		return WAY_TOO_BIG;
	}
	if (result != BPF_FIB_LKUP_RET_SUCCESS)
		return WAY_NONE;
	__builtin_memcpy(job->hop.mac, fib.dmac, ETH_ALEN);
	job->hop.port = fib.ifindex % INTERFACE_SLOTS + 1;
	use_tags(&job->hop, 0, none, 0);
	return is_interface(fib.ifindex) ? WAY_FOUND : WAY_NONE;
}

/* The way that the client's last frame came. */
static __noinline int find_way_back(struct xdp_md *ctx, struct nat_job *job, __u32 number)
{
	struct reply_key *reply = get_reply_key(number);
	struct interface *interface;
	__u32 port, slot, length = length_out(job); /* of the IP packet: what bpf_check_mtu compares */

	if (!reply)
		return WAY_NONE;
	port = reply->port;
	slot = (port & REPLY_PORT_MASK) - 1;
	__builtin_memcpy(job->hop.mac, reply->mac, ETH_ALEN);
	job->hop.port = slot + 1;
	use_tags(&job->hop, port >> REPLY_TAGS_SHIFT & 3, reply->vlan_tci, port & REPLY_SERVICE_TAG);
	interface = bpf_map_lookup_elem(&interfaces, &slot);
	if (!interface || !interface->ifindex)
		return WAY_NONE;
	if (bpf_check_mtu(ctx, interface->ifindex, &length, 0, 0) == BPF_MTU_CHK_RET_FRAG_NEEDED) {
		job->mtu = length;
		return WAY_TOO_BIG;
	}
	count(replies_returned);
	return WAY_FOUND;
}

static __always_inline int find_way(struct xdp_md *ctx, struct nat_job *job, __u32 number)
{
	struct settings *settings = get_settings();
	int way = WAY_NONE;

	if (settings && settings->options & OPTION_ROUTE_REPLIES)
		way = find_route(ctx, job);
	return way == WAY_NONE ? find_way_back(ctx, job, number) : way;
}

/* set_tcp_state and udp_state_transition, DIRECTION_OUTPUT. A fragment without a header moves nothing. */
__noinline int move_state(struct nat_job *job, __u32 connection)
{
	struct settings *settings = get_settings();
	__u64 *place = get_entry(connection), before, after;
	__u32 state;

	if (!settings || !place || !job || !job->packet.transport)
		return 0;
	before = READ_ONCE(*place);
	if (!before || is_busy(before) || is_reply(before))
		return 0;
	after = refreshed(settings, before, &job->packet, DIRECTION_OUTPUT, clock_seconds(settings));
	refresh(place, connection, before, after);
	state = entry_state(after);
	if (state == CONNECTION_UDP || (is_established(state) && entry_state(before) != state))
		tell_template(connection, CONTROL_ASSURE);
	return 0;
}

/* The job's translation is that of the source. */
static __always_inline int rewrite_reply(struct xdp_md *ctx, struct nat_job *job, __u32 at)
{
	if (!translate_job(ctx, job, at, SIDE_SOURCE))
		return 0;
	if (!job->is_local)
		return 1;
	job->translation.address = job->client;
	job->translation.port = job->client_port;
	return translate_job(ctx, job, at, SIDE_DESTINATION);
}

/* Its ends in the client's family. */
static __always_inline int cross_reply(struct nat_job *job, const struct inner *inner)
{
	job->out.source = job->translation.address;
	job->out.source_port = job->translation.port;
	job->out.destination = job->client;
	job->out.destination_port = job->client_port;
	return hand_over_cross(job, inner);
}

/* Changes the source and sends; the connection's entry is `connection`. */
static __always_inline int send_translated(struct xdp_md *ctx, struct nat_job *job, void *ip, struct link *link,
					   int family, int frags)
{
	struct egress egress = {.frags = frags};
	struct inner inner = {};
	int verdict;

	if (!read_egress(&job->hop, &egress)) {
		count(drop_no_next_hop);
		return XDP_DROP;
	}
	egress.hop = &job->hop;
	read_inner(ip, family, &inner);
	decrement_hops(ip, family, &inner);
	if (is_cross(job))
		return cross_reply(job, &inner);
	if (!rewrite_reply(ctx, job, link->length)) {
		count(drop_untranslated);
		return XDP_DROP;
	}
	verdict = forward_dr(ctx, &egress, link);
	if (verdict != XDP_DROP) {
		count(forwarded);
		count(replies);
	}
	return verdict;
}

/* What the kernel has to answer (IPv4 without DF: to cut, which it could not do to the translated packet). */
static __always_inline int leave_reply(const struct inner *inner, int way, int family)
{
	if (way == WAY_TOO_BIG && family == FAMILY_IPV4 && !inner->df) {
		count(drop_too_big_no_df);
		return XDP_DROP;
	}
	count(pass_reply_error);
	return XDP_PASS;
}

/*
 * The same of fullnat: its real server wrote to the director itself, so that the
 * kernel would take it for its own and answer with RST.
 */
static __always_inline int refuse_local(struct xdp_md *ctx, const struct nat_job *job, const struct inner *inner,
					int way, int family)
{
	if (way == WAY_TOO_BIG)
		return too_big(ctx, &job->packet, inner, job->mtu - growth(job), 0, family);
	count(drop_ttl_exceeded);
	return job->packet.quiet ? XDP_DROP : send_icmp_error(ctx, job->packet.length, ICMP_ERROR_TTL, 0);
}

/* Who gets the reply, and from whom. */
static __always_inline void address_reply(struct nat_job *job, const struct reply_key *reply,
					  const struct connection_key *key)
{
	job->translation.address = key->destination;
	job->translation.port = key->destination_port;
	job->client = key->source;
	job->client_port = key->source_port;
	job->is_local = !!(reply->port & REPLY_LOCAL);
	job->client_family = job->packet.family;
	if (job->is_local && reply->port & REPLY_OTHER_FAMILY)
		job->client_family = job->packet.family == FAMILY_IPV4 ? FAMILY_IPV6 : FAMILY_IPV4;
	job->out.family = job->client_family;
}

/* `number`: the reply's entry, whose connection lives. */
static __always_inline int send_reply(struct xdp_md *ctx, struct nat_job *job, __u32 number, int family, int frags)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, *ip;
	struct reply_key *reply = get_reply_key(number);
	struct connection_key *key;
	struct inner inner = {};
	struct link link;
	__u32 connection;
	int way;

	ip = parse_link(data, end, &link);
	if (!reply || !ip || ip + (family == FAMILY_IPV4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) > end)
		return XDP_PASS;
	if (!is_for_us(ctx)) {
		count(pass_other_mac);
		return XDP_PASS;
	}
	connection = reply->connection;
	key = bpf_map_lookup_elem(&connection_keys, &connection);
	if (!key)
		return XDP_PASS;
	address_reply(job, reply, key);
	if (is_cross(job) && !is_crossable(job)) {
		count(drop_untranslated);
		return XDP_DROP;
	}
	if (job->is_local)
		note_first_ack(ctx, &job->packet, link.length, key);
	read_inner(ip, family, &inner);
	inner.length = job->packet.length;
	way = inner.ttl <= 1 ? WAY_TTL : find_way(ctx, job, number);
	if (way == WAY_TOO_BIG || way == WAY_TTL)
		return job->is_local ? refuse_local(ctx, job, &inner, way, family) : leave_reply(&inner, way, family);
	count_out_traffic(key->service, key->real_server, job->packet.length);
	move_state(job, connection);
	if (way == WAY_NONE) {
		count(drop_no_next_hop);
		return XDP_DROP;
	}
	return send_translated(ctx, job, ip, &link, family, frags);
}

static __always_inline int find_reply(const struct settings *settings, struct nat_job *job)
{
	place_reply(settings, &job->packet, &job->lookup);
	return find_reply_entry(&job->packet, &job->lookup, 1, NO_ENTRY);
}

/* A later fragment of a reply: its first one has told which. */
static __always_inline int follow_reply(const struct settings *settings, const struct nat_job *job,
					const struct fragment *decision)
{
	struct reply_key *reply = get_reply_key(decision->flow);
	__u64 *place = get_entry(decision->flow);

	if (!decision->reply || !reply || !place || !is_reply(READ_ONCE(*place)))
		return NO_ENTRY;
	if (!same_address(&reply->source, &job->packet.source) ||
	    !same_address(&reply->destination, &job->packet.destination) ||
	    !has_connection(reply, decision->flow, clock_seconds(settings)))
		return NO_ENTRY;
	return decision->flow;
}

/*
 * ip_vs_out_icmp: an error that a client is to get about what it sent a real server.
 * It may come from any router on that way; what tells that it may be ours is the
 * real server's address in the quote.
 */
static __noinline int find_quoted_reply(struct xdp_md *ctx, struct nat_job *job, __u32 family)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct settings *settings = get_settings();
	struct icmp_place place;
	struct headers headers;
	struct link link;
	int number;

	if (!settings || !parse_link(data, end, &link) ||
	    read_headers(ctx, link.length, family, &headers) != PARSE_OK || !is_whole_icmp(&headers) ||
	    read_quote(ctx, &headers, &place) != PARSE_OK ||
	    !filter_has(REPLY_FILTER, fold_address(&headers.packet.destination)) ||
	    read_quoted_ports(ctx, &place, &headers) != PARSE_OK)
		return NO_ENTRY;
	turn_around(&headers.packet);
	job->packet = headers.packet;
	job->packet.length = place.end - place.ip;
	number = find_reply(settings, job);
	if (number < 0 || check_error(ctx, &place) != CONTINUE)
		return NO_ENTRY;
	note_quote(&headers);
	return number;
}

/* The number of the entry of a reply in fragments or of SCTP, or NO_ENTRY. */
__noinline int find_uncommon_reply(struct xdp_md *ctx, struct nat_job *job, __u32 family)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct settings *settings = get_settings();
	struct fragment decision = {};
	struct headers headers;
	struct link link;
	int number;

	if (!settings || !job || !parse_link(data, end, &link) ||
	    read_headers(ctx, link.length, family, &headers) != PARSE_OK ||
	    (!headers.fragmentable && headers.packet.protocol != IPPROTO_SCTP))
		return NO_ENTRY;
	if (headers.offset) {
		if (recall_fragment(&headers, &decision) != PARSE_OK)
			return NO_ENTRY;
		job->packet = headers.packet;
		job->packet.quiet = family == FAMILY_IPV4 ? QUIET_FRAGMENT : 0;
		return follow_reply(settings, job, &decision);
	}
	if (!has_ports(headers.packet.protocol) ||
	    read_first_fragment(ctx, &headers, &decision.header_end) != PARSE_OK)
		return NO_ENTRY;
	job->packet = headers.packet;
	number = find_reply(settings, job);
	if (number < 0 || !headers.more)
		return number;
	decision.reply = 1;
	decision.flow = number;
	remember_fragment(&headers, &decision);
	return number;
}

/* A packet that may be a reply: whether it is, the table says. */
static __always_inline int translate_reply(struct xdp_md *ctx, int family, int frags)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, *ip;
	__u64 frame = frags ? bpf_xdp_get_buff_len(ctx) : (__u64)(end - data);
	struct settings *settings = get_settings();
	struct nat_job *job = get_nat_job();
	struct packet empty = {};
	struct link link;
	int result, number;

	ip = parse_link(data, end, &link);
	if (!settings || !job || !ip || ip + (family == FAMILY_IPV4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) > end)
		return XDP_PASS;
	job->packet = empty;
	result = family == FAMILY_IPV4 ? parse_ipv4(ip, end, frame - link.length, &job->packet)
				       : parse_ipv6(ip, end, frame - link.length, &job->packet);
	if (result == PARSE_MALFORMED)
		return XDP_PASS;
	if (result == PARSE_OK)
		number = find_reply(settings, job);
	else if (job->packet.protocol == (family == FAMILY_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		number = find_quoted_reply(ctx, job, family);
	else
		number = find_uncommon_reply(ctx, job, family);
	if (number >= 0)
		return send_reply(ctx, job, number, family, frags);
	return settings->options & OPTION_NAT_ICMP_SEND ? refuse_reply(ctx, job, link.length) : XDP_PASS;
}
