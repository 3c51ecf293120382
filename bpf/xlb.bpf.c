// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The data plane's entry points. */
#include "adopt.h"
#include "balance.h"
#include "nat_reply.h"
#include "nat_request.h"
#include "next_program.h"
#include "sweep.h"
#include "uncommon.h"

__noinline int ipv4(struct xdp_md *ctx, __u32 link_length)
{
	return balance_family(ctx, link_length, FAMILY_IPV4, 0);
}

__noinline int ipv6(struct xdp_md *ctx, __u32 link_length)
{
	return balance_family(ctx, link_length, FAMILY_IPV6, 0);
}

__noinline int ipv4_frags(struct xdp_md *ctx, __u32 link_length)
{
	return balance_family(ctx, link_length, FAMILY_IPV4, 1);
}

__noinline int ipv6_frags(struct xdp_md *ctx, __u32 link_length)
{
	return balance_family(ctx, link_length, FAMILY_IPV6, 1);
}

/* NAT, each family by itself as well. */
__noinline int request_ipv4(struct xdp_md *ctx)
{
	return translate_request(ctx, FAMILY_IPV4, 0);
}

__noinline int request_ipv6(struct xdp_md *ctx)
{
	return translate_request(ctx, FAMILY_IPV6, 0);
}

__noinline int request_ipv4_frags(struct xdp_md *ctx)
{
	return translate_request(ctx, FAMILY_IPV4, 1);
}

__noinline int request_ipv6_frags(struct xdp_md *ctx)
{
	return translate_request(ctx, FAMILY_IPV6, 1);
}

/* fullnat into the other family, either way. */
__noinline int cross_whole(struct xdp_md *ctx)
{
	return cross_family(ctx, 0);
}

__noinline int cross_frags(struct xdp_md *ctx)
{
	return cross_family(ctx, 1);
}

__noinline int reply_ipv4(struct xdp_md *ctx)
{
	return translate_reply(ctx, FAMILY_IPV4, 0);
}

__noinline int reply_ipv6(struct xdp_md *ctx)
{
	return translate_reply(ctx, FAMILY_IPV6, 0);
}

__noinline int reply_ipv4_frags(struct xdp_md *ctx)
{
	return translate_reply(ctx, FAMILY_IPV4, 1);
}

__noinline int reply_ipv6_frags(struct xdp_md *ctx)
{
	return translate_reply(ctx, FAMILY_IPV6, 1);
}

static __always_inline int translate_prepared(struct xdp_md *ctx, int family, int frags)
{
	if (!prepare_request(ctx))
		return XDP_DROP;
	if (frags)
		return family == FAMILY_IPV4 ? request_ipv4_frags(ctx) : request_ipv6_frags(ctx);
	return family == FAMILY_IPV4 ? request_ipv4(ctx) : request_ipv6(ctx);
}

static __always_inline int translate_back(struct xdp_md *ctx, int family, int frags)
{
	if (frags)
		return family == FAMILY_IPV4 ? reply_ipv4_frags(ctx) : reply_ipv6_frags(ctx);
	return family == FAMILY_IPV4 ? reply_ipv4(ctx) : reply_ipv6(ctx);
}

static __always_inline int do_task(struct xdp_md *ctx, int frags)
{
	struct nat_job *job = get_nat_job();
	int verdict, family;

	if (!job)
		return XDP_DROP;
	family = job->task & TASK_FAMILY;
	verdict = job->task & TASK_REQUEST ? translate_prepared(ctx, family, frags) : translate_back(ctx, family, frags);
	if (verdict != CROSS_FAMILY)
		return verdict;
	return frags ? cross_frags(ctx) : cross_whole(ctx);
}

/*
 * NAT has programs of its own, which those for all packets go on to: verifying a
 * program takes longer than its parts do, and these are verified side by side.
 */
SEC("xdp")
int xlb_nat(struct xdp_md *ctx)
{
	return do_task(ctx, 0);
}

SEC("xdp.frags")
int xlb_nat_frags(struct xdp_md *ctx)
{
	return do_task(ctx, 1);
}

SEC("xdp")
int xlb(struct xdp_md *ctx)
{
	int found = family_of_vip(ctx), family = family_of(found), verdict = NOT_OURS;
	__u32 link_length = found >> LINK_LENGTH_SHIFT;

	if (unlikely(family & ELSEWHERE))
		verdict = CONTINUE;
	else if (family)
		verdict = family == FAMILY_IPV4 ? ipv4(ctx, link_length) : ipv6(ctx, link_length);
	if (likely(verdict >= 0))
		return verdict;
	if (verdict == CONTINUE)
		verdict = uncommon(ctx, family);
	if (verdict == TRANSLATE_REQUEST)
		return go_on(ctx, &next_program, TASK_REQUEST | family);
	if (verdict != NOT_OURS)
		return verdict;
	family = family_of(family_of_real_server(ctx)) & ~ELSEWHERE;
	return family ? go_on(ctx, &next_program, family) : XDP_PASS;
}

