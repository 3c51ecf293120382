/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Every structure that crosses between the data plane and user space.
 *
 * User space learns these layouts from the compiled object's BTF alone; nothing
 * here is written down a second time. Byte order: __be16 and __be32 are network
 * order, everything else is host order. Structures have no implicit padding.
 *
 * How the pieces hang together:
 *
 *   service_key -> service --- schedule line ---> real_server slot -> next_hop
 *                     |                 \-> turns (rr, wrr), ring (mh, fallback)
 *                     +-- id --> scheduler_state, unrecorded, service statistics
 *
 * A connection stores the *index* of a real server's slot within its service.
 * An index is given to another server only when no connection holds it any more.
 */
#pragma once

/* One type for both families; IPv4 stands in word 0 and the rest is zero. */
struct address {
	__be32 word[4];
};

#include "types_persist.h"
#include "types_limit.h"

enum address_family {
	FAMILY_IPV4 = 4,
	FAMILY_IPV6 = 6,
};

/* --- services --------------------------------------------------------- */

/*
 * Port 0: every port of the address that has no service of its own. A service by
 * firewall mark has protocol 0, port 0, and the mark in word 0 of the address.
 */
struct service_key {
	struct address address;
	__be16 port;
	__u8 protocol; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	__u8 family;   /* enum address_family */
};

/* A key that is read and written in 64-bit words. */
#define SERVICE_KEY_ALIGNED __attribute__((aligned(8)))

enum scheduler {
	SCHEDULER_RR = 1,
	SCHEDULER_WRR = 2,
	SCHEDULER_MH = 3,
	SCHEDULER_LC = 4,
	SCHEDULER_WLC = 5,
	SCHEDULER_LBLC = 6,
	SCHEDULER_LBLCR = 7,
	SCHEDULER_DH = 8,
	SCHEDULER_SH = 9,
	SCHEDULER_SED = 10,
	SCHEDULER_NQ = 11,
	SCHEDULER_FO = 12,
	SCHEDULER_OVF = 13,
	SCHEDULER_TWOS = 14,
};

enum service_flag {
	SERVICE_HASH_PORT = 1 << 0, /* sh-port, mh-port: the source port is hashed too */
	SERVICE_HASH_FALLBACK = 1 << 1, /* sh-fallback, mh-fallback: try other slots for an unavailable server */
	SERVICE_LIMITED = 1 << 2, /* `limits` has something to say of its new connections */
	SERVICE_LISTED = 1 << 3,  /* `sources` has, too */
	SERVICE_TOA = 1 << 4, /* fullnat: real servers are told the client in a TCP option */
	SERVICE_ONE_PACKET = 1 << 7, /* UDP: every packet is scheduled, none leaves an entry */
};

/*
 * Replaced as a whole (a hash map swaps the element), never written in place:
 * a packet sees either the old schedule or the new one.
 */
struct service {
	struct service_key key; /* again: proves that the element was not reused under a reader */
	__u32 id;	      /* stable for the life of the service; index of its statistics */
	__u32 schedule;	      /* first schedule line: slot i is line schedule + i */
	__u32 slot_count;     /* real-server indexes in use, retired ones included */
	__u32 turns_line;     /* first line of struct turn */
	__u32 turn_count;     /* servers of weight > 0, in IPVS list order */
	__u32 ring_line;      /* first line of ring slots (mh, sh, dh, and every fallback) */
	__u32 ring_size;      /* ring slots in use; 0: no server of weight > 0 */
	__u32 weight_max;     /* wrr: largest weight */
	__u32 weight_gcd;     /* wrr: greatest common divisor of the weights > 0 */
	__u16 generation;     /* changes with every edit of the server list (wrr starts over) */
	__u8 scheduler;	      /* enum scheduler */
	__u8 flags;	      /* enum service_flag */
	__u32 persistence;    /* seconds that templates live; 0: none */
	struct address mask;  /* which bits of a client's address its template goes by */
};

enum service_cache_limit {
	SERVICE_CACHE_BITS = 11,
	SERVICE_CACHE_SLOTS = 1 << SERVICE_CACHE_BITS,
};

