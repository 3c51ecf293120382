/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Direct routing: the frame goes on to the real server's MAC address; the packet keeps its VIP. */
#pragma once

#include "forward.h"

/* Other tags than it came with: the link header is written anew. */
static __always_inline int retag(struct xdp_md *ctx, struct egress *egress, struct link *link)
{
	struct tags tags;
	void *data, *end;

	choose_tags(egress, &tags);
	if (bpf_xdp_adjust_head(ctx, (int)link->length - (int)link_length(&tags)))
		return drop_encapsulation();
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (!write_link(data, end, egress, &tags, link->protocol))
		return drop_encapsulation();
	return send(ctx, egress);
}

static __always_inline int forward_dr(struct xdp_md *ctx, struct egress *egress, struct link *link)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (unlikely(egress->hop->vlan_mode != VLAN_KEEP))
		return retag(ctx, egress, link);
	if (data + sizeof(struct ethhdr) > end)
		return drop_encapsulation();
	write_macs(data, egress);
	return send(ctx, egress);
}
