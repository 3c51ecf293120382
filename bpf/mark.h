/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The firewall mark of a packet. Netfilter, which sets marks elsewhere, comes after
 * XDP, so there are rules of our own: docs/adr/0013-marks.md.
 */
#pragma once

#include "common.h"
#include "parse.h"

/* Beside a mark: packets from elsewhere to the same address and port may have another. And how many bits of a source tell. */
#define MARK_BY_SOURCE (1ULL << 32)
#define MARK_LENGTH_SHIFT 40

static __always_inline __u64 mark_by_source(const struct mark_port *port, const struct address *source)
{
	struct mark_source_key key = {
		.prefix_length = 32 + 8 * sizeof(struct address), .sources = port->sources, .address = *source};
	__u32 *mark = bpf_map_lookup_elem(&mark_sources, &key);

	return MARK_BY_SOURCE | (__u64)port->source_length << MARK_LENGTH_SHIFT | (mark ? *mark : port->mark);
}

/* 0: none. `key`: address, port, protocol and family of a packet's destination. */
__noinline __u64 find_mark(const struct service_key *key, const struct address *source)
{
	struct mark_destination_key destination = {.prefix_length = 32 + 8 * sizeof(struct address)};
	struct mark_port_key port = {.prefix_length = 64};
	struct mark_port *found;
	__u32 *place;

	if (!key || !source)
		return 0;
	destination.family = key->family;
	destination.address = key->address;
	place = bpf_map_lookup_elem(&mark_destinations, &destination);
	if (!place)
		return 0;
	port.destination = *place;
	port.protocol = key->protocol;
	port.port = key->port;
	found = bpf_map_lookup_elem(&mark_ports, &port);
	if (!found)
		return 0;
	return found->sources ? mark_by_source(found, source) : found->mark;
}