enum cached_kind {
	CACHED_EXACT = 0, /* the service has the packets' own key */
	CACHED_OTHER = 1, /* it has another: that of a mark, of FTP or of port 0 */
	CACHED_NONE = 2,  /* packets with this key have no service */
	CACHED_BY_SOURCE = 3, /* it depends on the source: there is another copy for each of its prefixes */
};

/* A copy that one CPU keeps of an element of `services`. */
struct cached_service {
	struct service service;
	struct service_key key; /* of the packets that it is for */
	__u32 epoch; /* of service_epoch, when it was made; 0: no copy */
	__u32 kind; /* enum cached_kind */
	__u32 pad;
	__u64 source[2]; /* prefix of sources that a copy is for; of CACHED_BY_SOURCE the mask that makes it */
}; /* two cache lines */

/* --- marks: which packets belong to a service by firewall mark -------------- */

/*
 * Three longest-prefix matches, of which the second and third start with what the
 * one before found. Each element says all that holds for its prefix, what shorter
 * prefixes say included, so that no packet has to look twice.
 */
struct mark_destination_key {
	__u32 prefix_length; /* bits of what follows that count: 32 and those of the address */
	__u32 family; /* enum address_family */
	struct address address;
};

struct mark_port_key {
	__u32 prefix_length; /* bits of what follows: 48 and those of the port */
	__u32 destination; /* what mark_destinations has found */
	__u8 protocol;
	__u8 pad;
	__be16 port;
};

/* What packets of any source get: `mark`, 0 for none; or else what mark_sources says. */
struct mark_port {
	__u32 mark;
	__u32 sources; /* of mark_source_key; 0: the source does not matter */
	__u32 source_length; /* bits of the longest prefix among them */
};

struct mark_source_key {
	__u32 prefix_length; /* bits of what follows: 32 and those of the address */
	__u32 sources;
	struct address address;
};

/* --- schedules: an array of 64-byte lines, each one of three shapes ----- */

enum method {
	METHOD_DR = 1,
	METHOD_TUN = 2,
	METHOD_NAT = 3,
	METHOD_FULLNAT = 4,
};

/* What a tunnel packet has between its outer IP header and the packet inside: an IP protocol number. */
enum tunnel {
	TUNNEL_IPIP = 0, /* nothing */
	TUNNEL_GUE = 17, /* UDP and a GUE header (draft-ietf-intarea-gue, variant 0) */
	TUNNEL_GRE = 47, /* RFC 2784 */
};

enum real_server_flag {
	REAL_SERVER_AVAILABLE = 1 << 0, /* cleared: deleted, its connections are dropped (expire_nodest_conn 0) */
	REAL_SERVER_ELIGIBLE = 1 << 1,	/* weight > 0: may get new connections */
	REAL_SERVER_OUTER_DF = 1 << 2,	/* tun: always set DF on an outer IPv4 header */
	REAL_SERVER_COPY_DF = 1 << 3,	/* tun: copy DF from an inner IPv4 header */
	REAL_SERVER_TUNNEL_SUM = 1 << 4, /* gue, gre: a checksum over what the tunnel carries */
};

/* A real server of one service: a slot of the service's schedule. */
struct real_server {
	struct address address;	     /* RIP; tun: outer destination */
	struct address outer_source; /* tun: the director's address on the route */
	__u32 id;		     /* index of its statistics and live counters */
	__u32 next_hop;		     /* index in next_hops */
	__be16 port;
	__u16 mtu;	  /* bytes: largest IP packet, outer header included, to the next hop */
	__u16 turns_after; /* rr, wrr: position in turns of the first server after this one */
	__u8 method;	  /* enum method */
	__u8 family;	  /* enum address_family of address */
	__u8 flags;	  /* enum real_server_flag */
	__u8 spread_bits; /* tun: low bits of the outer source taken from the flow's hash */
	__u16 outer_sum;  /* tun over IPv4: ones-complement sum of the outer header's fixed words */
	__u32 weight;	  /* 0: retired, too */
	__be16 tunnel_port; /* gue: UDP's destination port */
	__u8 tunnel;	  /* enum tunnel */
	__u8 overhead;	  /* tun: bytes in front of the packet, outer IP header included; else 0 */
	__u8 pad[4];
};

/* All that a scheduler asks of a server, so that it need not look at its slot. */
struct turn {
	__u32 id; /* real_server.id: index of its live counts */
	__u32 weight;
	__u16 index; /* slot of the server */
	__u16 pad;
	__u32 pad2;
};

