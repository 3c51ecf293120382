/**
 * Persistence, as ip_vs_sched_persist has it: a template for each client, or for
 * those that share the bits of a mask, names the real server of its connections.
 */
import { addressBytes } from '../../support/packet-bytes.ts';
import { isEligible, type ServiceConfig } from '../world.ts';

/** Seconds until a template that still controls connections is looked at again. */
const CONTROLLED = 60;

export interface Template {
  readonly slot: number;
  readonly realServer: number;
  assured: boolean;
  deadline: number;
  timeout: number;
  /** That it controls. */
  connections: number;
}

export class Templates {
  readonly byClient = new Map<string, Template>();

  /** The slot that a client is bound to, or null. */
  find(service: ServiceConfig, source: Buffer, now: number, expireQuiescent: boolean): number | null {
    const template = this.byClient.get(clientKey(service, source));
    if (template === undefined || !lives(template, now)) return null;
    const server = service.servers[template.slot];
    if (server === undefined || server.id !== template.realServer || !server.available) return null;
    return expireQuiescent && !isEligible(server) ? null : template.slot;
  }

  /** `isNew`: find answered null, so the client gets a template of its own, or another one. */
  bind(service: ServiceConfig, source: Buffer, slot: number, now: number, isNew: boolean): Template {
    const key = clientKey(service, source);
    const realServer = service.servers[slot]?.id ?? -1;
    const made = { slot, realServer, assured: false, deadline: 0, timeout: service.persistence, connections: 0 };
    const template = isNew ? made : (this.byClient.get(key) ?? made);
    template.deadline = now + template.timeout;
    this.byClient.set(key, template);
    return template;
  }

  sweep(now: number): void {
    for (const [key, template] of this.byClient) if (!lives(template, now)) this.byClient.delete(key);
  }
}

function lives(template: Template, now: number): boolean {
  if (template.deadline > now) return true;
  if (template.connections === 0) return false;
  template.timeout = CONTROLLED;
  template.deadline = now + CONTROLLED;
  return true;
}

/** Words in network order, as `struct address` has them: `id client` in hexadecimal. */
export function clientKey({ id, mask }: ServiceConfig, source: Buffer): string {
  const bits = addressBytes(mask);
  const masked = Buffer.alloc(16);
  source.forEach((byte, at) => {
    masked[at] = byte & (bits[at] ?? 0);
  });
  return `${id} ${masked.toString('hex')}`;
}
