/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which real server a new connection gets: a slot of the service, or NO_SERVER.
 * Each scheduler decides exactly as its file of net/netfilter/ipvs does.
 */
#pragma once

#include "schedule_hash.h"
#include "schedule_least.h"
#include "schedule_local.h"
#include "schedule_round.h"

static __always_inline int hashes(const struct service *service)
{
	return service->scheduler == SCHEDULER_MH || service->scheduler == SCHEDULER_SH ||
	       service->scheduler == SCHEDULER_DH;
}

/*
 * Functions of their own, each verified once: their stacks are not the caller's.
 * `bits`: flow_hash's ring bits; `now`: seconds of the data plane's clock.
 */
static __always_inline int schedule(const struct service *service, const struct packet *packet, __u32 bits,
				    __u32 now, enum placement placement)
{
	if (hashes(service))
		return choose_by_hash(service, packet, placement);
	if (placement != PLACE_BY_RULE)
		return choose_by_ring(service, bits, placement);
	switch (service->scheduler) {
	case SCHEDULER_RR:
	case SCHEDULER_WRR:
		return choose_in_turn(service);
	case SCHEDULER_LBLC:
		return choose_lblc(service, packet, now);
	case SCHEDULER_LBLCR:
		return choose_lblcr(service, packet, now);
	case SCHEDULER_TWOS:
		return choose_twos(service);
	}
	return choose_least(service, service->scheduler);
}
