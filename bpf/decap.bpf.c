// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * For real servers without an ipip, gre or fou device: takes the outer headers off
 * packets that a director tunnelled here, and passes the inner packet up the stack.
 * Only for configured VIPs; everything else goes to the kernel untouched.
 *
 *   read_link -> read_outer_ipv4, _ipv6 -> read_shim -> read_inner -> VIP? -> congestion -> strip
 *
 * The sums of GRE and of UDP are not looked at: what they cover beyond their own
 * header has sums of its own, which the stack checks.
 *
 * Pointers are followed within the first page alone; lengths are compared with
 * the whole frame, its further pages included.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "decap_types.h"

#define MAX_VIPS 1024
#define MAX_VLAN_TAGS 2
#define MAX_EXTENSION_HEADERS 2
#define VLAN_HLEN 4
#define IPV4_FRAGMENT bpf_htons(0x3fff) /* more fragments, or an offset */
#define ECN_MASK 3
#define ECN_CE 3 /* congestion experienced */

/* "No verdict yet". */
#define CONTINUE (-1)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_VIPS);
	__type(key, struct decap_vip);
	__type(value, __u32); /* the family: 4 or 6 */
} decap_vips SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct decap_options);
} decap_options SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct decap_counters);
} decap_counters SEC(".maps");

/* The tunnel packet, as far as it has been read. */
struct tunnel {
	void *cursor; /* what is read next */
	void *end;    /* of the first page */
	__u32 frame;  /* bytes of the whole frame */
	__u32 link;   /* bytes before the outer IP header */
	__u32 outer;  /* bytes of the outer headers: IP with extension headers, GRE or UDP and GUE */
	__u32 packet; /* bytes of the outer IP packet */
	__u8 outer_family;
	__u8 inner_family;
	__u8 protocol;  /* of what the outer IP header announces */
	__u8 congested; /* a router on the way marked the outer header */
};

#define count(name)                                                                       \
	do {                                                                              \
		__u32 zero = 0;                                                           \
		struct decap_counters *c = bpf_map_lookup_elem(&decap_counters, &zero);   \
		if (c)                                                                    \
			c->name++;                                                        \
	} while (0)

#define pass(reason)              \
	({                        \
		count(reason);    \
		XDP_PASS;         \
	})

static __always_inline int is_vlan(__be16 protocol)
{
	return protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD);
}

/* The family that a protocol number stands for inside an IP packet; 0: no tunnel. */
static __always_inline __u8 tunnelled_family(__u8 protocol)
{
	return protocol == IPPROTO_IPIP ? 4 : protocol == IPPROTO_IPV6 ? 6 : 0;
}

/* Answers the EtherType behind up to two tags; 0 where the frame is too short to have one. */
static __always_inline __be16 read_link(struct tunnel *tunnel, void *data)
{
	__be16 *type = data + 2 * ETH_ALEN;

	tunnel->link = ETH_HLEN;
#pragma unroll
	for (int i = 0; i < MAX_VLAN_TAGS; i++) {
		if ((void *)(type + 1) > tunnel->end)
			return 0;
		if (!is_vlan(*type))
			break;
		type += VLAN_HLEN / sizeof(*type);
		tunnel->link += VLAN_HLEN;
	}
	if ((void *)(type + 1) > tunnel->end)
		return 0;
	tunnel->cursor = type + 1;
	return *type;
}

static __always_inline int may_be_tunnel(__u8 protocol)
{
	return protocol == IPPROTO_IPIP || protocol == IPPROTO_IPV6 || protocol == IPPROTO_GRE || protocol == IPPROTO_UDP;
}

static __always_inline int read_outer_ipv4(struct tunnel *tunnel)
{
	struct iphdr *ip = tunnel->cursor;

	if ((void *)(ip + 1) > tunnel->end)
		return XDP_PASS;
	tunnel->protocol = ip->protocol;
	if (!may_be_tunnel(ip->protocol))
		return XDP_PASS;
	if (ip->protocol == IPPROTO_UDP && (ip->ihl < 5 || ip->frag_off & IPV4_FRAGMENT))
		return XDP_PASS; /* nobody knows its port */
	if (ip->version != 4 || ip->ihl < 5)
		return pass(pass_malformed);
	/* Its headers are for the first fragment alone: the kernel puts it together. */
	if (ip->frag_off & IPV4_FRAGMENT)
		return pass(pass_fragment);
	tunnel->outer_family = 4;
	tunnel->outer = ip->ihl * 4;
	tunnel->packet = bpf_ntohs(ip->tot_len);
	tunnel->congested = (ip->tos & ECN_MASK) == ECN_CE;
	tunnel->cursor += tunnel->outer;
	return CONTINUE;
}

/*
 * Options that Linux's own tunnels put before the inner packet (a destination
 * option with the encapsulation limit) are skipped; longer chains are no tunnel
 * as far as we are concerned.
 */
