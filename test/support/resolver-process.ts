/**
 * A resolver in a network namespace of its own: a process cannot change its
 * namespace in place. Driven by lines of JSON on standard input, answers on
 * standard output. Run by `resolver-driver.ts`.
 */
import { createInterface } from 'node:readline';
import type { Address } from '../../src/core/model/model.ts';
import { macText } from '../../src/net/address.ts';
import type { Resolution } from '../../src/net/resolution.ts';
import { startResolver } from '../../src/net/resolver.ts';
import type { ResolverCommand, ResolverReport } from './resolver-driver.ts';

const report = (line: ResolverReport): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const warn = (_: object, message: string): void => report({ type: 'warning', message });
const describe = (resolution: Resolution) =>
  resolution.state === 'resolved' ? { ...resolution, mac: macText(resolution.mac) } : resolution;

const resolver = await startResolver({
  log: { debug() {}, info() {}, warn },
  onChange(changed) {
    const at = Date.now();
    for (const address of changed) {
      report({ type: 'resolution', address, at, resolution: describe(resolver.resolution(address)) });
    }
  },
  onInterface: (change) => report({ type: 'interface', change: `${change.type} ${change.interface.name}` }),
});
report({ type: 'ready' });

for await (const line of createInterface(process.stdin)) {
  const command = JSON.parse(line) as ResolverCommand;
  resolver.watch(command.watch as Address[], new Set(command.vips as Address[]));
  await resolver.settled(500);
  for (const address of command.watch as Address[]) {
    report({ type: 'resolution', address, at: Date.now(), resolution: describe(resolver.resolution(address)) });
  }
}
await resolver.stop();
