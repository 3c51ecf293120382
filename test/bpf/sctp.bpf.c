// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* What bpf/ knows of SCTP and no packet reaches: every state table, and the checksum under other ports. */
#include "csum_sctp.h"
#include "sctp_state.h"

#define HEADER 14

/* The frame: 14 bytes, of which the first four are the new ports, then the SCTP packet to the end. */
SEC("xdp.frags")
int replace_ports(struct xdp_md *ctx)
{
	__u32 before, after;

	if (bpf_xdp_load_bytes(ctx, 0, &after, sizeof(after)) || bpf_xdp_load_bytes(ctx, HEADER, &before, sizeof(before)))
		return XDP_DROP;
	if (update_sctp_checksum(ctx, HEADER, bpf_xdp_get_buff_len(ctx) - HEADER, before, after))
		return XDP_DROP;
	return bpf_xdp_store_bytes(ctx, HEADER, &after, sizeof(after)) ? XDP_DROP : XDP_PASS;
}

/* The frame begins with a state, an event and a direction; the answer is the next state. */
SEC("xdp")
int state_after(struct xdp_md *ctx)
{
	__u8 bytes[3];

	if (bpf_xdp_load_bytes(ctx, 0, bytes, sizeof(bytes)) || bytes[2] >= DIRECTIONS)
		return -1;
	return next_sctp_state(bytes[0], bytes[1], bytes[2]);
}

char _license[] SEC("license") = "Dual MIT/GPL";
