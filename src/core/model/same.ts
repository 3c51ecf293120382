/** Equality by value, so that an edit that changes nothing keeps the objects that are there. */
import { sameLimits } from './limits.ts';
import type { Encapsulation, Persistence, RealServer, VirtualService } from './model.ts';

export function sameService(a: VirtualService, b: VirtualService): boolean {
  return (
    a.scheduler === b.scheduler &&
    a.options.port === b.options.port &&
    a.options.fallback === b.options.fallback &&
    a.options.ringSize === b.options.ringSize &&
    samePersistence(a.persistence, b.persistence) &&
    a.onePacket === b.onePacket &&
    a.engine === b.engine &&
    sameLimits(a.limits, b.limits) &&
    (a.toa ?? false) === (b.toa ?? false) &&
    a.servers.length === b.servers.length &&
    a.servers.every((server, i) => sameServer(server, b.servers[i]!))
  );
}

function samePersistence(a: Persistence | null, b: Persistence | null): boolean {
  if (a === null || b === null) return a === b;
  return a.timeout === b.timeout && a.netmask === b.netmask;
}

export function sameServer(a: RealServer, b: RealServer): boolean {
  if (a === b) return true;
  return (
    a.key.address === b.key.address &&
    a.key.port === b.key.port &&
    a.method === b.method &&
    sameEncapsulation(a.encapsulation, b.encapsulation) &&
    a.weight === b.weight &&
    a.lastWeight === b.lastWeight &&
    a.upperThreshold === b.upperThreshold &&
    a.lowerThreshold === b.lowerThreshold &&
    sameAdmin(a, b)
  );
}

function sameEncapsulation(a: Encapsulation | undefined, b: Encapsulation | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const port = (tunnel: Encapsulation) => (tunnel.type === 'gue' ? tunnel.port : 0);
  return a.type === b.type && a.checksum === b.checksum && port(a) === port(b);
}

function sameAdmin({ admin: a }: RealServer, { admin: b }: RealServer): boolean {
  if (a === null || b === null) return a === b;
  return a.action === b.action && a.by === b.by && a.at === b.at && a.reason === b.reason;
}
