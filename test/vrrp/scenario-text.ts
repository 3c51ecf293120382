/** Effects and causes as scenarios write them. */
import type { Cause, Effect, LogEntry } from '../../src/core/vrrp/state.ts';

/** Up to microseconds, without zeros at the end. */
export function seconds(milliseconds: number): string {
  return String(Math.round(milliseconds * 1000) / 1_000_000);
}

export function effectText(effect: Effect): string {
  switch (effect.type) {
    case 'advertise':
      return `advertise ${effect.priority}`;
    case 'announce':
      return `announce x${effect.repeat}`;
    case 'notify':
      return `notify ${effect.state} ${effect.priority}`;
    case 'notify-priority':
      return `priority ${effect.priority}`;
    case 'log':
      return logText(effect.entry);
    default:
      return effect.type;
  }
}

function logText(entry: LogEntry): string {
  switch (entry.kind) {
    case 'transition':
      return `${entry.transition.from} -> ${entry.transition.to}: ${causeText(entry.transition.cause)}`;
    case 'refused':
      return `refuses ${entry.source}: ${entry.refusal.text} (${entry.refusal.reason})`;
    case 'remark':
      return `remarks ${entry.source}: ${entry.remark.type} ${entry.remark.theirs}`;
    case 'two-masters':
      return `two masters: ${entry.source} priority ${entry.priority}`;
    case 'address-lost':
      return `lost ${entry.address}`;
    case 'own-address':
      return 'hears its own address';
  }
}

export function causeText(cause: Cause): string {
  if (cause.type === 'advert') return `advert of ${cause.source} priority ${cause.priority}`;
  if (cause.type === 'tracker') return `${cause.key} ${cause.status}`;
  return cause.type === 'member' ? `member ${cause.name}` : cause.type;
}
