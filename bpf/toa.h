/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * TOA: a real server of fullnat is told its client in a TCP option, as LVS's
 * FULLNAT and DPVS write it: kind 254, length 8, port and address of IPv4; of IPv6
 * length 20. Of a client of the other family it is the client's, as DPVS has it of NAT64.
 * It stands first among the options of the client's packets that
 * acknowledge the real server's SYN and nothing more: the last one of the handshake,
 * which may be lost, and what follows until the first answer. Modules read it
 * where a connection is established.
 */
#pragma once

#include "nat_job.h"
#include "reply.h"
#include "translate_family.h"

#define TOA_KIND 254
#define TOA_IPV4 8
#define TOA_IPV6 20
#define MAX_TCP_HEADER 60
#define TCP_FIXED 20
#define TCP_SEQUENCE 4
#define TCP_ACKNOWLEDGEMENT 8
#define TCP_OFFSET 12

struct toa {
	__u8 kind;
	__u8 length;
	__be16 port;
	struct address address; /* of IPv4 one word */
};

/* A real server's SYN: what acknowledges it and nothing more. `at`: of the IP header. */
static __always_inline void note_first_ack(struct xdp_md *ctx, const struct packet *packet, __u32 at, struct connection_key *key)
{
	__be32 sequence;

	if (packet->protocol != IPPROTO_TCP || !(packet->event & TCP_SYN) || is_quoted(packet))
		return;
	if (!bpf_xdp_load_bytes(ctx, at + packet->transport + TCP_SEQUENCE, &sequence, sizeof(sequence)))
		key->first_ack = bpf_ntohl(sequence) + 1;
}

static __always_inline int wants_toa(struct xdp_md *ctx, const struct nat_job *job, __u32 at, const struct connection_key *key)
{
	const struct packet *packet = &job->packet;
	__be32 acknowledged;

	if (!(job->flags & SERVICE_TOA) || packet->protocol != IPPROTO_TCP || is_quoted(packet) ||
	    (packet->event & (TCP_ACK | TCP_SYN | TCP_RST)) != TCP_ACK || !packet->transport)
		return 0;
	if (bpf_xdp_load_bytes(ctx, at + transport_out(job) + TCP_ACKNOWLEDGEMENT, &acknowledged, sizeof(acknowledged)))
		return 0;
	return (__u16)bpf_ntohl(acknowledged) == key->first_ack;
}

/* Another 16-bit word at `at` of the frame; adds what that does to a ones'-complement sum. */
static __always_inline int store_word(struct xdp_md *ctx, __u32 at, __u16 word, __u64 *change)
{
	__u16 before;

	if (bpf_xdp_load_bytes(ctx, at, &before, sizeof(before)) || bpf_xdp_store_bytes(ctx, at, &word, sizeof(word)))
		return 0;
	*change += (__u64)word + (__u16)~before;
	return 1;
}

/* The IP header at `at` says that its packet has `size` bytes more. */
static __always_inline int lengthen(struct xdp_md *ctx, const struct nat_job *job, __u32 at, __u32 size)
{
	__u32 length = length_out(job) + size;
	__u64 change = 0;

	if (job->out.family == FAMILY_IPV6)
		return store_word(ctx, at + __builtin_offsetof(struct ipv6hdr, payload_len),
				  bpf_htons(length - sizeof(struct ipv6hdr)), &change);
	return store_word(ctx, at + __builtin_offsetof(struct iphdr, tot_len), bpf_htons(length), &change) &&
	       move_checksum(ctx, at + IPV4_CHECKSUM, change);
}

/* The option at `tcp` + TCP_FIXED has been made room for. */
static __always_inline int write_toa(struct xdp_md *ctx, const struct nat_job *job, __u32 tcp, __u16 offset,
				     const struct connection_key *key)
{
	__u32 size = job->packet.family == FAMILY_IPV4 ? TOA_IPV4 : TOA_IPV6;
	struct toa toa = {.kind = TOA_KIND, .length = size, .port = key->source_port, .address = key->source};
	/* The pseudo header has the length of TCP's packet. */
	__u64 change = bpf_htons(size);
	__u16 more = bpf_htons(size / 4 << 12);

	change += (__u64)bpf_csum_diff(0, 0, (__be32 *)&toa, sizeof(toa), 0); /* beyond IPv4's there are zeros */
	if (job->packet.family == FAMILY_IPV4) {
		if (bpf_xdp_store_bytes(ctx, tcp + TCP_FIXED, &toa, TOA_IPV4))
			return 0;
	} else if (bpf_xdp_store_bytes(ctx, tcp + TCP_FIXED, &toa, TOA_IPV6)) {
		return 0;
	}
	return store_word(ctx, tcp + TCP_OFFSET, offset + more, &change) && move_checksum(ctx, tcp + TCP_CHECKSUM, change);
}

/* `before`: bytes from the start of the frame to the option's place. */
static __always_inline int make_room(struct xdp_md *ctx, struct nat_job *job, __u32 before, __u32 size)
{
	if (!before || before > sizeof(job->head) || bpf_xdp_adjust_head(ctx, -(int)size))
		return 0;
	asm volatile("" : "+r"(before)); /* as in sum_step */
	before = ((before - 1) & (sizeof(job->head) - 1)) + 1;
	return !bpf_xdp_load_bytes(ctx, size, job->head, before) && !bpf_xdp_store_bytes(ctx, 0, job->head, before);
}

/*
 * Tells the real server the client, where the packet is one to tell it in. 0: the
 * packet is spoilt, and must be dropped. `at`: of the IP header, whose addresses
 * are the real server's and a local one already.
 */
__noinline int add_toa(struct xdp_md *ctx, const struct real_server *server, __u32 at)
{
	struct nat_job *job = get_nat_job();
	struct reply_key *reply;
	struct connection_key *key;
	__u32 connection, size, tcp;
	__u16 offset;

	if (!job || !server)
		return 0;
	reply = get_reply_key(job->local);
	if (!reply)
		return 0;
	connection = reply->connection;
	key = bpf_map_lookup_elem(&connection_keys, &connection);
	if (!key || !wants_toa(ctx, job, at, key))
		return 1;
	size = job->packet.family == FAMILY_IPV4 ? TOA_IPV4 : TOA_IPV6;
	tcp = at + transport_out(job);
	if (bpf_xdp_load_bytes(ctx, tcp + TCP_OFFSET, &offset, sizeof(offset)))
		return 0;
	if (length_out(job) + size > server->mtu || (bpf_ntohs(offset) >> 12) * 4 + size > MAX_TCP_HEADER ||
	    tcp + TCP_FIXED > sizeof(job->head)) {
		count(toa_left_out);
		return 1;
	}
	return make_room(ctx, job, tcp + TCP_FIXED, size) && lengthen(ctx, job, at, size) &&
	       write_toa(ctx, job, tcp, offset, key);
}
