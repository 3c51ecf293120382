/** What the doctor judges by: gathered first, so that judging it is a matter of data alone. */
import type { VrrpBody } from '../../api/controller.ts';
import type { DoctorCheck } from '../../api/protocol/doctor.ts';
import type { Address, Model } from '../../core/model/model.ts';
import type { OtherEnd } from '../../net/other-end.ts';
import type { Resolution } from '../../net/resolution.ts';
import type { InterfaceState } from '../interface-manager.ts';
import type { Finding } from '../reports/problems.ts';

/** Another machine that answers for a virtual address. */
export interface OtherHolder {
  /** As text. */
  readonly mac: string;
  /** An address by which it is known; null: it is not. */
  readonly address: string | null;
  /** It is a real server of a service at that address. */
  readonly isRealServer: boolean;
}

/** An address that a VRRP instance or a virtual service names. */
export interface VipFacts {
  readonly address: Address;
  /** Of the instance that moves it; null: none does. */
  readonly instance: string | null;
  /** Interfaces of this machine that have it. */
  readonly heldOn: readonly string[];
  /** Where it belongs; null: it is on no network of this machine. */
  readonly device: string | null;
  /** Null: nobody was asked, and `unasked` says why. */
  readonly others: readonly OtherHolder[] | null;
  readonly unasked: string | null;
}

export interface InterfaceFacts {
  readonly state: InterfaceState;
  /** Of the kernel module; null: it has none of its own, as a veth. */
  readonly driver: string | null;
  /** Receive queues. */
  readonly queues: number;
  /** Of a veth, whose frames come from this machine; null: it is none. */
  readonly otherEnd: OtherEnd | null;
}

export interface DoctorFacts {
  /** As in `xlb status`. */
  readonly version: string;
  /** What `xlb status` tells. */
  readonly problems: readonly Finding[];
  readonly config: string | null;
  readonly model: Pick<Model, 'services'>;
  readonly interfaces: readonly InterfaceFacts[];
  readonly vips: readonly VipFacts[];
  readonly instances: VrrpBody['instances'];
  /** Names of instances with a macvlan of IPv4. */
  readonly virtualMacs: readonly string[];
  /** CPUs of the machine. */
  readonly cpus: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly resolution: (address: Address) => Resolution;
  /** By its path below /proc/sys; null: this kernel has none. */
  readonly sysctl: (path: string) => string | null;
}

export type Check = (facts: DoctorFacts) => readonly DoctorCheck[];
