/** Whether advertisements (IP protocol 112) are sent, heard and accepted. */
import type { VrrpBody } from '../../api/controller.ts';
import type { DoctorCheck } from '../../api/protocol/doctor.ts';
import type { DoctorFacts } from './facts.ts';

type Instance = VrrpBody['instances'][number];

/** Advertisements that may be missing until a sender counts as silent. */
const MISSED = 4;
const NEXT = 'xlb vrrp';

export function checkVrrp({ instances, now }: DoctorFacts): DoctorCheck[] {
  return instances.flatMap((instance) => [stateOf(instance, now), ...refused(instance, now)]);
}

/**
 * Who else advertises. A MASTER does not count what it heard before it became one, nor the one
 * advertisement by which an older MASTER yields: it comes within an interval.
 */
export function heardLately({ peers, interval_s, state, since, source }: Instance, now: number): Instance['peers'] {
  const from = Math.max(
    now - MISSED * interval_s * 1000,
    state === 'MASTER' ? Date.parse(since) + interval_s * 1000 : 0,
  );
  return peers.filter(({ address, heard_at, priority }) => {
    return Date.parse(heard_at) > from && priority > 0 && address !== source;
  });
}

function stateOf(instance: Instance, now: number): DoctorCheck {
  const { name: subject, state, faults, priority, interval_s, master } = instance;
  const id = 'vrrp';
  switch (state) {
    case 'MASTER': {
      const others = heardLately(instance, now);
      if (others.length > 0) {
        const list = others.map(({ address, priority: other }) => `${address} (priority ${other})`).join(', ');
        const text = `MASTER with priority ${priority.effective}, and so is ${list}: each hears, or refuses, the other`;
        return { id: 'two-masters', state: 'fail', subject, text, next: NEXT };
      }
      const text = `MASTER, advertises every ${interval_s} s with priority ${priority.effective}; no other MASTER is heard`;
      return { id, state: 'ok', subject, text, next: null };
    }
    case 'BACKUP':
      return { id, state: 'ok', subject, text: backupText(instance, now, master), next: null };
    case 'FAULT':
      return { id: 'vrrp-fault', state: 'fail', subject, text: `FAULT: ${faults.join(', ')}`, next: NEXT };
    case 'INIT':
      return { id: 'vrrp-init', state: 'warn', subject, text: 'INIT: not started yet, or its checks run', next: NEXT };
  }
}

function backupText({ peers }: Instance, now: number, master: Instance['master']): string {
  const heard = peers.find(({ address }) => address === master?.address);
  if (master === null || heard === undefined) return 'BACKUP, no advertisement yet';
  const seconds = ((now - Date.parse(heard.heard_at)) / 1000).toFixed(1);
  return `BACKUP, heard ${master.address} (priority ${master.priority}) ${seconds} s ago`;
}

/** Counted since the start; what is not going on any more is no finding. */
function refused(instance: Instance, now: number): DoctorCheck[] {
  const { name, refused: counts, state, master } = instance;
  const senders = heardLately(instance, now).filter(({ address }) => address !== master?.address);
  const reasons = Object.entries(counts).map(([reason, count]) => `${count} ${reason}`);
  if (reasons.length === 0 || senders.length === 0) return [];
  const from = senders.map(({ address }) => address).join(', ');
  const text = `refused advertisements: ${reasons.join(', ')}; heard lately: ${from}`;
  return [{ id: 'adverts-refused', state: state === 'MASTER' ? 'fail' : 'warn', subject: name, text, next: NEXT }];
}