enum schedule_limit {
	TURNS_PER_LINE = 4,
	RING_SLOTS_PER_LINE = 32,
	RING_EMPTY = 0xffff, /* ring slot without any server */
	HASH_SLOTS = 256,    /* sh, dh: ring slots */
};

union schedule_line {
	struct real_server server;
	struct turn turns[TURNS_PER_LINE];
	__u16 ring[RING_SLOTS_PER_LINE];
};

/* --- where frames leave ------------------------------------------------- */

/* Number of entries in interfaces and tx_ports; an interface has entry ifindex % this. */
enum interface_limit {
	INTERFACE_SLOTS = 1024,
};

enum vlan_mode {
	VLAN_KEEP = 0,	/* frames keep the tags that they came with */
	VLAN_EXPLICIT = 1, /* exactly vlan_count tags are on the frame when it leaves */
};

/*
 * A ready header. mac and port are one aligned 64-bit word, so that a new
 * neighbour address takes effect with one store.
 */
struct next_hop {
	__u8 mac[6]; /* destination MAC address */
	__u16 port;  /* ifindex % INTERFACE_SLOTS + 1 of the egress interface; 0: not resolved */
	__u8 vlan_mode; /* enum vlan_mode */
	__u8 vlan_count; /* 0 to 2 */
	__be16 vlan_tci[2]; /* outer first */
	__be16 vlan_tpid; /* of the outer tag; the inner one is 0x8100 */
};

enum interface_flag {
	INTERFACE_ATTACHED = 1 << 0,
};

/*
 * Bit of a virtual router in interface.routers: its number, for IPv6 with 256 added. Frames to
 * its MAC address (RFC 5798 7.3: 00-00-5E-00-01 and the number, 02 for IPv6) are ours, too.
 */
enum router_limit {
	ROUTER_WORDS = 16,
};

struct interface {
	__u32 ifindex; /* 0: slot free. Proves that the slot is this interface's */
	__u8 mac[6];   /* frames to this address are ours to forward */
	__u16 flags;   /* enum interface_flag */
	__u32 pad;
	__u32 routers[ROUTER_WORDS]; /* that are MASTER here, with a virtual MAC */
};

/* --- connections -------------------------------------------------------- */

enum connection_limit {
	CONNECTION_WAYS = 8,
	CONNECTION_STATES = 32, /* a power of two */
};

/*
 * IPVS's TCP states in the kernel's order, from 1 so that a zero entry is free;
 * IPVS's only UDP state; its SCTP states in the kernel's order.
 */
enum connection_state {
	CONNECTION_FREE = 0,
	CONNECTION_ESTABLISHED = 1,
	CONNECTION_SYN_SENT = 2,
	CONNECTION_SYN_RECV = 3,
	CONNECTION_FIN_WAIT = 4,
	CONNECTION_TIME_WAIT = 5,
	CONNECTION_CLOSE = 6,
	CONNECTION_CLOSE_WAIT = 7,
	CONNECTION_LAST_ACK = 8,
	CONNECTION_LISTEN = 9,
	CONNECTION_SYNACK = 10,
	CONNECTION_NONE = 11,
	CONNECTION_UDP = 12,
	CONNECTION_SCTP_NONE = 13,
	CONNECTION_SCTP_INIT1 = 14,
	CONNECTION_SCTP_INIT = 15,
	CONNECTION_SCTP_COOKIE_SENT = 16,
	CONNECTION_SCTP_COOKIE_REPLIED = 17,
	CONNECTION_SCTP_COOKIE_WAIT = 18,
	CONNECTION_SCTP_COOKIE = 19,
	CONNECTION_SCTP_COOKIE_ECHOED = 20,
	CONNECTION_SCTP_ESTABLISHED = 21,
	CONNECTION_SCTP_SHUTDOWN_SENT = 22,
	CONNECTION_SCTP_SHUTDOWN_RECEIVED = 23,
	CONNECTION_SCTP_SHUTDOWN_ACK_SENT = 24,
	CONNECTION_SCTP_REJECTED = 25,
	CONNECTION_SCTP_CLOSED = 26,
	CONNECTION_REPLY = 30, /* no connection: where the replies of one are found; its key is a struct reply_key */
	CONNECTION_BUSY = 31, /* being written: its key is not there yet */
};

