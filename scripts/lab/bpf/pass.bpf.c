// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A veth receives what an XDP program on the other end transmits only where an
 * XDP program is attached here too. This one is all it takes.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

/* For ports whose frames need more than one page. */
SEC("xdp.frags")
int pass_frags(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
