/** Whether the words fit together: ipvsadm's own checks, in its order, before anything is asked of the kernel. */
import { fail } from './exit.ts';
import { CHECKED_OPTIONS, type CheckedOption, type CommandName, OPTION_RULES } from './options.ts';
import { DEFAULT_SCHEDULER } from './schedulers.ts';
import type { TunnelType, Words } from './words.ts';

/**
 * Also fills in what depends on other options: the default scheduler, and a
 * real server's port, which with -g and -i is silently the service's.
 *
 * @throws Exit with status 2 for the first mistake
 */
export function check(words: Words): void {
  checkOptions(words.command, words.options);
  const { command } = words;
  if (command === 'add-service' || command === 'edit-service') checkService(words);
  if (command === 'add-server' || command === 'edit-server') checkServer(words);
  if (command === 'list') checkList(words.options);
}

function checkOptions(command: CommandName, options: ReadonlySet<CheckedOption>): void {
  const { required = [], allowed = [], exclusive = [] } = OPTION_RULES[command];
  let first: CheckedOption | undefined;
  for (const option of CHECKED_OPTIONS) {
    if (!options.has(option)) {
      if (required.includes(option)) {
        fail(`You need to supply the '${option}' option for the '${command}' command`);
      }
    } else if (exclusive.includes(option)) {
      if (first !== undefined) {
        fail(`The option '${option}' conflicts with the '${first}' option in the '${command}' command`);
      }
      first = option;
    } else if (!required.includes(option) && !allowed.includes(option)) {
      fail(`Illegal '${option}' option with the '${command}' command`);
    }
  }
}

function checkService({ service, options }: Words): void {
  if (service.fwmark === 0 && service.port === 0 && !options.has('persistent')) {
    fail('Zero port specified for non-persistent service');
  }
  if (options.has('ops') && service.fwmark === 0 && service.protocol !== 'udp') {
    fail('One-Packet Scheduling is only for UDP virtual services');
  }
  service.scheduler ||= DEFAULT_SCHEDULER;
  if (options.has('mh-size') && service.scheduler !== 'mh') {
    fail(`Illegal 'mh-size' option with the '${service.scheduler}' scheduler`);
  }
}

const TUNNEL_OPTIONS = ['tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const;
type TunnelOption = Exclude<(typeof TUNNEL_OPTIONS)[number], 'tun-type'>;

function checkServer({ service, server, options }: Words): void {
  const isTranslated = server.method === 'masquerading' || server.method === 'fullnat';
  if (service.fwmark === 0 && !isTranslated) server.port = service.port;
  if (server.method !== 'ipip') {
    if (server.family !== service.family && server.method !== 'fullnat') {
      fail('Different address family is allowed only for tunneling servers');
    }
    if (TUNNEL_OPTIONS.some((option) => options.has(option))) {
      fail('Tunnel options conflict with forward method');
    }
  }
  checkTunnel(server.tunnelType, options);
}

/** Per type: what it needs, and of which checksum options it takes one. */
const TUNNEL_RULES: Readonly<Record<TunnelType, { needsPort: boolean; checksums: readonly TunnelOption[] }>> = {
  ipip: { needsPort: false, checksums: [] },
  gue: { needsPort: true, checksums: ['tun-nocsum', 'tun-csum', 'tun-remcsum'] },
  gre: { needsPort: false, checksums: ['tun-nocsum', 'tun-csum'] },
};

function checkTunnel(type: TunnelType, options: ReadonlySet<CheckedOption>): void {
  const { needsPort, checksums } = TUNNEL_RULES[type];
  if (needsPort && !options.has('tun-port')) {
    fail(`You need to supply the 'tun-port' option for the '${type}' tunnel type`);
  }
  if (!needsPort && options.has('tun-port')) fail(`Illegal 'tun-port' option with the '${type}' tunnel type`);
  let first: TunnelOption | undefined;
  for (const option of ['tun-nocsum', 'tun-csum', 'tun-remcsum'] as const) {
    if (!options.has(option)) continue;
    if (!checksums.includes(option)) fail(`Illegal '${option}' option with the '${type}' tunnel type`);
    if (first !== undefined) {
      fail(`The option '${option}' conflicts with the '${first}' option in the '${type}' tunnel type`);
    }
    first = option;
  }
}

const TABLES = ['connection', 'timeout', 'daemon'] as const;
const COLUMNS = ['stats', 'rate', 'thresholds'] as const;

function checkList(options: ReadonlySet<CheckedOption>): void {
  const table = TABLES.find((option) => options.has(option));
  if (table === undefined) return;
  const columns = COLUMNS.some((option) => options.has(option));
  if (columns || (table !== 'connection' && options.has('persistent-conn'))) {
    fail('options conflicts in the list command');
  }
}
