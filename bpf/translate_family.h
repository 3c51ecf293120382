/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * fullnat between the families (NAT64, NAT46): the packet gets another IP header,
 * by the rules of RFC 7915. Its ends are those of job->out. What is not translated
 * is dropped: fragments, and packets that name stations on their way.
 */
#pragma once

#include "csum.h"
#include "headers.h"
#include "icmp.h"
#include "nat_job.h"

#define NO_DF_LENGTH 1260 /* up to this an IPv4 packet may be cut on its way (RFC 7915, 5.1) */
#define MAX_IP_LENGTH 0xffff

/* What the two IP headers have in common. */
struct ip_fields {
	const struct address *source;
	const struct address *destination;
	__u32 payload; /* bytes behind the header */
	__u8 protocol;
	__u8 tos; /* or traffic class */
	__u8 ttl; /* or hop limit */
};

static __always_inline __u32 header_length(__u8 family)
{
	return family == FAMILY_IPV4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

static __always_inline __be16 ether_type(__u8 family)
{
	return family == FAMILY_IPV4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
}

static __always_inline int is_cross(const struct nat_job *job)
{
	return job->packet.family != job->out.family;
}

/* Bytes that the packet gets longer, or with a minus shorter; options and extension headers go. */
static __always_inline int growth(const struct nat_job *job)
{
	if (!is_cross(job) || is_quoted(&job->packet)) /* an error is cut to what any link takes */
		return 0;
	return (int)header_length(job->out.family) - job->packet.transport;
}

/* Bytes of the IP packet as it leaves. */
static __always_inline __u32 length_out(const struct nat_job *job)
{
	return job->packet.length + growth(job);
}

/* Bytes from the IP header to the transport's, as the packet leaves. */
static __always_inline __u32 transport_out(const struct nat_job *job)
{
	return is_cross(job) ? header_length(job->out.family) : job->packet.transport;
}

/* Of the packet in hand; what stands between its headers, stations.h looks at. */
static __always_inline int is_crossable(const struct nat_job *job)
{
	if (is_quoted(&job->packet))
		return 1;
	return job->packet.transport && !job->packet.partial && length_out(job) <= MAX_IP_LENGTH;
}

static __always_inline __u64 sum_address(const struct address *address)
{
	return (__u64)bpf_csum_diff(0, 0, (__be32 *)address, sizeof(*address), 0); /* of IPv4 the rest is 0 */
}

/* That of the pseudo header, but for its length; `out`: who sends and who gets it. */
static __always_inline __u64 sum_ends(const struct packet *out, __u8 protocol)
{
	return sum_address(&out->source) + sum_address(&out->destination) + bpf_htons(protocol);
}

/* What another pseudo header and other ports do to a ones'-complement sum. */
static __always_inline __u64 change_of(const struct packet *before, const struct packet *after)
{
	__u64 change = sum_address(&after->source) + sum_address(&after->destination);

	change += (__u16)~fold(sum_address(&before->source)) + (__u64)(__u16)~fold(sum_address(&before->destination));
	change += (__u64)after->source_port + (__u16)~before->source_port;
	return change + after->destination_port + (__u16)~before->destination_port;
}

/* UDP over IPv4 may go without a checksum, over IPv6 it may not: one is made. 0: its length is wrong. */
static __always_inline int make_udp_checksum(struct xdp_md *ctx, const struct nat_job *job, __u32 at, __u16 *checksum)
{
	struct udphdr udp;
	__u32 length;
	__u64 sum;

	if (bpf_xdp_load_bytes(ctx, at, &udp, sizeof(udp)))
		return 0;
	length = bpf_ntohs(udp.len);
	if (length < sizeof(udp) || length > job->packet.length - job->packet.transport)
		return 0;
	sum = sum_ends(&job->out, IPPROTO_UDP) + udp.len;
	*checksum = ~fold(sum_frame(ctx, at, length, fold(sum)));
	if (!*checksum)
		*checksum = 0xffff;
	return 1;
}

/* Ports and checksum of TCP or UDP; `at`: where its header stands in the frame. */
static __always_inline int cross_ports(struct xdp_md *ctx, const struct nat_job *job, __u32 at)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	int is_udp = job->packet.protocol == IPPROTO_UDP;
	struct ports *ports = data + at;
	__u16 *checksum = (void *)ports + (is_udp ? UDP_CHECKSUM : TCP_CHECKSUM), made;

	if (at > MAX_LINK_LENGTH + MAX_TRANSPORT || (void *)(ports + 1) > end || (void *)(checksum + 1) > end)
		return 0;
	ports->source = job->out.source_port;
	ports->destination = job->out.destination_port;
	if (!is_udp || *checksum) {
		made = moved_checksum(*checksum, change_of(&job->packet, &job->out));
		*checksum = is_udp && !made ? 0xffff : made;
		return 1;
	}
	if (job->out.family == FAMILY_IPV4)
		return 1;
	return make_udp_checksum(ctx, job, at, &made) && !bpf_xdp_store_bytes(ctx, at + UDP_CHECKSUM, &made, sizeof(made));
}