/* For frames larger than a page, on drivers that deliver them in fragments. */
SEC("xdp.frags")
int xlb_frags(struct xdp_md *ctx)
{
	int found = family_of_vip(ctx), family = family_of(found), verdict = NOT_OURS;
	__u32 link_length = found >> LINK_LENGTH_SHIFT;

	if (unlikely(family & ELSEWHERE))
		verdict = CONTINUE;
	else if (family)
		verdict = family == FAMILY_IPV4 ? ipv4_frags(ctx, link_length) : ipv6_frags(ctx, link_length);
	if (likely(verdict >= 0))
		return verdict;
	if (verdict == CONTINUE)
		verdict = uncommon(ctx, family);
	if (verdict == TRANSLATE_REQUEST)
		return go_on(ctx, &next_program_frags, TASK_REQUEST | family);
	if (verdict != NOT_OURS)
		return verdict;
	family = family_of(family_of_real_server(ctx)) & ~ELSEWHERE;
	return family ? go_on(ctx, &next_program_frags, family) : XDP_PASS;
}

struct settle_walk {
	struct service *service;
	struct scheduler_state *state;
	__u32 restart;
};

SEC("syscall")
int sweep(struct sweep_arguments *arguments)
{
	struct settings *settings = get_settings();
	struct sweep_walk walk = {.arguments = arguments, .settings = settings};

	if (!settings)
		return 1;
	arguments->now = clock_seconds(settings);
	bpf_loop(arguments->count, sweep_bucket, &walk, 0);
	arguments->expired = walk.expired;
	arguments->alive = walk.alive;
	return 0;
}

static long settle_try(__u32 i __attribute__((unused)), struct settle_walk *walk)
{
	__u64 before = READ_ONCE(walk->state->word);
	struct wrr_mark mark = unpack_mark(walk->service, before);

	if (walk->restart)
		mark = (struct wrr_mark){.weight = wrr_top(walk->service), .generation = walk->service->generation};
	return __sync_val_compare_and_swap(&walk->state->word, before, pack_mark(mark)) == before;
}

SEC("syscall")
int sweep_templates(struct sweep_templates_arguments *arguments)
{
	struct settings *settings = get_settings();
	struct template_walk walk = {.recount = arguments->recount, .shed = arguments->shed};

	if (!settings)
		return 1;
	walk.now = clock_seconds(settings);
	bpf_for_each_map_elem(&templates, sweep_template, &walk, 0);
	arguments->expired = walk.expired;
	arguments->alive = walk.alive;
	return 0;
}

SEC("syscall")
int settle(struct settle_arguments *arguments)
{
	struct service_key key = arguments->key;
	struct settle_walk walk = {.restart = arguments->restart};
	__u32 id;

	walk.service = bpf_map_lookup_elem(&services, &key);
	if (!walk.service)
		return 0;
	id = walk.service->id;
	walk.state = bpf_map_lookup_elem(&scheduler_states, &id);
	if (!walk.state)
		return 1;
	if (walk.restart)
		walk.state->epoch++;
	if (walk.service->scheduler == SCHEDULER_WRR)
		bpf_loop(SCHEDULE_RETRIES, settle_try, &walk, 0);
	else if (walk.restart)
		__sync_lock_test_and_set(&walk.state->word, 0);
	return 0;
}

SEC("syscall")
int adopt_connection(struct adopt_arguments *arguments)
{
	struct settings *settings = get_settings();
	struct service_key key = arguments->service;
	struct adopt_arguments copy = *arguments;
	struct lookup lookup = {.opening = LOOKUP_OPENING};
	struct service *service = bpf_map_lookup_elem(&services, &key);
	struct real_server *server;
	struct packet packet = {};

	arguments->outcome = ADOPT_GONE;
	if (!settings || !service)
		return !settings;
	server = adopting_server(service, copy.service_id, copy.index, copy.real_server);
	if (!server)
		return 0;
	copy.state &= CONNECTION_STATES - 1;
	read_tuple(&copy, &packet);
	lookup.hash = flow_hash(settings, &packet, service->id);
	lookup.second = other_bucket(settings, lookup.hash.bucket, lookup.hash.tag);
	lookup.now = clock_seconds(settings);
	arguments->outcome = adopt(settings, &copy, service, server, &packet, &lookup);
	if (arguments->outcome == ADOPT_NEW || arguments->outcome == ADOPT_REPLACED)
		count(connections_adopted);
	return 0;
}

SEC("syscall")
int adopt_template(struct adopt_template_arguments *arguments)
{
	struct settings *settings = get_settings();
	struct service_key key = arguments->service;
	struct adopt_template_arguments copy = *arguments;
	struct service *service = bpf_map_lookup_elem(&services, &key);
	struct real_server *server;

	arguments->outcome = ADOPT_GONE;
	if (!settings || !service || !service->persistence)
		return !settings;
	server = adopting_server(service, copy.service_id, copy.index, copy.real_server);
	if (server)
		arguments->outcome = adopt_bound(&copy, service, server, clock_seconds(settings));
	return 0;
}

SEC("syscall")
int read_clock(struct clock_arguments *arguments)
{
	struct settings *settings = get_settings();

	arguments->jiffies = bpf_jiffies64();
	arguments->nanoseconds = bpf_ktime_get_ns();
	arguments->now = settings ? clock_seconds(settings) : 0;
	return 0;
}

const struct kept_types *kept_types SEC(".discard");

char _license[] SEC("license") = "Dual MIT/GPL";
