/** Where an instance stands in this machine's network: its interface, and the address that it speaks from. */
import type { Address } from '../../core/model/model.ts';
import type { Link } from '../../net/facts.ts';
import type { NetworkView } from './network-view.ts';
import type { ConfiguredInstance } from './settings.ts';

export interface Placement {
  /** Name of the interface, also where it is not there. */
  readonly device: string;
  /** Null: there is none of that name. */
  readonly link: Link | null;
  /** Null: no address can be the source of advertisements. */
  readonly source: Address | null;
}

type View = Pick<NetworkView, 'link' | 'addressesOf' | 'holderOf'>;

/** `virtual`: all virtual addresses; none of them can be a source, for it may go. */
export function place(instance: ConfiguredInstance, view: View, virtual: ReadonlySet<Address>): Placement {
  const link = linkOf(instance, view);
  const device = link?.name ?? instance.interface ?? `interface of ${instance.source}`;
  return { device, link, source: link === null ? null : sourceOf(instance, link, view, virtual) };
}

/** By unicast an instance needs no interface of its own: that of its source is meant. */
function linkOf({ interface: name, source }: ConfiguredInstance, view: View): Link | null {
  if (name !== null) return view.link(name) ?? null;
  return (source !== null && view.holderOf(source)) || null;
}

function sourceOf(
  { source, family, trackSource, peers }: ConfiguredInstance,
  link: Link,
  view: View,
  virtual: ReadonlySet<Address>,
): Address | null {
  const usable = view
    .addressesOf(link.ifindex)
    .filter(({ address, tentative }) => !tentative && address.includes(':') === (family === 6));
  if (source !== null) {
    // An IPv4 header can name any source; a bound socket cannot.
    const required = trackSource || peers.length > 0 || family === 6;
    return !required || usable.some(({ address }) => address === source) ? source : null;
  }
  const candidates = usable.filter(({ address }) => !virtual.has(address));
  // RFC 5798 5.1.2.1: over IPv6 the link-local address of the interface.
  const fitting = family === 6 ? candidates.filter(({ scope }) => scope === 'link') : candidates;
  return (fitting.find(({ secondary }) => !secondary) ?? fitting[0])?.address ?? null;
}
