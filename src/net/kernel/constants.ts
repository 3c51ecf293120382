/** Numbers of the kernel's rtnetlink interface (linux/rtnetlink.h, linux/neighbour.h, linux/if_addr.h, linux/if_link.h). */

export const NETLINK_ROUTE = 0;

export const MESSAGE = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWRULE: 32,
  DELRULE: 33,
  NEWNEXTHOP: 104,
  DELNEXTHOP: 105,
} as const;

/** Netlink's own message types and flags (linux/netlink.h). */
export const NLMSG = { ERROR: 2, DONE: 3 } as const;
export const NLM_F = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  DUMP_INTR: 0x10,
  REPLACE: 0x100,
  EXCL: 0x200,
  ACK_TLVS: 0x200,
  DUMP: 0x300,
  CREATE: 0x400,
  APPEND: 0x800,
} as const;

/** Multicast groups (RTNLGRP_*). */
export const GROUP = {
  LINK: 1,
  NEIGH: 3,
  IPV4_IFADDR: 5,
  IPV4_ROUTE: 7,
  IPV4_RULE: 8,
  IPV6_IFADDR: 9,
  IPV6_ROUTE: 11,
  IPV6_RULE: 19,
  NEXTHOP: 32,
} as const;

export const FAMILY = { UNSPEC: 0, INET: 2, INET6: 10 } as const;

export const NUD = {
  INCOMPLETE: 0x01,
  REACHABLE: 0x02,
  STALE: 0x04,
  DELAY: 0x08,
  PROBE: 0x10,
  FAILED: 0x20,
  NOARP: 0x40,
  PERMANENT: 0x80,
} as const;

/** ndm_flags, and the bits of the attribute NDA_FLAGS_EXT. */
export const NTF = { USE: 0x01, PROXY: 0x08 } as const;
export const NTF_EXT = { MANAGED: 0x01 } as const;
