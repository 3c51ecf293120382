/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ICMP errors between the families (RFC 7915, 4.2 and 5.2): all that stands before
 * the quoted transport header is made anew, and what stands behind stays.
 */
#pragma once

#include "related.h"
#include "translate_family.h"

#define ICMPV4_PROTOCOL_UNREACHABLE 2 /* codes of ICMPV4_UNREACHABLE */
#define ICMPV4_PORT_UNREACHABLE 3
#define ICMPV4_HOST_UNREACHABLE 1
#define ICMPV4_HOST_PROHIBITED 10
#define ICMPV4_PRECEDENCE 14
#define ICMPV4_CUTOFF 15
#define ICMPV6_UNREACHABLE 1
#define ICMPV6_TOO_BIG 2
#define ICMPV6_TIME_EXCEEDED 3
#define ICMPV6_PARAMETER 4
#define ICMPV6_PROHIBITED 1 /* codes of ICMPV6_UNREACHABLE */
#define ICMPV6_PORT 4
#define ICMPV6_NEXT_HEADER 1 /* of ICMPV6_PARAMETER */
#define FAMILY_DIFFERENCE (sizeof(struct ipv6hdr) - sizeof(struct iphdr))
#define MOST_ICMPV4 576

/* Prohibited by an administrator: codes of ICMPV4_UNREACHABLE, a bit each. */
#define PROHIBITED (1 << 9 | 1 << 10 | 1 << 13 | 1 << 15)

/* What an error says; 0 where the other family has no word for it. */
struct error_kind {
	__u8 type;
	__u8 code;
	__u32 rest; /* MTU or pointer, in host order */
};

static __always_inline __u32 grown_mtu(const struct icmp_header *icmp)
{
	__u32 mtu = (bpf_ntohl(icmp->rest) & 0xffff) + FAMILY_DIFFERENCE;

	return mtu < IPV6_MIN_MTU ? IPV6_MIN_MTU : mtu; /* old routers say 0 */
}

static __always_inline int unreachable_to_icmpv6(const struct icmp_header *icmp, struct error_kind *kind)
{
	if (icmp->code == ICMPV4_FRAGMENTATION_NEEDED) {
		kind->type = ICMPV6_TOO_BIG;
		kind->rest = grown_mtu(icmp);
		return 1;
	}
	if (icmp->code == ICMPV4_PROTOCOL_UNREACHABLE) {
		kind->type = ICMPV6_PARAMETER;
		kind->code = ICMPV6_NEXT_HEADER;
		kind->rest = __builtin_offsetof(struct ipv6hdr, nexthdr);
		return 1;
	}
	kind->type = ICMPV6_UNREACHABLE;
	if (icmp->code == ICMPV4_PORT_UNREACHABLE)
		kind->code = ICMPV6_PORT;
	else if (icmp->code <= ICMPV4_CUTOFF && PROHIBITED >> icmp->code & 1)
		kind->code = ICMPV6_PROHIBITED;
	return icmp->code != ICMPV4_PRECEDENCE && icmp->code <= ICMPV4_CUTOFF;
}

static __always_inline int to_icmpv6(const struct icmp_header *icmp, struct error_kind *kind)
{
	if (icmp->type == ICMPV4_UNREACHABLE)
		return unreachable_to_icmpv6(icmp, kind);
	kind->type = ICMPV6_TIME_EXCEEDED;
	kind->code = icmp->code;
	return icmp->type == ICMPV4_TIME_EXCEEDED;
}

/* RFC 8201, 4: no link of IPv6 has less than 1280 bytes, whatever a router says. */
static __always_inline int to_icmpv4(const struct icmp_header *icmp, struct error_kind *kind)
{
	__u32 rest = bpf_ntohl(icmp->rest);

	kind->type = ICMPV4_UNREACHABLE;
	kind->code = ICMPV4_HOST_UNREACHABLE;
	if (icmp->type == ICMPV6_TOO_BIG) {
		kind->code = ICMPV4_FRAGMENTATION_NEEDED;
		kind->rest = rest - FAMILY_DIFFERENCE;
		return rest >= IPV6_MIN_MTU && rest <= MAX_IP_LENGTH;
	}
	if (icmp->type == ICMPV6_TIME_EXCEEDED) {
		kind->type = ICMPV4_TIME_EXCEEDED;
		kind->code = icmp->code;
		return 1;
	}
	if (icmp->type == ICMPV6_PARAMETER) {
		kind->code = ICMPV4_PROTOCOL_UNREACHABLE;
		return icmp->code == ICMPV6_NEXT_HEADER;
	}
	if (icmp->code == ICMPV6_PROHIBITED)
		kind->code = ICMPV4_HOST_PROHIBITED;
	else if (icmp->code == ICMPV6_PORT)
		kind->code = ICMPV4_PORT_UNREACHABLE;
	return icmp->type == ICMPV6_UNREACHABLE && icmp->code <= ICMPV6_PORT;
}

