// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * For stress-nat.test.ts: requests of clients and answers of real servers, right
 * checksums in all of them, from two CPUs at once. What the program has made of a
 * packet stands in the frame when the next one begins, and is judged then: where
 * a request went is where its flow's answers come from. By fullnat they go to where
 * it came from, and may be of the other family.
 */
#include "lockstep.h"

#define FRAME 128
#define FLOWS 2048
#define REPLY 0x80 /* of a kind; the rest is TCP's flags */
#define SYN 2
#define UDP 17
#define PAYLOAD 40

/* Two cache lines a CPU. */
struct member {
	__u64 packets; /* how far this CPU is */
	__u64 met;     /* packets before which both stood at the same place */
	__u64 requests, replies; /* that were forwarded */
	__u64 lost;	   /* answers to a request that was forwarded, and were not */
	__u64 strayed;	   /* to or from somebody who is no end of any flow */
	__u64 bad;	   /* forwarded with a wrong checksum */
	__u64 two_servers; /* requests to another server than the flow's last */
	__u64 crossed;	   /* answers to another flow's client */
	__u64 pad[7];
};

struct last {
	__u32 flow, is_reply, is_met, pad;
};

struct {
	struct member member[CPUS];
	struct last last[CPUS];
	__u64 kinds; /* eight; each flow is for as long as four */
	__u64 seed;
	__u32 length, mask, family, protocol; /* of requests */
	__u32 inside_length, inside; /* length and family of answers */
	__u32 skew; /* how many kinds the second CPU is ahead */
	__u32 shift; /* and how many flows */
	__u32 is_fullnat;
	__u32 pad[3];
	__u8 frame[FRAME]; /* a request */
	__u8 answer[FRAME]; /* one, whose ends are not there yet */
	__u8 server[16];   /* real servers' addresses, but for the last two bytes */
	__u8 local[16];	   /* the same of local addresses */
} state __attribute__((aligned(64))) = {};

/*
 * Where each flow's last request went, and where it came from by fullnat: the last two
 * bytes of the real server's address, its port, and the same of the local address. One
 * word, so that nobody sees half of it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FLOWS);
	__type(key, __u32);
	__type(value, __u64);
} went SEC(".maps");

enum end_shift {
	SERVER_PORT = 16,
	LOCAL = 32,
	LOCAL_PORT = 48,
};

/* What one CPU has in hand: stacks want everything aligned. */
struct hand {
	__u8 frame[FRAME];
	__u8 sent[FRAME]; /* the request of the flow whose frame has come out */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hand);
} hands SEC(".maps");

/* Where things stand in a frame; each is a constant behind a branch by family. */
#define ADDRESS_BYTES (family == 4 ? 4 : 16)
#define SOURCE (family == 4 ? 26 : 22)
#define DESTINATION (SOURCE + ADDRESS_BYTES)
#define PORTS (family == 4 ? 34 : 54)
#define IP_CHECKSUM 24
#define CHECKSUM (PORTS + (state.protocol == UDP ? 6 : 16))

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum >> 32) + (__u32)sum;
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (sum >> 16) + (sum & 0xffff);
}

static __always_inline __u16 transport_sum(__u8 *frame, int family)
{
	__u32 length = PAYLOAD + (state.protocol == UDP ? 8 : 20);
	__u64 sum = bpf_csum_diff(0, 0, (void *)(frame + SOURCE), 2 * ADDRESS_BYTES, 0);

	if (state.protocol == UDP)
		sum += (__u32)bpf_csum_diff(0, 0, (void *)(frame + PORTS), PAYLOAD + 8, 0);
	else
		sum += (__u32)bpf_csum_diff(0, 0, (void *)(frame + PORTS), PAYLOAD + 20, 0);
	return fold(sum + bpf_htons(state.protocol) + bpf_htons(length));
}

static __always_inline __u16 header_sum(__u8 *frame)
{
	return fold((__u32)bpf_csum_diff(0, 0, (void *)(frame + 14), 20, 0));
}

static __always_inline void write_checksums(__u8 *frame, int family)
{
	__u16 *transport = (void *)(frame + CHECKSUM);

	*transport = 0;
	*transport = ~transport_sum(frame, family);
	if (!*transport)
		*transport = 0xffff;
	if (family != 4)
		return;
	*(__u16 *)(frame + IP_CHECKSUM) = 0;
	*(__u16 *)(frame + IP_CHECKSUM) = ~header_sum(frame);
}