static __always_inline int skip_options(struct tunnel *tunnel, __u8 next)
{
#pragma unroll
	for (int i = 0; i < MAX_EXTENSION_HEADERS; i++) {
		struct ipv6_opt_hdr *options = tunnel->cursor;
		__u32 length;

		if (next != IPPROTO_DSTOPTS && next != IPPROTO_HOPOPTS)
			break;
		if ((void *)(options + 1) > tunnel->end)
			return XDP_PASS;
		next = options->nexthdr;
		length = (options->hdrlen + 1) * 8;
		tunnel->cursor += length;
		tunnel->outer += length;
	}
	tunnel->protocol = next;
	return may_be_tunnel(next) ? CONTINUE : XDP_PASS;
}

static __always_inline int read_outer_ipv6(struct tunnel *tunnel)
{
	struct ipv6hdr *ip = tunnel->cursor;
	int verdict;

	if ((void *)(ip + 1) > tunnel->end)
		return XDP_PASS;
	tunnel->outer_family = 6;
	tunnel->outer = sizeof(*ip);
	tunnel->packet = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	tunnel->congested = (ip->flow_lbl[0] >> 4 & ECN_MASK) == ECN_CE;
	tunnel->cursor += sizeof(*ip);
	verdict = skip_options(tunnel, ip->nexthdr);
	if (verdict == CONTINUE && ip->version != 6)
		return tunnel->protocol == IPPROTO_UDP ? XDP_PASS : pass(pass_malformed);
	return verdict;
}

#define GRE_SUM bpf_htons(0x8000)

struct gre_header {
	__be16 flags;
	__be16 type; /* EtherType */
};

static __always_inline int read_gre(struct tunnel *tunnel)
{
	struct gre_header *gre = tunnel->cursor;
	__u32 length = sizeof(*gre);

	if ((void *)(gre + 1) > tunnel->end)
		return pass(pass_malformed);
	if (gre->type != bpf_htons(ETH_P_IP) && gre->type != bpf_htons(ETH_P_IPV6))
		return XDP_PASS;
	if (gre->flags & ~GRE_SUM)
		return pass(pass_option);
	if (gre->flags)
		length += 4; /* sum and a reserved word: RFC 2784, 2.1 */
	tunnel->inner_family = gre->type == bpf_htons(ETH_P_IP) ? 4 : 6;
	tunnel->cursor += length;
	tunnel->outer += length;
	return CONTINUE;
}

/*
 * draft-ietf-intarea-gue: variant 0 has a header of its own, as IPVS sends it; of
 * variant 1, which Katran sends, the packet inside follows UDP's, and its version is
 * where the variant's bits are.
 */
struct gue_header {
	struct udphdr udp;
	__u8 lengths; /* version, control bit, words of fields */
	__u8 protocol;
	__be16 flags;
};

static __always_inline int read_gue(struct tunnel *tunnel)
{
	struct gue_header *gue = tunnel->cursor;
	__u32 zero = 0;
	struct decap_options *options = bpf_map_lookup_elem(&decap_options, &zero);
	__u32 length = sizeof(*gue);

	if ((void *)(gue + 1) > tunnel->end || !options || !options->gue_port || gue->udp.dest != options->gue_port)
		return XDP_PASS;
	if (gue->lengths >> 4 == 4 || gue->lengths >> 4 == 6) {
		tunnel->inner_family = gue->lengths >> 4;
		length = sizeof(gue->udp);
	} else {
		if (gue->lengths || gue->flags)
			return pass(pass_option);
		tunnel->inner_family = tunnelled_family(gue->protocol);
	}
	if (!tunnel->inner_family)
		return pass(pass_option);
	tunnel->cursor += length;
	tunnel->outer += length;
	return CONTINUE;
}

/* What stands between the outer IP header and the inner packet. */
static __always_inline int read_shim(struct tunnel *tunnel)
{
	if (tunnel->protocol == IPPROTO_GRE)
		return read_gre(tunnel);
	if (tunnel->protocol == IPPROTO_UDP)
		return read_gue(tunnel);
	tunnel->inner_family = tunnelled_family(tunnel->protocol);
	return CONTINUE;
}

/* Fills in the inner destination. Both packets must be whole within the frame. */
static __always_inline int read_inner(struct tunnel *tunnel, struct decap_vip *vip)
{
	struct ipv6hdr *ipv6 = tunnel->cursor;
	struct iphdr *ipv4 = tunnel->cursor;
	__u32 length;

	if (tunnel->inner_family == 4) {
		if ((void *)(ipv4 + 1) > tunnel->end || ipv4->version != 4 || ipv4->ihl < 5)
			return pass(pass_malformed);
		vip->word[0] = ipv4->daddr;
		length = bpf_ntohs(ipv4->tot_len);
		if (length < ipv4->ihl * 4)
			return pass(pass_malformed);
	} else {
		if ((void *)(ipv6 + 1) > tunnel->end || ipv6->version != 6)
			return pass(pass_malformed);
		__builtin_memcpy(vip, &ipv6->daddr, sizeof(*vip));
		length = sizeof(*ipv6) + bpf_ntohs(ipv6->payload_len);
	}
	if (tunnel->packet > tunnel->frame - tunnel->link || tunnel->outer + length > tunnel->packet)
		return pass(pass_malformed);
	return CONTINUE;
}