/*
 * A hot entry is one 64-bit word:
 *   63..38 tag       26 bits of the keyed hash
 *   37     confirm   another key may have this tag: compare the full key
 *   36..21 index     slot of the real server within the service
 *   20..16 state     enum connection_state
 *   15..0  deadline  seconds of the data plane's clock, modulo 2^16
 */
enum entry_shift {
	ENTRY_TAG_SHIFT = 38,
	ENTRY_CONFIRM_SHIFT = 37,
	ENTRY_INDEX_SHIFT = 21,
	ENTRY_STATE_SHIFT = 16,
};

struct connection_bucket {
	__u64 entry[CONNECTION_WAYS];
} __attribute__((aligned(64)));

/* The cold part of a connection: entry w of bucket b is element b * CONNECTION_WAYS + w. */
struct connection_key {
	struct address source;
	struct address destination;
	__be16 source_port;
	__be16 destination_port;
	__u32 service;	   /* service.id */
	__u32 real_server; /* real_server.id */
	__u32 created;	   /* seconds of the data plane's clock */
	__u32 reply;	   /* fullnat: number of the entry that has its local address and port; else NO_REPLY */
	__u16 first_ack;   /* TOA: low bits of what acknowledges the real server's SYN, and no more; host order */
	__u16 flags;	   /* enum connection_flag */
};

enum reply_number {
	NO_REPLY = 0xffffffff,
};

/*
 * NAT: a real server's packet to a client finds its connection by an entry of its
 * own in the table, whose state is CONNECTION_REPLY. Its element of
 * connection_keys has this shape instead. It lives as long as the connection.
 * Of fullnat its destination is the connection's local address and port: that no
 * two entries have one key is what keeps two connections from one port.
 */
struct reply_key {
	struct address source;	    /* RIP */
	struct address destination; /* the client; fullnat: local address */
	__be16 source_port;
	__be16 destination_port;
	__u32 server;	  /* enum reply_shift; stands where a connection has its service, and is none */
	__u32 connection; /* number of the connection's entry */
	__u8 mac[6];	  /* where the client's last frame but those of this second came from */
	__be16 vlan_tci[2]; /* outer first */
	__u16 port;	  /* enum reply_shift; the interface that it came in by, and its VLAN tags */
};

enum reply_shift {
	REPLY_MARK = 0x80000000, /* of `server`: no service has such an id */
	REPLY_PROTOCOL_SHIFT = 23,
	REPLY_SERVER_MASK = 0x7fffff, /* real_server.id */
	REPLY_PORT_MASK = 0x7ff,      /* of `port`: slot + 1 */
	REPLY_OTHER_FAMILY = 1 << 11, /* fullnat: the client's addresses are of the other family */
	REPLY_TAGS_SHIFT = 12,	      /* 0 to 2 */
	REPLY_SERVICE_TAG = 1 << 14,  /* the outer tag is 802.1ad's */
	REPLY_LOCAL = 1 << 15,	      /* fullnat: the connection points back */
};

/* --- local addresses (fullnat) --------------------------------------------- */

enum local_limit {
	LOCAL_ADDRESSES = 64, /* of a pool */
	LOCAL_TRIES = 256,    /* ports that a new connection asks for */
};

/* Those of one service and family, by service.id; 0: of every service that has none of its own. */
struct local_pool_key {
	__u32 service;
	__u32 family; /* enum address_family: of the real servers */
};

struct local_address {
	struct address address;
	__u16 first_port; /* host order */
	__u16 last_port;
};

struct local_pool {
	__u32 count;
	__u32 ports; /* of the widest range */
	struct local_address address[LOCAL_ADDRESSES];
};

/*
 * NAT: a real server that is there, by its address, port and protocol (service_key).
 * Only while nat_icmp_send wants to know.
 */
struct nat_server {
	struct address source; /* the director's address on the route; all zero: none is known */
};

/* --- fragments ----------------------------------------------------------- */

/* What the fragments of one packet have in common. */
struct fragment_key {
	struct address source;
	struct address destination;
	__be32 id;
	__u8 protocol; /* IPv6: IPPROTO_FRAGMENT */
	__u8 family;   /* enum address_family */
	__u16 pad;
};