static __always_inline int has_right_checksums(__u8 *frame, int family)
{
	return transport_sum(frame, family) == 0xffff && (family != 4 || header_sum(frame) == 0xffff);
}

/* What tells flows apart. */
static __always_inline void write_client(__u8 *frame, __u32 flow, int family)
{
	*(__be16 *)(frame + SOURCE + ADDRESS_BYTES - 2) = bpf_htons(flow + 1);
	*(__be16 *)(frame + PORTS) = bpf_htons(1024 + flow);
}

static __always_inline void write_address(__u8 *to, const __u8 *network, __be16 host, int family)
{
	__builtin_memcpy(to, network, ADDRESS_BYTES);
	*(__be16 *)(to + ADDRESS_BYTES - 2) = host;
}

/* The answer of who got the flow's request. */
static __always_inline void write_answer(__u8 *frame, __u32 flow, __u64 end, int family)
{
	__builtin_memcpy(frame, state.answer, FRAME);
	if (state.is_fullnat) {
		write_address(frame + DESTINATION, state.local, end >> LOCAL, family);
		*(__be16 *)(frame + PORTS + 2) = end >> LOCAL_PORT;
	} else {
		__builtin_memcpy(frame + SOURCE, state.frame + SOURCE, ADDRESS_BYTES);
		write_client(frame, flow, family);
		__builtin_memcpy(frame + DESTINATION, frame + SOURCE, ADDRESS_BYTES);
		*(__be16 *)(frame + PORTS + 2) = *(__be16 *)(frame + PORTS);
	}
	write_address(frame + SOURCE, state.server, end, family);
	*(__be16 *)(frame + PORTS) = end >> SERVER_PORT;
}

static __always_inline int is_same(const __u8 *a, const __u8 *b, int family)
{
	const __u32 *x = (const void *)a, *y = (const void *)b;

	return x[0] == y[0] && (family == 4 || (x[1] == y[1] && x[2] == y[2] && x[3] == y[3]));
}

/* All but the last two bytes. */
static __always_inline int is_near(const __u8 *a, const __u8 *b, int family)
{
	const __u32 *x = (const void *)a, *y = (const void *)b;

	if (family == 4)
		return *(const __u16 *)a == *(const __u16 *)b;
	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && *(const __u16 *)(a + 12) == *(const __u16 *)(b + 12);
}

static __always_inline int is_from_us(const __u8 *frame)
{
	return *(__u32 *)(frame + 6) == *(__u32 *)state.frame && *(__u16 *)(frame + 10) == *(__u16 *)(state.frame + 4);
}

/* `sent`: the flow's request. */
static __always_inline void judge_reply(struct member *member, const __u8 *frame, const __u8 *sent, int family)
{
	member->replies++;
	if (!is_same(frame + SOURCE, sent + DESTINATION, family) || !is_near(frame + DESTINATION, sent + SOURCE, family) ||
	    *(__be16 *)(frame + PORTS) != *(__be16 *)(sent + PORTS + 2))
		member->strayed++;
	else if (!is_same(frame + DESTINATION, sent + SOURCE, family) ||
		 *(__be16 *)(frame + PORTS + 2) != *(__be16 *)(sent + PORTS))
		member->crossed++;
}

static __always_inline __u64 read_end(const __u8 *frame, int family)
{
	return (__u64)*(__be16 *)(frame + DESTINATION + ADDRESS_BYTES - 2) |
	       (__u64)*(__be16 *)(frame + PORTS + 2) << SERVER_PORT |
	       (__u64)*(__be16 *)(frame + SOURCE + ADDRESS_BYTES - 2) << LOCAL |
	       (__u64)*(__be16 *)(frame + PORTS) << LOCAL_PORT;
}

static __always_inline int comes_from(const __u8 *frame, const __u8 *sent, int family)
{
	if (state.is_fullnat)
		return is_near(frame + SOURCE, state.local, family);
	return is_same(frame + SOURCE, sent + SOURCE, family) && *(__be16 *)(frame + PORTS) == *(__be16 *)(sent + PORTS);
}

/* Of one family: not to the VIP any more. */
static __always_inline int is_translated(const __u8 *frame, const __u8 *sent, int family)
{
	return (__u32)family != state.family || !is_same(frame + DESTINATION, sent + DESTINATION, family);
}

