/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What a reply entry says: the tuple of the answers, whose they are, and the way that the client came. */
#pragma once

#include "nat_job.h"
#include "reply.h"

/* Where the frame came from, and by what: a way back that needs no route. `port`: the flags of reply_shift. */
static __always_inline void note_way_back(struct xdp_md *ctx, struct reply_key *reply, __u16 port)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct vlan_header *vlan = (void *)(eth + 1);
	struct link link;

	if (!parse_link(data, end, &link) || (void *)(eth + 1) > end)
		return;
	__builtin_memcpy(reply->mac, eth->h_source, ETH_ALEN);
	port |= (ctx->ingress_ifindex % INTERFACE_SLOTS + 1) | link.tag_count << REPLY_TAGS_SHIFT;
	if (eth->h_proto == bpf_htons(ETH_P_8021AD))
		port |= REPLY_SERVICE_TAG;
	reply->port = port; /* at once: other CPUs go by its flags */
	if (link.tag_count > 0 && (void *)(vlan + 1) <= end)
		reply->vlan_tci[0] = vlan->tci;
	if (link.tag_count > 1 && (void *)(vlan + 2) <= end)
		reply->vlan_tci[1] = vlan[1].tci;
}

/* A reply entry is there, old or new: it points to the packet's connection from now on. */
static __always_inline int write_reply(struct xdp_md *ctx, const struct nat_job *job, __u32 number, __u32 connection,
					__u16 flags)
{
	struct reply_key *reply = get_reply_key(number);

	if (!reply)
		return 0;
	reply->source = job->reply.source;
	reply->destination = job->reply.destination;
	reply->source_port = job->reply.source_port;
	reply->destination_port = job->reply.destination_port;
	reply->server = reply_mark(job->reply.protocol) | (job->real_server & REPLY_SERVER_MASK);
	reply->connection = connection;
	if (ctx)
		note_way_back(ctx, reply, flags);
	else
		reply->port = flags; /* another director's: the client's next packet will tell */
	return 1;
}