/* RFC 1624: the checksum of a header after one of its words changed. */
static __always_inline __sum16 replaced(__sum16 check, __u16 before, __u16 after)
{
	__u32 sum = (__u16)~check + (__u16)~before + after;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* RFC 6040, 4.2: a mark on the outer header goes over to the inner one, or the packet is lost. */
static __always_inline int pass_congestion_on(struct tunnel *tunnel)
{
	struct ipv6hdr *ipv6 = tunnel->cursor;
	struct iphdr *ipv4 = tunnel->cursor;

	if (!tunnel->congested)
		return CONTINUE;
	if (tunnel->inner_family == 4) {
		__u16 before;

		if ((void *)(ipv4 + 1) > tunnel->end)
			return pass(pass_malformed);
		before = *(__u16 *)ipv4;
		if (!(ipv4->tos & ECN_MASK))
			goto drop;
		ipv4->tos |= ECN_CE;
		ipv4->check = replaced(ipv4->check, before, *(__u16 *)ipv4);
		return CONTINUE;
	}
	if ((void *)(ipv6 + 1) > tunnel->end)
		return pass(pass_malformed);
	if (!(ipv6->flow_lbl[0] >> 4 & ECN_MASK))
		goto drop;
	ipv6->flow_lbl[0] |= ECN_CE << 4;
	return CONTINUE;
drop:
	count(drop_congestion);
	return XDP_DROP;
}

/* What stands before the IP header: up to two tags. */
struct link {
	__u8 bytes[ETH_HLEN + MAX_VLAN_TAGS * VLAN_HLEN];
};

/* Writes `length` (a constant) bytes of it to the head of the frame, `type` in place of the last EtherType. */
static __always_inline int write_link(void *data, void *end, const struct link *link, __u32 length, __be16 type)
{
	if (data + length > end)
		return 0;
	__builtin_memcpy(data, link, length - sizeof(type));
	*(__be16 *)(data + length - sizeof(type)) = type;
	return 1;
}

/* Moves MACs and tags to the inner packet and cuts off what was before. */
static __always_inline int strip(struct xdp_md *ctx, const struct tunnel *tunnel)
{
	__be16 type = tunnel->inner_family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct link link;
	int written;

	/* Two IP headers follow, so even an untagged frame has as many bytes. */
	if (data + sizeof(link) > end)
		return pass(pass_malformed);
	__builtin_memcpy(&link, data, sizeof(link));
	if (bpf_xdp_adjust_head(ctx, tunnel->outer))
		goto drop;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (tunnel->link == ETH_HLEN)
		written = write_link(data, end, &link, ETH_HLEN, type);
	else if (tunnel->link == ETH_HLEN + VLAN_HLEN)
		written = write_link(data, end, &link, ETH_HLEN + VLAN_HLEN, type);
	else
		written = write_link(data, end, &link, ETH_HLEN + 2 * VLAN_HLEN, type);
	if (written)
		return CONTINUE;
drop:
	count(drop_error);
	return XDP_DROP;
}

static __always_inline void count_family(const struct tunnel *tunnel)
{
	if (tunnel->outer_family == 4 && tunnel->inner_family == 4)
		count(ipv4_in_ipv4);
	else if (tunnel->outer_family == 4)
		count(ipv6_in_ipv4);
	else if (tunnel->inner_family == 4)
		count(ipv4_in_ipv6);
	else
		count(ipv6_in_ipv6);
}

static __always_inline int decapsulate(struct xdp_md *ctx)
{
	struct tunnel tunnel = {
		.end = (void *)(long)ctx->data_end,
		.frame = bpf_xdp_get_buff_len(ctx),
	};
	__be16 type = read_link(&tunnel, (void *)(long)ctx->data);
	struct decap_vip vip = {};
	int verdict = XDP_PASS;
	__u32 *family;

	if (type == bpf_htons(ETH_P_IP))
		verdict = read_outer_ipv4(&tunnel);
	else if (type == bpf_htons(ETH_P_IPV6))
		verdict = read_outer_ipv6(&tunnel);
	if (verdict == CONTINUE)
		verdict = read_shim(&tunnel);
	if (verdict == CONTINUE)
		verdict = read_inner(&tunnel, &vip);
	if (verdict != CONTINUE)
		return verdict;
	family = bpf_map_lookup_elem(&decap_vips, &vip);
	/* An IPv4 address has the same bytes as some IPv6 address. */
	if (!family || *family != tunnel.inner_family)
		return pass(pass_other_vip);
	verdict = pass_congestion_on(&tunnel);
	if (verdict == CONTINUE)
		verdict = strip(ctx, &tunnel);
	if (verdict != CONTINUE)
		return verdict;
	count_family(&tunnel);
	return XDP_PASS;
}

SEC("xdp")
int xlb_decap(struct xdp_md *ctx)
{
	return decapsulate(ctx);
}

/* The same for frames larger than a page. */
SEC("xdp.frags")
int xlb_decap_frags(struct xdp_md *ctx)
{
	return decapsulate(ctx);
}

char _license[] SEC("license") = "Dual MIT/GPL";
