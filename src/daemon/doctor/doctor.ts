/** Looks at everything that keeps traffic from flowing, and says what to do about it. */
import { availableParallelism } from 'node:os';
import type { DoctorBody, VrrpBody } from '../../api/controller.ts';
import type { DoctorCheck } from '../../api/protocol/doctor.ts';
import type { Interface } from '../../net/interfaces.ts';
import { otherEndOf } from '../../net/other-end.ts';
import type { Resolver } from '../../net/resolver.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Director } from '../director.ts';
import type { InterfaceManager } from '../interface-manager.ts';
import type { Reporter } from '../reporter.ts';
import { checkDirector } from './check-director.ts';
import { checkInterfaces } from './check-interfaces.ts';
import { checkKernel } from './check-kernel.ts';
import { checkVips } from './check-vips.ts';
import { checkVrrp } from './check-vrrp.ts';
import type { Check, DoctorFacts, InterfaceFacts } from './facts.ts';
import { driverOf, neighbourAddresses, readSysctl, receiveQueues } from './machine.ts';
import { vipFacts } from './vips.ts';

export interface DoctorParts {
  readonly version: string;
  readonly director: Pick<Director, 'model'>;
  readonly reporter: Pick<Reporter, 'findings'>;
  readonly manager: Pick<InterfaceManager, 'states'>;
  readonly resolver: Pick<Resolver, 'resolution' | 'interfaces' | 'localAddresses'>;
  readonly configuration: Pick<Configuration, 'current'>;
  readonly vrrp: { report(): Promise<VrrpBody> };
}

const CHECKS: readonly Check[] = [checkDirector, checkInterfaces, checkVrrp, checkVips, checkKernel];

/** Takes half a second: neighbours are asked for every virtual address. */
export async function examine(parts: DoctorParts): Promise<DoctorBody> {
  return diagnose(await gather(parts));
}

export function diagnose(facts: DoctorFacts): DoctorBody {
  const checks = CHECKS.flatMap((check) => check(facts));
  const count = (state: DoctorCheck['state']) => checks.filter((check) => check.state === state).length;
  return { checks, ok: count('ok'), warnings: count('warn'), failed: count('fail'), skipped: count('skip') };
}

async function gather({ version, director, reporter, manager, resolver, configuration, vrrp }: DoctorParts) {
  const configured = configuration.current?.model.instances ?? [];
  const { model } = director;
  const resolution: DoctorFacts['resolution'] = (address) => resolver.resolution(address);
  const vips = await vipFacts({
    instances: configured,
    model,
    interfaces: resolver.interfaces(),
    localAddresses: resolver.localAddresses(),
    resolution,
    neighbours: neighbourAddresses,
  });
  const facts: DoctorFacts = {
    version,
    problems: reporter.findings(),
    config: configuration.current?.path ?? null,
    model,
    interfaces: manager.states.map((state) => interfaceFacts(state, () => resolver.interfaces())),
    vips,
    instances: (await vrrp.report()).instances,
    virtualMacs: configured.filter(({ vmac, family }) => vmac !== null && family === 4).map(({ name }) => name),
    cpus: availableParallelism(),
    now: Date.now(),
    resolution,
    sysctl: readSysctl,
  };
  return facts;
}

function interfaceFacts(state: InterfaceFacts['state'], interfaces: () => readonly Interface[]): InterfaceFacts {
  const { name, device } = state;
  const find = (ifindex: number) => interfaces().find((each) => each.ifindex === ifindex);
  const otherEnd = device === undefined ? null : otherEndOf(device, find);
  return { state, driver: driverOf(name), queues: receiveQueues(name), otherEnd };
}
