/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What every scheduler looks at: turns (the servers of weight > 0, in IPVS's list order) and slots. */
#pragma once

#include "common.h"
#include "live_count.h"
#include "service.h"

#define NO_SERVER (-1)

static __always_inline struct turn *get_turn(const struct service *service, __u32 position)
{
	__u32 number = service->turns_line + position / TURNS_PER_LINE;
	union schedule_line *line = bpf_map_lookup_elem(&schedules, &number);

	return line ? &line->turns[position % TURNS_PER_LINE] : 0;
}

static __always_inline int is_eligible(const struct service *service, int index)
{
	struct real_server *server = get_real_server(service, index);

	return server && server->flags & REAL_SERVER_ELIGIBLE;
}

/* Eligible, and not at its upper threshold. */
static __always_inline int is_open(const struct service *service, int index)
{
	struct real_server *server = get_real_server(service, index);

	return server && server->flags & REAL_SERVER_ELIGIBLE && !is_overloaded(server->id);
}

/* What a loop over turns is given. */
struct turn_walk {
	const struct service *service;
	struct schedule_scratch *scratch;
	struct scheduler_state *state;
};

static __always_inline struct schedule_scratch *get_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&schedule_scratch, &zero);
}
