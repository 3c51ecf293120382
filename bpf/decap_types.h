/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What crosses between the decapsulator and user space; types.h has the rules. */
#pragma once

struct decap_vip {
	__be32 word[4]; /* IPv4 stands in word 0 and the rest is zero */
};

struct decap_options {
	__be16 gue_port; /* UDP packets to it are GUE; 0: none is */
	__u16 pad;
};

/* Per CPU; packets. Every packet of a tunnel ends in exactly one of these. */
struct decap_counters {
	__u64 ipv4_in_ipv4;
	__u64 ipv6_in_ipv4;
	__u64 ipv4_in_ipv6;
	__u64 ipv6_in_ipv6;
	__u64 pass_other_vip;  /* the inner destination is no VIP of ours: the kernel's */
	__u64 pass_malformed;  /* headers cannot be read: the kernel's */
	__u64 pass_option;     /* GRE with a key or a number, GUE with fields or a control message: the kernel's */
	__u64 pass_fragment;   /* a fragment of the outer packet: the kernel's */
	__u64 drop_congestion; /* congestion was marked on the way, and the sender could not be told (RFC 6040) */
	__u64 drop_error;      /* the kernel did not let go of the outer header */
};
