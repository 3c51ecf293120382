/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Layouts of what limits the new connections of a service. Part of types.h. */
#pragma once

enum limit_id {
	LIMIT_OF_ALL = 0, /* index in limits and limit_states: no service has this id */
};

enum limit_room {
	MAX_SOURCES = 65536, /* source_states */
	MAX_LISTED = 65536,  /* prefixes in all lists together */
};

enum limit_option {
	LIMIT_ALLOWED_ONLY = 1 << 0, /* limit.options: a source that no list of the service names is denied */
};

/*
 * A rate is the time that each new connection takes of it, and how far ahead of the
 * clock those admitted may be: a token bucket of window / interval tokens (GCRA).
 */
struct limit {
	__u64 window;	       /* nanoseconds */
	__u64 source_window;
	__u32 interval;	       /* nanoseconds; 0: no limit */
	__u32 source_interval; /* of each source */
	__u32 connections;     /* at most so many; 0: no limit */
	__u32 source_connections;
	__u32 options;	       /* enum limit_option */
	__u32 pad;
};

/* Shared by all CPUs. */
struct limit_state {
	__u64 arrival;	   /* nanoseconds of the kernel's clock: when the bucket will be full again */
	__u32 connections; /* that count: opened under a limit, and not yet closing */
	__u32 over_at;	   /* seconds of the data plane's clock: the last opening packet over the rate; 0: none */
};

/* Per CPU: opening packets that a limit of the service met. */
struct limit_counts {
	__u64 over_rate;
	__u64 over_connections;
	__u64 over_source_rate;
	__u64 over_source_connections;
	__u64 denied;
};

/* Of IPv6 its network of 64 bits: a host has as many addresses there as it likes. */
struct source_key {
	__u32 service; /* service.id */
	struct address source;
};

struct source_state {
	__u64 arrival;
	__u32 connections;
	__u32 pad;
};

enum source_verdict {
	SOURCE_ALLOWED = 1,
	SOURCE_DENIED = 2,
};

/* Of a trie: the bits of what follows that count, 32 of them the service's. */
struct listed_key {
	__u32 length;
	__u32 service; /* service.id */
	struct address source;
};
