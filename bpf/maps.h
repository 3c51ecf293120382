/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Every map, all of them pinned. Sizes here are defaults: the controller sets them before load. */
#pragma once

#include "types.h"

#define DEFAULT_SERVICES 16384
#define DEFAULT_REAL_SERVERS 65536
#define DEFAULT_SCHEDULE_LINES 262144
#define DEFAULT_NEXT_HOPS 65536
#define DEFAULT_LOCALITIES 16384
#define MAX_FRAGMENTS 16384
#define MAX_LOCAL_POOLS (2 * DEFAULT_SERVICES + 2)
#define MAX_MARK_DESTINATIONS 16384
#define MAX_MARK_PORTS 65536
#define MAX_MARK_SOURCES 16384
#define DEFAULT_BUCKETS (1048576 / CONNECTION_WAYS)

/* Which destination addresses cannot be a VIP, and which source addresses no real server of NAT. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FILTER_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} vip_filter SEC(".maps");

/* Virtual services. A hash map swaps a changed element, so readers see old or new. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DEFAULT_SERVICES);
	__type(key, struct service_key);
	__type(value, struct service);
} services SEC(".maps");

/* Destinations that have marks. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, MAX_MARK_DESTINATIONS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct mark_destination_key);
	__type(value, __u32);
} mark_destinations SEC(".maps");

/* Their protocols and ports. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, MAX_MARK_PORTS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct mark_port_key);
	__type(value, struct mark_port);
} mark_ports SEC(".maps");

/* Marks that depend on the source as well. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, MAX_MARK_SOURCES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct mark_source_key);
	__type(value, __u32);
} mark_sources SEC(".maps");

/* Each CPU's copies of the services that it has met. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SERVICE_CACHE_SLOTS);
	__type(key, __u32);
	__type(value, struct cached_service);
} service_cache SEC(".maps");

/* Changes with every change of `services`; never 0 once the controller has begun. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u32);
} service_epoch SEC(".maps");

/* Real servers, turns and rings of every service. A published line is never written. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_SCHEDULE_LINES);
	__uint(map_flags, BPF_F_MMAPABLE); /* the controller compares all of it every few seconds */
	__type(key, __u32);
	__type(value, union schedule_line);
} schedules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_NEXT_HOPS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct next_hop);
} next_hops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, INTERFACE_SLOTS);
	__type(key, __u32);
	__type(value, struct interface);
} interfaces SEC(".maps");

/* Where redirected frames leave: ifindex by slot. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, INTERFACE_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} tx_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct settings);
} settings SEC(".maps");

/* The hot part of the connection table: one cache line a bucket. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_BUCKETS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct connection_bucket);
} connections SEC(".maps");

/* The cold part: full keys, for opening packets and listings. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_BUCKETS * CONNECTION_WAYS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct connection_key);
} connection_keys SEC(".maps");

/* rr and wrr: whose turn it is; lblc and lblcr: which localities are theirs. By service id. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_SERVICES);
	__type(key, __u32);
	__type(value, struct scheduler_state);
} scheduler_states SEC(".maps");

/* lblc: the server of each destination address. As many as the kernel keeps of one service, of all of them. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, DEFAULT_LOCALITIES);
	__type(key, struct locality_key);
	__type(value, struct locality);
} localities SEC(".maps");

/* lblcr: the servers of each destination address. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, DEFAULT_LOCALITIES);
	__type(key, struct locality_key);
	__type(value, struct locality_set);
} locality_sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct schedule_scratch);
} schedule_scratch SEC(".maps");

/* By service id. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_SERVICES);
	__type(key, __u32);
	__type(value, struct unrecorded);
} unrecorded SEC(".maps");

/* By service id; LIMIT_OF_ALL: of all services together. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_SERVICES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct limit);
} limits SEC(".maps");

/* The same ids: how near its limits each service is. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_SERVICES);
	__type(key, __u32);
	__type(value, struct limit_state);
} limit_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DEFAULT_SERVICES);
	__type(key, __u32);
	__type(value, struct limit_counts);
} limit_counts SEC(".maps");

/* Sources of services that limit each one; the least recently used goes first. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_SOURCES);
	__type(key, struct source_key);
	__type(value, struct source_state);
} source_states SEC(".maps");

/* Lists of allowed and denied sources: the longest prefix that matches decides. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, MAX_LISTED);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct listed_key);
	__type(value, __u32); /* enum source_verdict */
} sources SEC(".maps");

/* Clients bound to real servers. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DEFAULT_BUCKETS * CONNECTION_WAYS / 4);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct template_key);
	__type(value, struct template);
} templates SEC(".maps");

/* By service id. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_SERVICES);
	__type(key, __u32);
	__type(value, struct template_mask);
} template_masks SEC(".maps");

/* Packets that drop_packet has counted. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} defense_turn SEC(".maps");

/* Connections and thresholds by real-server id. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_REAL_SERVERS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct live_count);
} live_counts SEC(".maps");

/* The same, counted anew by a sweep. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_REAL_SERVERS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct live_count);
} recount SEC(".maps");

/*
 * Traffic by id, each CPU's part after the other's. In arrays of the kernel's own for
 * each CPU every entry would be allocated, and read, by itself.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_SERVICES); /* times the CPUs that there may be */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct traffic);
} service_traffic SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DEFAULT_REAL_SERVERS); /* times the CPUs that there may be */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct traffic);
} server_traffic SEC(".maps");

/* Entries of a CPU's part; the controller sets them when it loads a program. */
const volatile __u32 service_ids = DEFAULT_SERVICES;
const volatile __u32 real_server_ids = DEFAULT_REAL_SERVERS;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct icmp_tokens);
} icmp_tokens SEC(".maps");

/* Real servers of NAT; empty without nat_icmp_send. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DEFAULT_REAL_SERVERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct service_key);
	__type(value, struct nat_server);
} nat_servers SEC(".maps");

/* Local addresses of fullnat. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_LOCAL_POOLS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct local_pool_key);
	__type(value, struct local_pool);
} local_pools SEC(".maps");

/* Where a CPU's search for a free port begins: goes on with every connection. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} local_cursor SEC(".maps");

/* Where first fragments went. A packet in fragments costs one element; the least recently used goes first. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_FRAGMENTS);
	__type(key, struct fragment_key);
	__type(value, struct fragment);
} fragments SEC(".maps");