/* Where the first fragment of a packet went. */
struct fragment {
	struct service_key service;
	__u32 service_id;
	__u32 real_server; /* real_server.id */
	__u32 flow;	   /* the flow's bits for spread tunnel sources; of a reply, the number of its entry */
	__u32 header_end;  /* bytes of the fragmentable part that hold the transport header */
	__u32 seen_at;	   /* seconds of the data plane's clock */
	__u16 index;	   /* slot of the real server */
	__u16 reply;	   /* it came from a real server of NAT; only `flow`, `header_end` and `seen_at` are there */
};

/* --- live state of scheduling, written by the data plane ---------------- */

/*
 * The word is changed by compare-and-exchange (rr, wrr):
 *   63..48 generation of the service it belongs to (wrr)
 *   47..16 current weight (wrr)
 *   15..0  1 + slot of the server chosen last; 0: the head of the list
 */
struct scheduler_state {
	__u64 word;
	__u32 epoch; /* counts the schedulers that the service has had: older localities are not its own */
	__u32 pad;
};

/* lblc, lblcr: what is remembered of a destination address. */
struct locality_key {
	__u32 service; /* service.id */
	__u32 epoch;   /* scheduler_state.epoch */
	struct address destination;
};

struct locality_member {
	__u32 real_server; /* real_server.id: proves that the slot is still its own */
	__u16 index;
	__u16 pad;
};

struct locality {
	struct locality_member member;
	__u32 used_at; /* seconds of the data plane's clock */
};

enum locality_limit {
	LOCALITY_MEMBERS = 32, /* a power of two; the oldest member of a full set makes room */
};

struct locality_set {
	__u32 changed_at; /* seconds of the data plane's clock */
	__u32 used_at;
	__u32 size;
	__u32 pad;
	struct locality_member member[LOCALITY_MEMBERS]; /* newest first */
};

/* One of the two servers that twos draws. */
struct schedule_draw {
	__u64 number; /* counts down to the server in whose part of the weights it lies */
	__u64 load;
	__u32 weight;
	__s32 index; /* -1: not there yet */
};

/*
 * What one CPU's scheduler has in hand. Stacks have no room for it: 512 bytes are
 * all that a packet's whole way may take.
 */
struct schedule_scratch {
	__u64 load; /* least or most so far */
	__u64 total;
	struct schedule_draw draw[2];
	__u32 from;	/* position of the first turn */
	__u32 weight;	/* of the server found so far; rr, wrr: the least that counts */
	__u32 reached;	/* the largest weight met */
	__s32 index;	/* found so far; -1: none */
	__u32 level;	/* wrr: current weight */
	__u32 cursor;	/* wrr: 1 + slot of the server chosen last; 0: the head */
	__u32 flag;
	__u32 pad;
	struct locality_key key;
	struct locality_set set; /* being put together */
};

/*
 * While connections placed without an entry may live: seconds of the data
 * plane's clock; 0: never.
 */
struct unrecorded {
	__u32 placed_at;      /* the last opening packet placed by the ring */
	__u32 followed_until; /* until then packets without an entry follow the ring */
};

/* Connections of one real server in one service, as IPVS counts them, and its thresholds. */
struct live_count {
	__u32 active;
	__u32 inactive;
	__u32 overloaded; /* IP_VS_DEST_F_OVERLOAD: reached `upper`, not yet fallen below `lower` or 3/4 */
	__u32 upper;	  /* written by the controller; 0: none */
	__u32 lower;
	__u32 persistent; /* templates that name it; in no threshold and no load */
	__u32 gone;	  /* in recount only: deleted, and expire_nodest_conn wants its entries freed */
	__u32 pad[9];	  /* a line of its own: CPUs write these */
};

/* --- statistics ---------------------------------------------------------- */

/* Per CPU. Bytes are IP bytes, as in IPVS. */
struct traffic {
	__u64 connections;
	__u64 packets;
	__u64 bytes;
	__u64 out_packets; /* replies (NAT) */
	__u64 out_bytes;
};

/*
 * Per CPU; packets. Each name is the reason that the user sees.
 * Every packet of a virtual service ends in exactly one of: forwarded, a
 * pass_* (the kernel takes it), a drop_*.
 */
