/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Counters: per CPU, summed by whoever reads them. */
#pragma once

#include "common.h"

static __always_inline struct counters *get_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

#define COUNTERS (sizeof(struct counters) / sizeof(__u64))

/*
 * One function for all: at each load the kernel writes out every look-up of the
 * program, and for each copies what it knows about all instructions.
 */
__noinline int add_to_counter(__u32 number)
{
	__u64 *first = (void *)get_counters();

	if (first && number < COUNTERS)
		first[number]++;
	return 0;
}

/* Adds one to the counter `name` of struct counters. */
#define count(name) add_to_counter(offsetof(struct counters, name) / sizeof(__u64))

/* The same without a call: for the way that packets mostly go, and where stacks are at their limit. */
#define count_here(name)                               \
	do {                                           \
		struct counters *counters_ = get_counters(); \
		if (counters_)                         \
			counters_->name++;             \
	} while (0)

static __always_inline struct traffic *traffic_of_service(__u32 service, __u32 cpu)
{
	__u32 at = cpu * service_ids + service;

	return bpf_map_lookup_elem(&service_traffic, &at);
}

static __always_inline struct traffic *traffic_of_server(__u32 real_server, __u32 cpu)
{
	__u32 at = cpu * real_server_ids + real_server;

	return bpf_map_lookup_elem(&server_traffic, &at);
}

static __always_inline void add_traffic(struct traffic *traffic, __u32 bytes)
{
	if (traffic) {
		traffic->packets++;
		traffic->bytes += bytes;
	}
}

/*
 * Bytes are the IP packet's, as it came in. As in IPVS, this counts what comes in
 * for a server, before it is known whether it can be sent on.
 */
static __always_inline void count_traffic(__u32 service, __u32 real_server, __u32 bytes)
{
	__u32 cpu = bpf_get_smp_processor_id();

	add_traffic(traffic_of_service(service, cpu), bytes);
	add_traffic(traffic_of_server(real_server, cpu), bytes);
}

/* A reply's bytes, as it came in. */
static __always_inline void count_out_traffic(__u32 service, __u32 real_server, __u32 bytes)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct traffic *traffic = traffic_of_service(service, cpu);

	if (traffic) {
		traffic->out_packets++;
		traffic->out_bytes += bytes;
	}
	traffic = traffic_of_server(real_server, cpu);
	if (traffic) {
		traffic->out_packets++;
		traffic->out_bytes += bytes;
	}
}

static __always_inline void count_connection(__u32 service, __u32 real_server)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct traffic *traffic = traffic_of_service(service, cpu);

	if (traffic)
		traffic->connections++;
	traffic = traffic_of_server(real_server, cpu);
	if (traffic)
		traffic->connections++;
}
