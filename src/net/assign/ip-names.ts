/** The names that iproute2 and the C library give to numbers: tables, protocols, scopes and so on. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Names = ReadonlyMap<string, number>;

export interface IpNames {
  readonly tables: Names;
  /** RTPROT_* */
  readonly protocols: Names;
  readonly scopes: Names;
  readonly dsfields: Names;
  readonly realms: Names;
  /** Groups of interfaces. */
  readonly groups: Names;
  /** IP protocols. */
  readonly ipProtocols: Names;
}

/** Known without any file. */
const STANDARD: { readonly [K in keyof IpNames]: readonly (readonly [string, number])[] } = {
  tables: [
    ['default', 253],
    ['main', 254],
    ['local', 255],
  ],
  protocols: [
    ['redirect', 1],
    ['kernel', 2],
    ['boot', 3],
    ['static', 4],
    ['ra', 9],
    ['dhcp', 16],
    ['keepalived', 18],
  ],
  scopes: [
    ['global', 0],
    ['site', 200],
    ['link', 253],
    ['host', 254],
    ['nowhere', 255],
  ],
  dsfields: [],
  realms: [],
  groups: [['default', 0]],
  ipProtocols: [
    ['icmp', 1],
    ['tcp', 6],
    ['udp', 17],
    ['ipv6-icmp', 58],
    ['sctp', 132],
  ],
};

const FILES: { readonly [K in keyof IpNames]: string } = {
  tables: 'rt_tables',
  protocols: 'rt_protos',
  scopes: 'rt_scopes',
  dsfields: 'rt_dsfield',
  realms: 'rt_realms',
  groups: 'group',
  ipProtocols: 'protocols',
};

export interface NameSources {
  /** Later ones win; of each, a file and the `.conf` files of the folder FILE.d. */
  readonly iproute: readonly string[];
  /** The folder of `protocols`. */
  readonly etc: string;
}

const SYSTEM: NameSources = { iproute: ['/usr/share/iproute2', '/usr/lib/iproute2', '/etc/iproute2'], etc: '/etc' };

/** Files that are not there say nothing; throws an Error that names one which cannot be read, or its line that has no sense. */
export function readIpNames(sources: NameSources = SYSTEM): IpNames {
  const of = (key: keyof IpNames): Names => {
    const folders = key === 'ipProtocols' ? [sources.etc] : sources.iproute;
    const files = folders.flatMap((folder) => filesOf(folder, FILES[key]));
    const entries = files.flatMap((file) => readEntries(file, key === 'ipProtocols'));
    return new Map([...STANDARD[key], ...entries]);
  };
  return {
    tables: of('tables'),
    protocols: of('protocols'),
    scopes: of('scopes'),
    dsfields: of('dsfields'),
    realms: of('realms'),
    groups: of('groups'),
    ipProtocols: of('ipProtocols'),
  };
}

/** A number from 0 to `max`, decimal, octal or hexadecimal as in C, or a name; null: neither. */
export function numberOf(names: Names, text: string, max: number): number | null {
  const found = /^\d/.test(text) ? parseNumber(text) : (names.get(text) ?? null);
  return found !== null && found <= max ? found : null;
}

/** As C reads numbers, without a sign; null: no whole number of 53 bits. */
export function parseNumber(text: string): number | null {
  if (!/^(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.test(text)) return null;
  const octal = /^0\d/.test(text);
  const value = Number(octal ? `0o${text.slice(1)}` : text);
  return Number.isSafeInteger(value) ? value : null;
}

function filesOf(folder: string, name: string): string[] {
  const more = (orNothing(() => readdirSync(join(folder, `${name}.d`))) ?? [])
    .filter((file) => file.endsWith('.conf'))
    .sort();
  return [join(folder, name), ...more.map((file) => join(folder, `${name}.d`, file))];
}

function readEntries(file: string, nameFirst: boolean): (readonly [string, number])[] {
  const text = orNothing(() => readFileSync(file, 'utf8')) ?? '';
  return text.split('\n').flatMap((line, index) => {
    const words = line.replace(/#.*/, '').trim().split(/\s+/);
    if (words[0] === '') return [];
    const [name, number] = nameFirst ? [words[0], words[1]] : [words[1], words[0]];
    const value = parseNumber(number ?? '');
    if (name === undefined || value === null) {
      const expected = nameFirst ? 'a name and a number' : 'a number and a name';
      throw new Error(`${file}:${index + 1}: found '${line.trim()}', expected ${expected}`);
    }
    return [[name, value] as const];
  });
}

function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
