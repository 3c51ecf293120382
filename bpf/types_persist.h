/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Layouts of what binds a client to a real server, and the options of ipvs's sysctls. Part of types.h. */
#pragma once

/* --- templates: a client's connections go to the same real server -------- */

struct template_key {
	__u32 service;	       /* service.id */
	struct address client; /* the bits of it that service.mask leaves */
};

enum template_flag {
	TEMPLATE_ASSURED = 1 << 0, /* a connection of it was established */
};

/* IPVS's connection template. */
struct template {
	__u32 real_server; /* real_server.id */
	__u16 index;	   /* slot of the real server within the service */
	__u16 flags;	   /* enum template_flag */
	__u32 deadline;	   /* seconds of the data plane's clock, all 32 bits */
	__u32 timeout;	   /* seconds; what a new connection sets the deadline to */
	__u32 connections; /* that it controls: while there are any it does not expire */
	__u32 bound_at;	   /* seconds of the data plane's clock: when it got its real server */
	__u32 counted;	   /* the same, as a recount of the table finds it */
	__u16 generation;  /* changes with its real server; connections of the one before do not count */
	__u16 drift;	   /* recounts in a row that found another number of connections */
};

/* By service id: the mask that its templates were made with. */
struct template_mask {
	struct address mask;
};

/* Frees templates that have expired; `recount`: after a recounting sweep of the connections. */
struct sweep_templates_arguments {
	__u32 recount;
	__u32 shed;    /* drop_entry is at work: those that nothing assures may go early */
	__u32 expired; /* out */
	__u32 alive;   /* out */
};

/* --- connection_key.flags ------------------------------------------------- */

enum connection_flag {
	CONNECTION_LIMITED = 1 << 0,	  /* counts in limit_states and source_states */
	CONNECTION_CONTROLLED = 1 << 10,  /* counts in its template */
	CONNECTION_GENERATION_SHIFT = 11, /* low five bits of template.generation */
};

/* --- settings.options: IPVS's sysctls as far as packets ask for them ------- */

enum option {
	OPTION_EXPIRE_NODEST_CONN = 1 << 0,
	OPTION_EXPIRE_QUIESCENT_TEMPLATE = 1 << 1,
	OPTION_REUSE = 1 << 2,	      /* conn_reuse_mode is not 0 */
	OPTION_REUSE_FIN_WAIT = 1 << 3, /* conn_reuse_mode has bit 2 */
	OPTION_SLOPPY_TCP = 1 << 4,
	OPTION_SLOPPY_SCTP = 1 << 5,
	OPTION_SECURE_TCP = 1 << 6, /* secure_tcp is at work */
	OPTION_SCHEDULE_ICMP = 1 << 7,
	OPTION_NAT_ICMP_SEND = 1 << 8,
	OPTION_PMTU_DISC = 1 << 9,
	OPTION_FTP = 1 << 10, /* a service of TCP port 21 exists: it may own high ports, too */
	OPTION_ROUTE_REPLIES = 1 << 11, /* replies (NAT) go by the kernel's routes, else the way that the client came */
	OPTION_SNAT_REROUTE = 1 << 12, /* they are routed as the VIP's, else as the real server's */
	OPTION_SYNC = 1 << 13, /* a master daemon tells another director of connections */
	OPTION_LIMIT_ALL = 1 << 14, /* limits[LIMIT_OF_ALL] holds for the new connections of all services together */
};
