/** An interface that the data plane is on, or is to be on. */
import type { InterfaceReport } from '../../api/protocol/interfaces.ts';
import type { InterfaceState } from '../interface-manager.ts';
import { macText } from './service.ts';

export function interfaceReport({ name, device, attachment, requested, problem }: InterfaceState): InterfaceReport {
  return {
    name,
    ifindex: device?.ifindex ?? null,
    mac: device?.mac ? macText(device.mac) : null,
    mtu: device?.mtu ?? null,
    up: device?.up ?? false,
    mode: attachment?.mode ?? null,
    requested,
    fragments: attachment?.fragments ?? false,
    problem: problem ?? downProblem(name, device?.up),
  };
}

function downProblem(name: string, up: boolean | undefined): string | null {
  return up === false ? `${name} is down or has no carrier` : null;
}
