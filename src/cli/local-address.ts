/** `xlb local-address add|delete|list`: what packets to real servers of fullnat leave by. */
import { Command, InvalidArgumentError } from 'commander';
import type { LocalAddressesReport, LocalAddressReport } from '../api/protocol/local-addresses.ts';
import { addressFamily, addressFromWords, addressWords, parseAddress } from '../core/model/address.ts';
import { MAX_LOCAL_ADDRESSES } from '../core/model/local-addresses.ts';
import type { Address, ServiceKey } from '../core/model/model.ts';
import { type ChangeOptions, change, verb } from './change.ts';
import type { Env } from './env.ts';
import { type Column, type Row, table } from './format/table.ts';
import { tsv } from './format/tsv.ts';
import { type Noun, type NounOptions, showNoun, withNounOptions } from './noun.ts';
import { serviceArgument } from './usage.ts';

interface LocalOptions extends ChangeOptions {
  readonly service?: ServiceKey;
  readonly ports?: { readonly firstPort: number; readonly lastPort: number };
}

type Exit = (code: number) => void;

export function localAddressCommand(env: Env, exit: Exit): Command {
  return new Command('local-address')
    .description('add, delete or list the addresses that packets to fullnat servers leave by')
    .addCommand(addCommand(env, exit))
    .addCommand(deleteCommand(env, exit))
    .addCommand(listCommand(env, exit));
}

function addCommand(env: Env, exit: Exit): Command {
  return localVerb('add', 'add local addresses, which this machine must have')
    .option('--ports <range>', 'FIRST-LAST: which of their ports (1024-65535)', portsArgument)
    .action(async (addresses: readonly Address[], { service, ports, ...options }: LocalOptions) => {
      const place = { ...(service && { service }), ...ports };
      exit(
        await change(
          env,
          options,
          addresses.map((address) => ({ type: 'local.add', local: { address, ...place } })),
        ),
      );
    });
}

function deleteCommand(env: Env, exit: Exit): Command {
  return localVerb('delete', 'delete local addresses; connections that have one keep it').action(
    async (addresses: readonly Address[], { service, ...options }: LocalOptions) => {
      const place = service && { service };
      exit(
        await change(
          env,
          options,
          addresses.map((address) => ({ type: 'local.delete', local: { address, ...place } })),
        ),
      );
    },
  );
}

function listCommand(env: Env, exit: Exit): Command {
  return withNounOptions(new Command('list'))
    .description('local addresses, and how many of their ports are in use')
    .action(async (options: NounOptions) => exit(await showNoun(env, options, LOCAL_ADDRESSES)));
}

function localVerb(name: string, description: string): Command {
  return verb(name)
    .description(description)
    .argument('<address>', 'ADDRESS, or ADDRESS/PREFIX for all of a prefix', addressesArgument)
    .option('--service <service>', 'for this service alone, like 192.0.2.10:80/tcp', serviceArgument);
}

/** One address, or all of a prefix: network and broadcast addresses are as good as others here. */
function addressesArgument(text: string): readonly Address[] {
  const [, host = text, digits] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseAddress(host);
  if (address === null) throw new InvalidArgumentError('Expected one like 10.0.0.2, 10.0.0.16/28 or 2001:db8::10/124.');
  if (digits === undefined) return [address];
  const bits = (addressFamily(address) === 4 ? 32 : 128) - Number(digits);
  if (bits < 0 || 2 ** bits > MAX_LOCAL_ADDRESSES) {
    throw new InvalidArgumentError(`Expected a prefix of at most ${MAX_LOCAL_ADDRESSES} addresses.`);
  }
  return ofPrefix(address, 2 ** bits);
}

/** `count`: a power of two of at most 2^31, so that only the last word differs. */
function ofPrefix(address: Address, count: number): Address[] {
  const family = addressFamily(address);
  const words = addressWords(address);
  const last = family === 4 ? 0 : 3;
  const first = words[last] - (words[last] % count);
  return Array.from({ length: count }, (_, i) => addressFromWords(family, words.with(last, first + i)));
}

function portsArgument(text: string): LocalOptions['ports'] {
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const [firstPort, lastPort] = [Number(first), Number(last)];
  if (!(firstPort >= 1 && firstPort <= lastPort && lastPort <= 65535)) {
    throw new InvalidArgumentError('Expected ports like 1024-32767.');
  }
  return { firstPort, lastPort };
}

const LOCAL_ADDRESSES: Noun<LocalAddressesReport> = {
  fetch: (client) => client.localAddresses(),
  text: ({ local_addresses: addresses }, view) =>
    addresses.length === 0
      ? 'no local addresses (xlb local-address add 10.0.0.2)\n'
      : table(COLUMNS, addresses.map(addressRow), view),
  tsv: ({ local_addresses: addresses }) => tsv(TSV_TITLES, addresses.map(addressRecord)),
};

const COLUMNS: readonly Column[] = [
  { title: 'LOCAL ADDRESS', min: 15 },
  { title: 'SERVICE', min: 20 },
  { title: 'INTERFACE' },
  { title: 'PORTS', min: 11 },
  { title: 'CONNECTIONS', align: 'right' },
  { title: 'BUSIEST SERVER', min: 28 },
  { title: 'FROM' },
];

function addressRow(local: LocalAddressReport): Row {
  const { address, service, interface: name, first_port, last_port, ports, connections, busiest, origin } = local;
  return [
    address,
    service ?? 'all',
    name ?? { text: 'none', tone: 'bad' },
    `${first_port}-${last_port}`,
    String(connections),
    busiest === null ? '-' : `${busiest.server} (${busiest.connections} of ${ports} ports)`,
    origin,
  ];
}

const TSV_TITLES = [
  'address',
  'service',
  'interface',
  'first_port',
  'last_port',
  'ports',
  'connections',
  'busiest_server',
  'busiest_connections',
  'origin',
] as const;

function addressRecord({ busiest, ...local }: LocalAddressReport) {
  return {
    ...local,
    busiest_server: busiest?.server ?? null,
    busiest_connections: busiest?.connections ?? null,
  };
}
