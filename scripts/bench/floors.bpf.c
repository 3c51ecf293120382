// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What every packet program costs at least: nothing, new MACs, an outer header without
 * any look-up, and the same with one line of a table as large as the connections of the
 * case: what this machine's memory takes of it, with and without a look-up by what the line says.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int floor_drop(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_DROP;
}

static __always_inline void swap_macs(struct ethhdr *eth)
{
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
}

SEC("xdp")
int floor_swap(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + sizeof(struct ethhdr) > end)
		return XDP_DROP;
	swap_macs(data);
	return XDP_TX;
}

#define SOURCE bpf_htonl(0xc0000205) /* 192.0.2.5 */
#define DESTINATION bpf_htonl(0xc00002c9)
#define GATEWAY 0x060504030201ULL

/* Sum of the outer header's words that no packet changes, as they are loaded; TTL 64, protocol 4. */
#define FIXED_SUM                                                                                     \
	(0x0045 + (64 | IPPROTO_IPIP << 8) + (SOURCE & 0xffff) + (SOURCE >> 16) + (DESTINATION & 0xffff) + \
	 (DESTINATION >> 16))

static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Written in whole words: nothing that puts an outer header in front can do less. */
static __always_inline int put_outer_header(struct xdp_md *ctx, __be32 destination)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *inner = data + sizeof(struct ethhdr);
	__u64 gateway = GATEWAY;
	struct ethhdr *eth, *old;
	__u16 length, tos;
	__u32 *word;

	if ((void *)(inner + 1) > end)
		return XDP_DROP;
	length = bpf_htons(bpf_ntohs(inner->tot_len) + sizeof(*inner));
	tos = (__u16)inner->tos << 8;
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*inner)))
		return XDP_DROP;
	eth = data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	old = data + sizeof(*inner);
	word = (void *)(eth + 1);
	if ((void *)(old + 1) + sizeof(*inner) > end)
		return XDP_DROP;
	__builtin_memcpy(eth->h_source, old->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, &gateway, ETH_ALEN);
	eth->h_proto = bpf_htons(ETH_P_IP);
	word[0] = 0x0045 | tos | (__u32)length << 16;
	word[1] = 0;
	word[2] = 64 | IPPROTO_IPIP << 8 | (__u32)fold(FIXED_SUM + tos + length) << 16;
	word[3] = SOURCE;
	word[4] = destination;
	return XDP_TX;
}

SEC("xdp")
int floor_ipip(struct xdp_md *ctx)
{
	return put_outer_header(ctx, DESTINATION);
}

#define LINES_1M (1 << 18) /* two slots of 8 bytes for each flow */
#define LINES_8M (1 << 21)

struct line {
	__u64 word[8];
};

/* Mappable, as the connection table is: it begins at a page. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LINES_8M);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct line);
} lines SEC(".maps");

/* What a random line of `count` says to this packet: 0, as all lines do, which the compiler does not know. */
static __always_inline int read_line(struct xdp_md *ctx, __u32 count, __u32 *value)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *inner = data + sizeof(struct ethhdr);
	struct line *line;
	__u32 index;

	if ((void *)(inner + 1) > end)
		return 0;
	index = (__u64)(inner->saddr * 0x85EBCA6Bu) * count >> 32;
	line = bpf_map_lookup_elem(&lines, &index);
	if (!line)
		return 0;
	*value = line->word[index & 7];
	return 1;
}

/* The header waits for its line. */
static __always_inline int put_header_of_line(struct xdp_md *ctx, __u32 count)
{
	__u32 value;

	return read_line(ctx, count, &value) ? put_outer_header(ctx, DESTINATION ^ value) : XDP_DROP;
}

SEC("xdp")
int floor_line_1m(struct xdp_md *ctx)
{
	return put_header_of_line(ctx, LINES_1M);
}

SEC("xdp")
int floor_line_8m(struct xdp_md *ctx)
{
	return put_header_of_line(ctx, LINES_8M);
}

struct server {
	__u32 address;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 128);
	__type(key, __u32);
	__type(value, struct server);
} servers SEC(".maps");

/*
 * The least that any balancer with a table of connections does: its line says which
 * real server, and that one's address goes into the header.
 */
static __always_inline int put_header_of_server(struct xdp_md *ctx, __u32 count)
{
	struct server *server;
	__u32 index;

	if (!read_line(ctx, count, &index))
		return XDP_DROP;
	server = bpf_map_lookup_elem(&servers, &index);
	return server ? put_outer_header(ctx, DESTINATION ^ server->address) : XDP_DROP;
}

SEC("xdp")
int floor_server_1m(struct xdp_md *ctx)
{
	return put_header_of_server(ctx, LINES_1M);
}

SEC("xdp")
int floor_server_8m(struct xdp_md *ctx)
{
	return put_header_of_server(ctx, LINES_8M);
}

char _license[] SEC("license") = "Dual MIT/GPL";