struct counters {
	__u64 forwarded;
	__u64 pass_no_connection;   /* TCP or SCTP that opens nothing and has no entry */
	__u64 pass_fragment;	    /* a later fragment whose first one is not known */
	__u64 pass_other_mac;	    /* not addressed to the interface: flooded or promiscuous */
	__u64 pass_malformed;	    /* to a VIP, but headers cannot be read; ICMP about a service with a wrong checksum */
	__u64 pass_icmp_unknown;    /* ICMP error about a service, but no connection of it */
	__u64 pass_tunnel_error;    /* ICMP error about a tunnel packet of which the client cannot be told */
	__u64 pass_reply_error;	    /* a reply whose TTL runs out, or that is too big: the kernel tells the real server */
	__u64 drop_no_real_server;  /* no eligible real server */
	__u64 drop_real_server_gone; /* the connection's real server was deleted */
	__u64 drop_no_next_hop;	    /* neighbour not resolved */
	__u64 drop_ttl_exceeded;    /* TTL or hop limit ran out */
	__u64 drop_too_big;	    /* larger than the MTU, answered with ICMP or rate-limited */
	__u64 drop_too_big_no_df;   /* larger than the MTU and to be fragmented, which XDP cannot */
	__u64 drop_tunnel_error;    /* ICMP error about a tunnel packet: the client is told instead */
	__u64 drop_encapsulation;   /* no head room for the outer header or tags */
	__u64 drop_untranslated;    /* NAT cannot change it: SCTP in fragments to another port */
	__u64 drop_defense;	    /* opened a connection while drop_packet was at work */
	__u64 drop_denied;	    /* a source that the service's lists deny, with no connection that it had before */
	__u64 drop_over_rate;	    /* a new NAT connection over the limit of the rate */
	__u64 drop_connection_limit; /* the service has as many connections as it may */
	__u64 drop_source_rate;	    /* its source opens connections faster than it may */
	__u64 drop_source_limit;    /* its source has as many connections as it may */
	__u64 drop_template_full;   /* no room for a persistent client's template */
	__u64 drop_table_full;	    /* a new NAT connection found no room in the table */
	__u64 drop_contended;	    /* another CPU opens a connection at the same place, and does not come to an end */
	__u64 drop_no_local_port;   /* fullnat: no port of a local address is free towards the real server */
	__u64 drop_unknown_reply;   /* from a NAT real server, but of no connection (nat_icmp_send) */
	/* Not outcomes of a packet but events: */
	__u64 icmp_sent;
	__u64 icmp_rate_limited;
	__u64 connections_created;
	__u64 connections_expired;
	__u64 connections_evicted;
	__u64 connections_shed;	      /* taken out by drop_entry */
	__u64 connections_without_server; /* taken out by expire_nodest_conn */
	__u64 one_packet;	      /* scheduled one by one, without an entry */
	__u64 connections_reused;	  /* a SYN on a closed connection scheduled anew */
	__u64 connections_over_rate;  /* of those without an entry: over the limit of the rate */
	__u64 connections_unrecorded; /* placed without an entry by the fallback ring */
	__u64 followed_ring;	  /* packets without an entry that followed the ring */
	__u64 replies;		  /* of `forwarded`: from real servers to clients */
	__u64 replies_returned;	  /* of `replies`: the way that the client came, as the kernel knows none */
	__u64 toa_left_out;	  /* fullnat: no room in the packet to tell the real server its client */
	__u64 tag_collisions;	  /* two keys with one tag, told apart by their full key */
	__u64 connections_adopted; /* that another director told of */
	__u64 sync_overflows;	  /* to be told to another director, but the ring was full: all are told anew */
};

/* Rate limiter of the ICMP errors that one CPU sends. */
struct icmp_tokens {
	__u64 refilled_at; /* jiffies */
	__u64 tokens;
};

/* --- settings, written by the controller ---------------------------------- */

enum settings_limit {
	HASH_KEY_WORDS = 24,
};

