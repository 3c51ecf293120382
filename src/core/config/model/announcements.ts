/** Gratuitous ARP and unsolicited neighbour advertisements of an instance. */
import type { InstanceSettings } from '../keywords/root.ts';
import { firstOf, type Globals } from './globals.ts';

/** Times in seconds; 0: never. */
export interface Announcements {
  /** Until the second round. */
  readonly delay: number;
  readonly repeat: number;
  readonly refresh: number;
  readonly refreshRepeat: number;
  readonly lowerPriorityDelay: number;
  readonly lowerPriorityRepeat: number;
  /** Between two on other interfaces than the instance's own. */
  readonly extra: number;
  /** Least time between two on an interface. */
  readonly arpGap: number;
  readonly neighbourGap: number;
}

export function announcementsOf(block: InstanceSettings['block'], globals: Globals): Announcements {
  const least = firstOf(false, globals.vrrp_min_garp);
  const delay = firstOf(least ? 0 : 5, block.garp_master_delay, globals.vrrp_garp_master_delay);
  const repeat = firstOf(least ? 1 : 5, block.garp_master_repeat, globals.vrrp_garp_master_repeat);
  return {
    delay,
    repeat,
    refresh: firstOf(0, block.garp_master_refresh, globals.vrrp_garp_master_refresh),
    refreshRepeat: firstOf(1, block.garp_master_refresh_repeat, globals.vrrp_garp_master_refresh_repeat),
    lowerPriorityDelay: firstOf(delay, block.garp_lower_prio_delay, globals.vrrp_garp_lower_prio_delay),
    lowerPriorityRepeat: firstOf(repeat, block.garp_lower_prio_repeat, globals.vrrp_garp_lower_prio_repeat),
    extra: extraOf(block, globals),
    arpGap: firstOf(0, globals.vrrp_garp_interval),
    neighbourGap: firstOf(0, globals.vrrp_gna_interval),
  };
}

function extraOf(block: InstanceSettings['block'], globals: Globals): number {
  const own = block.garp_extra_if ?? block.vmac_garp_intvl;
  const all = globals.vrrp_garp_extra_if ?? globals.vrrp_vmac_garp_intvl;
  return firstOf({ all: false, seconds: 0 }, own, all).seconds;
}
