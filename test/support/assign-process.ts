/**
 * An Assigner and an Announcer in a network namespace of their own: a process
 * cannot change its namespace in place. Driven by lines of JSON on standard
 * input, an answer to each on standard output. Run by `assign-driver.ts`.
 */
import { createInterface } from 'node:readline';
import { interfaceAddress, route, rule } from '../../src/core/config/forms/ip.ts';
import { readWords } from '../../src/core/config/testing.ts';
import type { Address } from '../../src/core/model/model.ts';
import { Announcer } from '../../src/net/announce.ts';
import { addressAssignment } from '../../src/net/assign/address-form.ts';
import { openAssigner } from '../../src/net/assign/assigner.ts';
import type { Untranslated } from '../../src/net/assign/assignments.ts';
import { readIpNames } from '../../src/net/assign/ip-names.ts';
import { type ParentSettings, restoreParent, tuneMacvlan } from '../../src/net/assign/macvlan-settings.ts';
import { routeAssignment } from '../../src/net/assign/route-form.ts';
import { ruleAssignment } from '../../src/net/assign/rule-form.ts';
import { KernelError } from '../../src/net/facts.ts';
import { openKernel } from '../../src/net/kernel/netlink-kernel.ts';
import type { AssignAnswer, AssignCommand } from './assign-driver.ts';

const kernel = openKernel();
const assigner = openAssigner();
const errors: string[] = [];
const announcer = new Announcer((device, code) => errors.push(`${device} ${code}`));
const names = readIpNames();
/** Of the first `tune` with IPv4. */
let parentBefore: ParentSettings | undefined;

async function perform(command: AssignCommand): Promise<unknown> {
  const links = new Map((await kernel.links()).map(({ name, ifindex }) => [name, ifindex]));
  const context = {
    ifindexOf: (name: string) => links.get(name),
    standard: links.get('eth0')!,
    names,
    priority: 16384,
  };
  const address = () => sure(addressAssignment(readWords(interfaceAddress, command.words!), context));
  const asRoute = () => sure(routeAssignment(readWords(route, command.words!), context));
  const asRule = () => sure(ruleAssignment(readWords(rule, command.words!), context));
  switch (command.call) {
    case 'addAddress':
      return assigner.addAddress(address());
    case 'addAddressTo':
      return assigner.addAddress({ ...address(), ifindex: command.ifindex! });
    case 'deleteAddress':
      return assigner.deleteAddress(address());
    case 'replaceRoute':
      return assigner.replaceRoute(asRoute());
    case 'deleteRoute':
      return assigner.deleteRoute(asRoute());
    case 'addRule':
      return assigner.addRule(asRule());
    case 'deleteRule':
      return assigner.deleteRule(asRule());
    case 'addMacvlan': {
      const mac = Buffer.from(command.mac!.replaceAll(':', ''), 'hex');
      return assigner.addMacvlan({ name: command.words!, parent: links.get('eth0')!, mac });
    }
    case 'deleteLink':
      return assigner.deleteLink(command.ifindex!);
    case 'tune': {
      const before = tuneMacvlan(command.words!, 'eth0', { ipv4: command.ipv4!, ipv6: command.ipv6! });
      if (before.size > 0) parentBefore ??= before;
      return [...before];
    }
    case 'restore':
      return restoreParent('eth0', parentBefore!);
    case 'announce':
      announcer.announce({
        device: command.device!,
        mac: Buffer.from(command.mac!.replaceAll(':', ''), 'hex'),
        addresses: command.words!.split(' ') as Address[],
        ...{ repeat: 1, arpGap: 0, neighbourGap: 0, router: false },
      });
      return errors.splice(0);
  }
}

function sure<T extends object>(value: T | Untranslated): T {
  if ('error' in value) throw new Error(value.error);
  return value;
}

for await (const line of createInterface(process.stdin)) {
  let answer: AssignAnswer;
  try {
    answer = { value: (await perform(JSON.parse(line) as AssignCommand)) ?? null };
  } catch (error) {
    answer = { error: (error as Error).message, code: error instanceof KernelError ? error.code : null };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
announcer.close();
assigner.close();
kernel.close();