/* SCTP's checksum says nothing of addresses. */
static __always_inline int cross_sctp(struct xdp_md *ctx, const struct nat_job *job, __u32 transport)
{
	__u32 before = job->packet.source_port | (__u32)job->packet.destination_port << 16;
	__u32 after = job->out.source_port | (__u32)job->out.destination_port << 16;
	__u32 length = job->packet.length - job->packet.transport;

	return !update_sctp_checksum(ctx, transport, length, before, after) &&
	       !bpf_xdp_store_bytes(ctx, transport, &after, sizeof(after));
}

/* RFC 7915, 5.1. */
static __always_inline void make_ipv4(struct iphdr *ip, const struct ip_fields *of)
{
	__u32 length = sizeof(*ip) + of->payload;

	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = of->tos;
	ip->tot_len = bpf_htons(length);
	ip->frag_off = length > NO_DF_LENGTH ? IPV4_DF : 0;
	ip->id = ip->frag_off ? 0 : bpf_get_prandom_u32();
	ip->ttl = of->ttl;
	ip->protocol = of->protocol;
	ip->check = 0;
	ip->saddr = of->source->word[0];
	ip->daddr = of->destination->word[0];
	ip->check = ipv4_checksum(ip);
}

/* RFC 7915, 4.1. */
static __always_inline void make_ipv6(struct ipv6hdr *ip, const struct ip_fields *of)
{
	*(__be32 *)ip = bpf_htonl(6u << 28 | (__u32)of->tos << 20);
	ip->payload_len = bpf_htons(of->payload);
	ip->nexthdr = of->protocol;
	ip->hop_limit = of->ttl;
	__builtin_memcpy(&ip->saddr, of->source, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, of->destination, sizeof(ip->daddr));
}

/* For the verifier: 1 to 32, as it is anyway. */
static __always_inline __u32 bound_link(__u32 length)
{
	asm volatile("" : "+r"(length)); /* as in sum_step */
	return ((length - 1) & 31) + 1;
}

/*
 * The frame's first `length` bytes, a link header, go to job->head, with the other's
 * EtherType; the frame begins `delta` bytes further from now on.
 */
static __always_inline int lift_link(struct xdp_md *ctx, struct nat_job *job, __u32 length, int delta)
{
	if (length < sizeof(struct ethhdr) || length > MAX_LINK_LENGTH)
		return 0;
	length = bound_link(length);
	if (bpf_xdp_load_bytes(ctx, 0, job->head, length) || bpf_xdp_adjust_head(ctx, delta))
		return 0;
	*(__be16 *)(job->head + length - sizeof(__be16)) = ether_type(job->out.family);
	return 1;
}

/* TOS and TTL of the header at `at`, or what IPv6 calls so. */
static __always_inline int read_class(struct xdp_md *ctx, __u32 at, __u8 family, struct ip_fields *fields)
{
	struct iphdr v4;
	__be32 v6[2];

	if (family == FAMILY_IPV4) {
		if (bpf_xdp_load_bytes(ctx, at, &v4, sizeof(v4)))
			return 0;
		fields->tos = v4.tos;
		fields->ttl = v4.ttl;
		return 1;
	}
	if (bpf_xdp_load_bytes(ctx, at, v6, sizeof(v6)))
		return 0;
	fields->tos = bpf_ntohl(v6[0]) >> 20;
	fields->ttl = bpf_ntohl(v6[1]);
	return 1;
}

/* The job's packet, whose IP header stands at `at`, becomes job->out; 0: it cannot, and must be dropped. */
__noinline int cross_packet(struct xdp_md *ctx, __u32 at)
{
	struct nat_job *job = get_nat_job();
	struct ip_fields fields = {};
	__u32 transport;
	int done;

	if (!job || at < sizeof(struct ethhdr))
		return 0;
	fields.tos = job->tos;
	fields.ttl = job->ttl;
	fields.source = &job->out.source;
	fields.destination = &job->out.destination;
	fields.payload = job->packet.length - job->packet.transport;
	fields.protocol = job->packet.protocol;
	transport = at + job->packet.transport;
	done = fields.protocol == IPPROTO_SCTP ? cross_sctp(ctx, job, transport) : cross_ports(ctx, job, transport);
	if (!done || !lift_link(ctx, job, at, (int)job->packet.transport - (int)header_length(job->out.family)))
		return 0;
	at = bound_link(at);
	if (job->out.family == FAMILY_IPV4) {
		make_ipv4((void *)(job->head + at), &fields);
		return !bpf_xdp_store_bytes(ctx, 0, job->head, at + sizeof(struct iphdr));
	}
	make_ipv6((void *)(job->head + at), &fields);
	return !bpf_xdp_store_bytes(ctx, 0, job->head, at + sizeof(struct ipv6hdr));
}
