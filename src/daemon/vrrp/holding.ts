/** One thing that a MASTER holds. */
import { addressFamily } from '../../core/model/address.ts';
import { addressAssignment } from '../../net/assign/address-form.ts';
import type { Assigner } from '../../net/assign/assigner.ts';
import type { AddressAssignment, RouteAssignment, RuleAssignment, Untranslated } from '../../net/assign/assignments.ts';
import type { IpNames } from '../../net/assign/ip-names.ts';
import { routeAssignment } from '../../net/assign/route-form.ts';
import { ruleAssignment } from '../../net/assign/rule-form.ts';
import type { ConfiguredInstance } from './settings.ts';

export type Holding =
  | { readonly kind: 'address'; readonly value: AddressAssignment }
  | { readonly kind: 'route'; readonly value: RouteAssignment }
  | { readonly kind: 'rule'; readonly value: RuleAssignment };

export interface HoldingContext {
  readonly ifindexOf: (name: string) => number | undefined;
  /** Of the interface that is meant where none is named; `other`: for addresses of the other family. */
  readonly standard: number;
  readonly other: number;
  readonly names: IpNames;
  /** Of the first rule that names none; the next ones have less. */
  readonly rulePriority: number;
}

/** In the order in which they are added: a route may need an address. What cannot be had is a fault. */
export function holdingsOf(
  { addresses, excluded, routes, rules, family }: ConfiguredInstance,
  context: HoldingContext,
): { holdings: Holding[]; faults: string[] } {
  const holdings: Holding[] = [];
  const faults: string[] = [];
  const add = <K extends Holding['kind'], V extends object>(kind: K, found: V | Untranslated) => {
    if ('error' in found) faults.push(found.error);
    else holdings.push({ kind, value: found } as unknown as Holding);
  };
  for (const form of [...addresses, ...excluded]) {
    const standard = addressFamily(form.address) === family ? context.standard : context.other;
    add('address', addressAssignment(form, { ...context, standard }));
  }
  for (const form of routes) add('route', routeAssignment(form, context));
  for (const [i, form] of rules.entries()) {
    add('rule', ruleAssignment(form, { ...context, priority: context.rulePriority - i }));
  }
  return { holdings, faults };
}

/** Equal holdings have equal keys. */
export function holdingKey({ kind, value }: Holding): string {
  return `${kind} ${JSON.stringify(value)}`;
}

/** Taken twice is fine. Rejects with a KernelError. */
export async function takeHolding(assigner: Assigner, { kind, value }: Holding): Promise<void> {
  if (kind === 'address') await assigner.addAddress(value);
  else if (kind === 'route') await assigner.replaceRoute(value);
  else await assigner.addRule(value);
}

/** Gone already is fine. Rejects with a KernelError. */
export async function deleteHolding(assigner: Assigner, { kind, value }: Holding): Promise<void> {
  if (kind === 'address') await assigner.deleteAddress(value);
  else if (kind === 'route') await assigner.deleteRoute(value);
  else await assigner.deleteRule(value);
}
