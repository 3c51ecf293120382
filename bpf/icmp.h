/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ICMP errors to the client, sent as the VIP: the frame itself is turned into
 * the answer and goes back where it came from. An IPv4 error is at most 576
 * bytes (RFC 1812, 4.3.2.3), an IPv6 one at most 1280 (RFC 4443, 2.4).
 */
#pragma once

#include "common.h"
#include "csum.h"
#include "parse.h"
#include "stats.h"

#define ICMP_HEADER 8
#define ICMPV4_QUOTE (576 - sizeof(struct iphdr) - ICMP_HEADER)
#define ICMPV6_QUOTE (1280 - sizeof(struct ipv6hdr) - ICMP_HEADER)
#define ICMP_TTL 64
#define TOS_INTERNETCONTROL 0xc0

enum icmp_error {
	ICMP_ERROR_TOO_BIG,
	ICMP_ERROR_TTL,
	ICMP_ERROR_UNREACHABLE, /* of the port: no real server takes the connection */
	ICMP_ERROR_HOST,	/* a host or address cannot be reached */
	ICMP_ERROR_AS_IS = 0x10000, /* IPv4: type * 256 + code stand in the low bits */
};

static __always_inline __u8 icmpv4_type(enum icmp_error error)
{
	if (error & ICMP_ERROR_AS_IS)
		return error >> 8;
	return error == ICMP_ERROR_TTL ? 11 : 3; /* RFC 792 */
}

static __always_inline __u8 icmpv4_code(enum icmp_error error)
{
	if (error & ICMP_ERROR_AS_IS)
		return error;
	if (error == ICMP_ERROR_TTL)
		return 0;
	if (error == ICMP_ERROR_HOST)
		return 1;
	return error == ICMP_ERROR_TOO_BIG ? 4 : 3; /* 4: RFC 1191 */
}

static __always_inline __u8 icmpv6_type(enum icmp_error error)
{
	if (error == ICMP_ERROR_TTL)
		return 3; /* RFC 4443, 3.3 */
	return error == ICMP_ERROR_TOO_BIG ? 2 : 1; /* 3.2, 3.1 */
}

static __always_inline __u8 icmpv6_code(enum icmp_error error)
{
	if (error == ICMP_ERROR_HOST)
		return 3;
	return error == ICMP_ERROR_UNREACHABLE ? 4 : 0;
}

struct icmp_header {
	__u8 type;
	__u8 code;
	__u16 checksum;
	__be32 rest; /* IPv4: unused and MTU; IPv6: MTU */
};

/* RFC 1122 (3.2.2) and RFC 4443 (2.4 e): no errors to what is not one host's address. */
static __always_inline int may_be_answered(void *ip, void *end, __be16 protocol)
{
	struct ipv6hdr *v6 = ip;
	struct iphdr *v4 = ip;
	__be32 *word = v6->saddr.in6_u.u6_addr32;
	__u8 first;

	if (protocol == bpf_htons(ETH_P_IP)) {
		if ((void *)(v4 + 1) > end)
			return 0;
		first = v4->saddr & 0xff;
		return first != 0 && first != 127 && first < 224;
	}
	if ((void *)(v6 + 1) > end || (word[0] & 0xff) == 0xff)
		return 0;
	return word[0] || word[1] || word[2] || bpf_ntohl(word[3]) > 1;
}

/* A token bucket for each CPU. */
static __always_inline int icmp_allowed(const struct settings *settings)
{
	__u32 zero = 0;
	struct icmp_tokens *bucket = bpf_map_lookup_elem(&icmp_tokens, &zero);
	__u64 now = bpf_jiffies64(), gained;

	if (!bucket || !settings->hertz)
		return 0;
	gained = (now - bucket->refilled_at) * settings->icmp_rate / settings->hertz;
	if (gained) {
		bucket->tokens += gained;
		bucket->refilled_at = now;
	}
	if (bucket->tokens > settings->icmp_burst)
		bucket->tokens = settings->icmp_burst;
	if (!bucket->tokens) {
		count(icmp_rate_limited);
		return 0;
	}
	bucket->tokens--;
	return 1;
}

struct sum_walk {
	struct xdp_md *ctx;
	__u32 offset; /* bytes from the start of the frame */
	__u32 left;
	__s64 sum;
};

#define SUM_STEP 64

/* The last step sums fewer bytes: what lies beyond them in the buffer is zero. */
static long sum_step(__u32 i __attribute__((unused)), struct sum_walk *walk)
{
	__u32 buffer[SUM_STEP / 4] = {};
	__u32 length = walk->left < SUM_STEP ? walk->left : SUM_STEP;

	if (!length)
		return 1;
	asm volatile("" : "+r"(length)); /* 6.1 does not learn from != 0: show it 1 to SUM_STEP */
	length = ((length - 1) & (SUM_STEP - 1)) + 1;
	if (bpf_xdp_load_bytes(walk->ctx, walk->offset, buffer, length))
		return 1;
	walk->sum = bpf_csum_diff(0, 0, buffer, SUM_STEP, walk->sum);
	walk->offset += length;
	walk->left -= length;
	return 0;
}

/* Adds `length` bytes of the frame from `offset` on to a sum. */
static __always_inline __s64 sum_frame(struct xdp_md *ctx, __u32 offset, __u32 length, __s64 sum)
{
	struct sum_walk walk = {.ctx = ctx, .offset = offset, .left = length, .sum = sum};

	bpf_loop((length + SUM_STEP - 1) / SUM_STEP, sum_step, &walk, 0);
	return walk.sum;
}

