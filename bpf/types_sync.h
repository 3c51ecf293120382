/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Layouts of synchronization with another director. Part of types.h. */
#pragma once

/*
 * What is kept of a connection, by its entry's number, while a master daemon runs:
 * in_pkts, old_state and sync_endtime of struct ip_vs_conn. All zero: nothing was told.
 */
struct sync_progress {
	__u32 word; /* enum sync_shift */
	__u32 ends; /* seconds of the data plane's clock: when the timer ends that was told last */
};

enum sync_shift {
	SYNC_PACKETS_MASK = 0x1ffffff, /* packets from the client */
	SYNC_STATE_SHIFT = 25,	       /* enum connection_state that was told last */
	SYNC_RETRIES_SHIFT = 30,       /* how often it was told again within the refresh period; at most 3 */
};

enum sync_limit {
	SYNC_EVENTS_BYTES = 1 << 20, /* of the ring: 16 for each event */
};

/* A connection that another director has told of. Run in process context, never twice at once. */
struct adopt_arguments {
	struct service_key service;
	struct address source;
	struct address destination;
	__be16 source_port;
	__be16 destination_port;
	__u32 service_id;  /* as the caller knows them: where the maps say otherwise, nothing happens */
	__u32 real_server; /* id */
	__u32 index;	   /* its slot */
	__u32 state;	   /* enum connection_state */
	__u32 timeout;	   /* seconds; 0: this director's, of that state */
	__u32 packets;	   /* that count as seen: sync_threshold */
	__u32 inactive;	   /* IP_VS_CONN_F_INACTIVE */
	__u32 protocol;	   /* of the connection: a service by mark has several */
	__u32 outcome;	   /* out: enum adopt_outcome */
};

struct adopt_template_arguments {
	struct service_key service;
	struct address client; /* masked */
	__u32 service_id;
	__u32 real_server;
	__u32 index;
	__u32 timeout; /* seconds; 0: the service's */
	__u32 assured;
	__u32 outcome; /* out: enum adopt_outcome */
};

enum adopt_outcome {
	ADOPT_NEW = 1,
	ADOPT_KNOWN = 2,
	ADOPT_REPLACED = 3, /* it went to another real server here */
	ADOPT_OUTDATED = 4, /* the end of a connection that is another one by now */
	ADOPT_NO_ROOM = 5,
	ADOPT_GONE = 6,	    /* service or real server are not what the caller thinks */
};