struct settings {
	__u64 hash_key[HASH_KEY_WORDS]; /* secret; drawn once per table and kept with it */
	__u16 timeout[CONNECTION_STATES];	/* seconds, by enum connection_state; at most 32767 */
	__u32 clock_offset;	/* seconds added to the clock: tests move time with it */
	__u32 hertz;		/* jiffies per second of this kernel */
	__u32 jiffy_scale;	/* 2^24 / hertz: the clock multiplies instead of dividing */
	__u32 bucket_mask;	/* buckets of the connection table - 1; their number is a power of two */
	__u32 icmp_rate;	/* ICMP errors per second and CPU */
	__u32 icmp_burst;
	__u32 lblc_expiration;	/* seconds after which an unused locality is forgotten */
	__u32 lblcr_expiration; /* the same of lblcr; one that has not changed for as long loses a server */
	__u32 options;		/* enum option */
	__u32 drop_rate;	/* drop_packet: of opening packets, one in so many is dropped; 0: none */
	__u32 sync_threshold;	/* the sysctls sync_threshold (two), sync_refresh_period in seconds, sync_retries */
	__u32 sync_period;
	__u32 sync_refresh;
	__u32 sync_retries;
};

/* --- VIP filter ------------------------------------------------------------ */

/*
 * A bitmap over a hash of the destination address: a zero bit proves that the
 * address is no VIP. Bit h of the bitmap is bit h % 64 of word h / 64.
 */
enum vip_filter_limit {
	VIP_FILTER_BITS = 65536,
	VIP_FILTER_WORDS = VIP_FILTER_BITS / 64,
	REPLY_FILTER = VIP_FILTER_WORDS, /* first word of the same over source addresses: real servers of NAT */
	/*
	 * Destination prefixes of marks that are too wide to enter each address: bits by the
	 * first two bytes of an IPv4 address, by a hash of the first six of an IPv6 address.
	 */
	WIDE_FILTER_IPV4 = 2 * VIP_FILTER_WORDS,
	WIDE_FILTER_IPV6 = 3 * VIP_FILTER_WORDS,
	FILTER_WORDS = 4 * VIP_FILTER_WORDS,
};

/* --- arguments of the syscall programs --------------------------------------- */

/* Sweeps buckets [first, first + count) and frees what has expired. */
struct sweep_arguments {
	__u32 first;
	__u32 count;
	__u32 recount; /* 1: add every live entry to recount[] as well */
	__u32 shed;    /* 1: drop_entry is at work */
	__u32 now;     /* out: seconds of the data plane's clock */
	__u32 expired; /* out */
	__u32 alive;   /* out: entries left in these buckets */
};

/*
 * Run once a service is published. After an edit of a wrr service's server list:
 * the kernel moves the current weight at each edit, and edits that no packet saw
 * must count too. `restart`: the service is new, or has a new scheduler.
 */
struct settle_arguments {
	struct service_key key;
	__u32 restart;
};

/* Reads the clocks at one moment. */
struct clock_arguments {
	__u64 jiffies;	     /* out */
	__u64 nanoseconds;   /* out: CLOCK_MONOTONIC */
	__u32 now;	     /* out: seconds of the data plane's clock */
	__u32 pad;
};

#include "types_sync.h"

/* --- what no map mentions ------------------------------------------------------ */

/*
 * BTF keeps a type only where something refers to it: these are for user space.
 * The variable stands in a section that loaders pass over.
 */
struct kept_types {
	enum address_family address_family;
	enum scheduler scheduler;
	enum cached_kind cached_kind;
	enum service_flag service_flag;
	enum method method;
	enum real_server_flag real_server_flag;
	enum tunnel tunnel;
	enum schedule_limit schedule_limit;
	enum locality_limit locality_limit;
	enum interface_limit interface_limit;
	enum vlan_mode vlan_mode;
	enum interface_flag interface_flag;
	enum router_limit router_limit;
	enum connection_limit connection_limit;
	enum connection_state connection_state;
	struct reply_key *reply_key;
	enum reply_shift reply_shift;
	enum reply_number reply_number;
	enum local_limit local_limit;
	enum entry_shift entry_shift;
	enum settings_limit settings_limit;
	enum vip_filter_limit vip_filter_limit;
	enum template_flag template_flag;
	enum connection_flag connection_flag;
	enum option option;
	enum sync_shift sync_shift;
	enum sync_limit sync_limit;
	enum adopt_outcome adopt_outcome;
	enum limit_id limit_id;
	enum limit_room limit_room;
	enum limit_option limit_option;
	enum source_verdict source_verdict;
};