/* The link header in front of the answer: MACs swapped, tags kept. */
static __always_inline void *write_return_link(void *data, void *end, struct link *link, struct tags *tags,
					       struct ethhdr *came)
{
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > end)
		return 0;
	__builtin_memcpy(eth->h_dest, came->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, came->h_dest, ETH_ALEN);
	return write_tags(data, end, tags, link->protocol);
}

static __always_inline int write_icmpv4(struct xdp_md *ctx, struct iphdr *ip, void *end, __u32 offset,
					__u32 quote, enum icmp_error error, __u32 mtu)
{
	struct icmp_header *icmp = (void *)(ip + 1);
	struct iphdr *original = (void *)(icmp + 1);

	if ((void *)(original + 1) > end)
		return 0;
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = TOS_INTERNETCONTROL;
	ip->tot_len = bpf_htons(sizeof(*ip) + ICMP_HEADER + quote);
	ip->id = 0;
	ip->frag_off = 0;
	ip->ttl = ICMP_TTL;
	ip->protocol = IPPROTO_ICMP;
	ip->check = 0;
	ip->saddr = original->daddr;
	ip->daddr = original->saddr;
	ip->check = ipv4_checksum(ip);
	icmp->type = icmpv4_type(error);
	icmp->code = icmpv4_code(error);
	icmp->checksum = 0;
	icmp->rest = error == ICMP_ERROR_TOO_BIG ? bpf_htonl(mtu & 0xffff) : 0;
	icmp->checksum = ~fold(sum_frame(ctx, offset, ICMP_HEADER + quote, 0));
	return 1;
}

static __always_inline int write_icmpv6(struct xdp_md *ctx, struct ipv6hdr *ip, void *end, __u32 offset,
					__u32 quote, enum icmp_error error, __u32 mtu)
{
	struct icmp_header *icmp = (void *)(ip + 1);
	struct ipv6hdr *original = (void *)(icmp + 1);
	__s64 sum;

	if ((void *)(original + 1) > end)
		return 0;
	*(__be32 *)ip = bpf_htonl(6u << 28);
	ip->payload_len = bpf_htons(ICMP_HEADER + quote);
	ip->nexthdr = IPPROTO_ICMPV6;
	ip->hop_limit = ICMP_TTL;
	ip->saddr = original->daddr;
	ip->daddr = original->saddr;
	icmp->type = icmpv6_type(error);
	icmp->code = icmpv6_code(error);
	icmp->checksum = 0;
	icmp->rest = error == ICMP_ERROR_TOO_BIG ? bpf_htonl(mtu) : 0;
	sum = bpf_csum_diff(0, 0, (__be32 *)&ip->saddr, 32, 0);
	sum += bpf_htonl(ICMP_HEADER + quote);
	sum += bpf_htonl(IPPROTO_ICMPV6);
	icmp->checksum = ~fold(sum_frame(ctx, offset, ICMP_HEADER + quote, fold(sum))); /* the seed has 32 bits */
	return 1;
}

/* Cuts the frame to the answer's length; sums stay right because the quote was cut first. */
static __always_inline int answer(struct xdp_md *ctx, struct link *link, struct tags *tags, struct ethhdr *came,
				  __u32 quote, enum icmp_error error, __u32 mtu)
{
	int over_ipv4 = link->protocol == bpf_htons(ETH_P_IP);
	__u32 header = over_ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	__u32 offset = link->length + header; /* of the ICMP header */
	__u32 wanted = offset + ICMP_HEADER + quote;
	void *data, *end, *ip;
	int written;

	if (bpf_xdp_adjust_head(ctx, -(int)(header + ICMP_HEADER)))
		return 0;
	if (bpf_xdp_adjust_tail(ctx, (int)wanted - (int)bpf_xdp_get_buff_len(ctx)))
		return 0;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	ip = write_return_link(data, end, link, tags, came);
	if (!ip)
		return 0;
	written = over_ipv4 ? write_icmpv4(ctx, ip, end, offset, quote, error, mtu)
			    : write_icmpv6(ctx, ip, end, offset, quote, error, mtu);
	if (written)
		count(icmp_sent);
	return written;
}

/* `length`: bytes of the IP packet; `mtu`: what the client's packets may measure. */
__noinline int send_icmp_error(struct xdp_md *ctx, __u32 length, enum icmp_error error, __u32 mtu)
{
	struct settings *settings = get_settings();
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct link link = {};
	struct tags tags = {};
	struct ethhdr came;
	__u32 quote, most;
	void *ip;

	if (!settings || data + sizeof(came) > end)
		return XDP_DROP;
	__builtin_memcpy(&came, data, sizeof(came));
	ip = parse_link(data, end, &link);
	if (!ip || !may_be_answered(ip, end, link.protocol) || !icmp_allowed(settings))
		return XDP_DROP;
	read_tags(data, end, &link, &tags);
	most = link.protocol == bpf_htons(ETH_P_IP) ? ICMPV4_QUOTE : ICMPV6_QUOTE;
	quote = length < most ? length : most;
	return answer(ctx, &link, &tags, &came, quote, error, mtu) ? XDP_TX : XDP_DROP;
}
