/** Links, addresses, routes and sysctls of a lab's namespaces. */
import type { Host } from './host.ts';
import type { HostSpec, LabSpec } from './spec.ts';

// No duplicate address detection, router solicitations or advertisements: they delay and disturb.
function quiet(devices: readonly string[]): string[] {
  const settings = ['accept_dad=0', 'accept_ra=0', 'router_solicitations=0'];
  return devices.flatMap((device) => settings.map((setting) => `net.ipv6.conf.${device}.${setting}`));
}

/** The switch-side end of a host's port. */
export function portName(host: string, index: number): string {
  return `${host}-${index}`;
}

/** Bridges and cables. Every bridge port runs an XDP program, or the hosts' XDP transmissions would be lost. */
export async function configureSwitch(
  network: Host,
  spec: LabSpec,
  hosts: readonly Host[],
  passObject: string,
): Promise<void> {
  await network.run('sysctl', ['-qw', ...quiet(['default']), 'net.ipv6.conf.default.disable_ipv6=1']);
  const lans = [...new Set(spec.hosts.flatMap(({ ports }) => ports.map(({ lan }) => lan)))];
  const lines = lans.flatMap((lan) => [
    `link add ${bridge(lan)} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `link set ${bridge(lan)} mtu 9000 up`,
  ]);
  for (const host of hosts) {
    for (const [index, { lan, mac, mtu = 1500 }] of host.spec.ports.entries()) {
      const name = portName(host.name, index);
      lines.push(
        `link add ${name} mtu ${mtu} type veth peer name eth${index} mtu ${mtu} address ${mac} netns ${host.namespace}`,
        `link set ${name} master ${bridge(lan)} up`,
        `link set ${name} xdpdrv obj ${passObject} sec ${mtu > 3000 ? 'xdp.frags' : 'xdp'}`,
      );
    }
  }
  await batch(network, lines);
}

/** Addresses, routes and what keeps virtual addresses of real servers quiet. */
export async function configureHost(host: Host): Promise<void> {
  const { ports, routes = [], silentAddresses = [], forwarding = false } = host.spec;
  await host.run('sysctl', ['-qw', ...quiet(ports.map((_, index) => `eth${index}`)), ...hostSysctls(host.spec)]);
  const lines = ['link set lo up'];
  for (const [index, { addresses }] of ports.entries()) {
    const device = `eth${index}`;
    lines.push(`link set ${device} up`);
    for (const address of addresses) lines.push(`address add ${address} dev ${device}${hostAddressFlags(address)}`);
  }
  for (const address of silentAddresses)
    lines.push(`address add ${address}/${address.includes(':') ? 128 : 32} dev lo`);
  for (const route of routes) lines.push(`route add ${route}`);
  await batch(host, lines);
  // A checksum left to the hardware would stay wrong in a frame that XDP forwards.
  for (const index of ports.keys()) await host.run('ethtool', ['-K', `eth${index}`, 'tx', 'off']);
  if (forwarding) await host.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
}

// A virtual address must never be chosen as a source.
function hostAddressFlags(address: string): string {
  return address.endsWith('/128') ? ' nodad preferred_lft 0' : '';
}

function hostSysctls({ silentAddresses = [] }: HostSpec): string[] {
  const filter = [
    'net.ipv4.conf.all.rp_filter=0',
    'net.ipv4.conf.default.rp_filter=0',
    'net.ipv4.ping_group_range=0 0',
  ];
  if (silentAddresses.length === 0) return filter;
  return [...filter, 'net.ipv4.conf.all.arp_ignore=1', 'net.ipv4.conf.all.arp_announce=2'];
}

async function batch(host: Host, lines: readonly string[]): Promise<void> {
  await host.run('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
}

function bridge(lan: string): string {
  return `lan-${lan}`;
}