/* `family`: of who got it. */
static __always_inline void judge_request(struct member *member, const __u8 *frame, const __u8 *sent, __u32 flow,
					  int family)
{
	__u64 *end = bpf_map_lookup_elem(&went, &flow), before, after = read_end(frame, family);

	member->requests++;
	if (!comes_from(frame, sent, family) || !is_near(frame + DESTINATION, state.server, family) ||
	    !is_translated(frame, sent, family))
		member->strayed++;
	if (!end)
		return;
	before = *(volatile __u64 *)end;
	if (before && (__u32)before != (__u32)after)
		member->two_servers++;
	*(volatile __u64 *)end = after;
}

/* What has come out, where that is as long as what leaves is, or as what came. */
static __always_inline int read_frame(struct xdp_md *ctx, const struct last *last, __u8 *frame)
{
	__u32 length = frame_size(ctx), came = last->is_reply ? state.inside_length : state.length;
	__u32 leaves = last->is_reply ? state.length : state.inside_length;

	if (length != leaves && length != came)
		return 0;
	length = (length - 1) & (FRAME - 1);
	return !bpf_xdp_load_bytes(ctx, 0, frame, length + 1);
}

static __always_inline void judge(struct xdp_md *ctx, struct member *member, struct last *last, struct hand *hand,
				  int family, int inside)
{
	__u8 *frame = hand->frame, *sent = hand->sent;

	if (!read_frame(ctx, last, frame))
		return;
	if (!is_from_us(frame)) {
		member->lost += last->is_reply && last->is_met;
		return;
	}
	if (!(last->is_reply ? has_right_checksums(frame, family) : has_right_checksums(frame, inside)))
		member->bad++;
	__builtin_memcpy(sent, state.frame, FRAME);
	write_client(sent, last->flow, family);
	if (last->is_reply)
		judge_reply(member, frame, sent, family);
	else
		judge_request(member, frame, sent, last->flow, inside);
}

static __always_inline void finish(__u8 *frame, __u8 flags, int family)
{
	if (state.protocol != UDP)
		frame[PORTS + 13] = flags;
	write_checksums(frame, family);
}

static __always_inline int write_next(struct xdp_md *ctx, struct last *last, __u8 *frame, __u64 number, __u32 cpu,
				      int family, int inside)
{
	__u8 kind = state.kinds >> ((number + cpu * state.skew) % 8 * 8);
	__u32 flow = flow_of((number >> 2) + cpu * state.shift, state.seed, state.mask), length;
	__u64 *place = bpf_map_lookup_elem(&went, &flow), end = place ? *(volatile __u64 *)place : 0;

	last->flow = flow;
	last->is_reply = kind & REPLY && end;
	if (last->is_reply) {
		write_answer(frame, flow, end, inside);
		finish(frame, kind & ~REPLY, inside);
		length = state.inside_length & (FRAME - 1);
	} else {
		__builtin_memcpy(frame, state.frame, FRAME);
		write_client(frame, flow, family);
		finish(frame, kind & REPLY ? SYN : kind, family);
		length = state.length & (FRAME - 1);
	}
	return restore_length(ctx, length) || !length || bpf_xdp_store_bytes(ctx, 0, frame, length);
}

static __always_inline int one_packet(struct xdp_md *ctx, int family, int inside)
{
	__u32 cpu = bpf_get_smp_processor_id() % CPUS, zero = 0;
	struct member *member = &state.member[cpu];
	struct last *last = &state.last[cpu];
	struct hand *hand = bpf_map_lookup_elem(&hands, &zero);
	__u64 number;

	if (!hand)
		return -1;
	if (member->packets)
		judge(ctx, member, last, hand, family, inside);
	number = ++member->packets;
	if (write_next(ctx, last, hand->frame, number, cpu, family, inside))
		return -1;
	last->is_met = meet(&state.member[1 - cpu].packets, number);
	member->met += last->is_met;
	return 0;
}

static __noinline int from_ipv4(struct xdp_md *ctx)
{
	return state.inside == 4 ? one_packet(ctx, 4, 4) : one_packet(ctx, 4, 6);
}

static __noinline int from_ipv6(struct xdp_md *ctx)
{
	return state.inside == 4 ? one_packet(ctx, 6, 4) : one_packet(ctx, 6, 6);
}

SEC("xdp")
int lockstep(struct xdp_md *ctx)
{
	if (state.family == 4 ? from_ipv4(ctx) : from_ipv6(ctx))
		return XDP_ABORTED;
	bpf_tail_call(ctx, &target, 0);
	return XDP_ABORTED;
}

char _license[] SEC("license") = "Dual MIT/GPL";