/* The packet that the error is about, as job->out's addressee has sent it. */
static __always_inline int read_sent(struct xdp_md *ctx, const struct nat_job *job, struct ip_fields *sent)
{
	__u32 is_four = job->packet.family == FAMILY_IPV4, headers = job->quoted_ports - job->quote, total;
	__be16 length;

	if (!read_class(ctx, job->quote, job->packet.family, sent) ||
	    bpf_xdp_load_bytes(ctx, job->quote + (is_four ? __builtin_offsetof(struct iphdr, tot_len)
							  : __builtin_offsetof(struct ipv6hdr, payload_len)),
			       &length, sizeof(length)))
		return 0;
	total = bpf_ntohs(length) + (is_four ? 0 : sizeof(struct ipv6hdr));
	sent->payload = total - headers;
	sent->source = &job->out.destination;
	sent->destination = &job->out.source;
	sent->protocol = job->packet.protocol;
	return total >= headers;
}

static __always_inline void make_icmp(struct icmp_header *icmp, const struct error_kind *kind)
{
	icmp->type = kind->type;
	icmp->code = kind->code;
	icmp->checksum = 0;
	icmp->rest = bpf_htonl(kind->rest);
}

/* Writes all headers behind the link's `at` bytes, where there is room for them. */
static __always_inline int write_headers(struct xdp_md *ctx, struct nat_job *job, __u32 at, const struct error_kind *kind,
					 const struct ip_fields *outer, const struct ip_fields *sent)
{
	__u8 *head;

	at = bound_link(at);
	head = job->head + at;
	if (job->out.family == FAMILY_IPV4) {
		make_ipv4((void *)head, outer);
		make_icmp((void *)(head + sizeof(struct iphdr)), kind);
		make_ipv4((void *)(head + sizeof(struct iphdr) + ICMP_HEADER), sent);
		return !bpf_xdp_store_bytes(ctx, 0, job->head, at + 2 * sizeof(struct iphdr) + ICMP_HEADER);
	}
	make_ipv6((void *)head, outer);
	make_icmp((void *)(head + sizeof(struct ipv6hdr)), kind);
	make_ipv6((void *)(head + sizeof(struct ipv6hdr) + ICMP_HEADER), sent);
	return !bpf_xdp_store_bytes(ctx, 0, job->head, at + 2 * sizeof(struct ipv6hdr) + ICMP_HEADER);
}

/* `at`: of the ICMP header; it has `length` bytes. */
static __always_inline int sum_error(struct xdp_md *ctx, const struct nat_job *job, __u32 at, __u32 length)
{
	__u64 sum = 0;
	__u16 checksum;

	if (job->out.family == FAMILY_IPV6)
		sum = sum_ends(&job->out, IPPROTO_ICMPV6) + bpf_htons(length);
	checksum = ~fold(sum_frame(ctx, at, length, fold(sum)));
	return !bpf_xdp_store_bytes(ctx, at + ICMP_CHECKSUM, &checksum, sizeof(checksum));
}

/* Changes the error's size: `before` bytes of headers at `at` become `after`; then `rest` bytes of the quote follow. */
static __always_inline int resize(struct xdp_md *ctx, struct nat_job *job, __u32 at, __u32 before, __u32 after, __u32 rest)
{
	return lift_link(ctx, job, at, (int)before - (int)after) &&
	       !bpf_xdp_adjust_tail(ctx, (int)(at + after + rest) - (int)bpf_xdp_get_buff_len(ctx));
}

/* Header of the error itself. Its payload: ICMP's header and what it quotes. */
static __always_inline void make_outer(const struct nat_job *job, __u32 payload, struct ip_fields *outer)
{
	outer->source = &job->out.source;
	outer->destination = &job->out.destination;
	outer->protocol = job->out.family == FAMILY_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	outer->payload = payload;
	outer->tos = job->tos;
	outer->ttl = job->ttl;
}

/* The error that is the job's packet, from `at` on, becomes one to job->out; 0: it cannot, and must be dropped. */
__noinline int cross_error(struct xdp_md *ctx, __u32 at)
{
	struct nat_job *job = get_nat_job();
	struct ip_fields outer = {}, sent = {};
	struct ports ports;
	struct error_kind kind = {};
	struct icmp_header icmp;
	__u32 before, header, after, rest, most;

	if (!job || bpf_xdp_load_bytes(ctx, job->quote - ICMP_HEADER, &icmp, sizeof(icmp)) || !read_sent(ctx, job, &sent) ||
	    !(job->out.family == FAMILY_IPV4 ? to_icmpv4(&icmp, &kind) : to_icmpv6(&icmp, &kind)))
		return 0;
	before = job->quoted_ports - at;
	header = header_length(job->out.family);
	after = 2 * header + ICMP_HEADER;
	rest = job->packet.length - before;
	most = (job->out.family == FAMILY_IPV4 ? MOST_ICMPV4 : IPV6_MIN_MTU) - after;
	if (rest > most)
		rest = most;
	make_outer(job, after - header + rest, &outer);
	ports.source = job->out.destination_port;
	ports.destination = job->out.source_port;
	return resize(ctx, job, at, before, after, rest) && write_headers(ctx, job, at, &kind, &outer, &sent) &&
	       !bpf_xdp_store_bytes(ctx, at + after, &ports, sizeof(ports)) &&
	       sum_error(ctx, job, at + header, after - header + rest);
}
