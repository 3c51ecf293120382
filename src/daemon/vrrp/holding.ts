/** One thing that a MASTER holds. */
import type { ConfigModel } from '../../core/config/model/build-model.ts';
import { addressFamily } from '../../core/model/address.ts';
import type { Address } from '../../core/model/model.ts';
import { addressAssignment } from '../../net/assign/address-form.ts';
import type { Assigner } from '../../net/assign/assigner.ts';
import type { AddressAssignment, RouteAssignment, RuleAssignment, Untranslated } from '../../net/assign/assignments.ts';
import type { IpNames } from '../../net/assign/ip-names.ts';
import { routeAssignment } from '../../net/assign/route-form.ts';
import { ruleAssignment } from '../../net/assign/rule-form.ts';
import { holdingText } from './holding-text.ts';
import type { ConfiguredInstance } from './settings.ts';

export type Holding =
  | { readonly kind: 'address'; readonly value: AddressAssignment }
  | { readonly kind: 'route'; readonly value: RouteAssignment }
  | { readonly kind: 'rule'; readonly value: RuleAssignment };

export interface HoldingContext {
  readonly ifindexOf: (name: string) => number | undefined;
  /** Of the macvlan that addresses of this interface stand on; undefined: they stand on it themselves. */
  readonly macvlanOn?: (name: string) => number | undefined;
  /** Of the interface that is meant where none is named; `other`: for addresses of the other family. */
  readonly standard: number;
  readonly other: number;
  readonly names: IpNames;
  /** Of the first rule that names none; the next ones have less. */
  readonly rulePriority: number;
}

interface Holdings {
  readonly holdings: Holding[];
  readonly faults: string[];
}

/** In the order in which they are added: a route may need an address. What cannot be had is a fault. */
export function holdingsOf(
  { addresses, excluded, routes, rules, family }: ConfiguredInstance,
  context: HoldingContext,
): Holdings {
  const standardOf = (address: Address) => (addressFamily(address) === family ? context.standard : context.other);
  return collect({ addresses: [...addresses, ...excluded], routes, rules }, context, standardOf);
}

/** Of `static_ipaddress` and its like. */
export function staticHoldings(statics: ConfigModel['statics'], context: HoldingContext): Holdings {
  return collect(statics, context, () => context.standard);
}

function collect(
  { addresses, routes, rules }: Pick<ConfigModel['statics'], 'addresses' | 'routes' | 'rules'>,
  context: HoldingContext,
  standardOf: (address: Address) => number,
): Holdings {
  const holdings: Holding[] = [];
  const faults: string[] = [];
  const add = <K extends Holding['kind'], V extends object>(kind: K, found: V | Untranslated) => {
    if ('error' in found) faults.push(found.error);
    else holdings.push({ kind, value: found } as unknown as Holding);
  };
  for (const form of addresses) {
    const ifindexOf = (name: string) => context.macvlanOn?.(name) ?? context.ifindexOf(name);
    add('address', addressAssignment(form, { ...context, ifindexOf, standard: standardOf(form.address) }));
  }
  for (const form of routes) add('route', routeAssignment(form, context));
  for (const [i, form] of rules.entries()) {
    add('rule', ruleAssignment(form, { ...context, priority: context.rulePriority - i }));
  }
  return { holdings, faults };
}

/** Equal holdings have equal keys. */
export function holdingKey({ kind, value }: Holding): string {
  return `${kind} ${holdingText(value)}`;
}

/** Taken twice is fine. Rejects with a KernelError. */
export async function takeHolding(assigner: Assigner, { kind, value }: Holding): Promise<void> {
  if (kind === 'address') await assigner.addAddress(value);
  else if (kind === 'route') await assigner.replaceRoute(value);
  else await assigner.addRule(value);
}

/** Leaves alone what is there already. Rejects with a KernelError. */
export async function addHolding(assigner: Assigner, { kind, value }: Holding): Promise<'added' | 'there'> {
  if (kind === 'address') return await assigner.addAddress(value);
  if (kind === 'route') return await assigner.addRoute(value);
  return await assigner.addRule(value);
}

/** Gone already is fine. Rejects with a KernelError. */
export async function deleteHolding(assigner: Assigner, { kind, value }: Holding): Promise<void> {
  if (kind === 'address') await assigner.deleteAddress(value);
  else if (kind === 'route') await assigner.deleteRoute(value);
  else await assigner.deleteRule(value);
}
