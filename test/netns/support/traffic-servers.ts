/** What every real server serves beside HTTP: iperf3, DNS, FTP and a stream that counts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../../../scripts/lab/host.ts';
import { waitFor } from '../../../scripts/lab/wait.ts';
import { script } from './session.ts';

/** A service as ipvsadm takes it; real servers have the same port. */
export interface ServiceWords {
  readonly flag: '-t' | '-u';
  readonly port: number;
  readonly options: string;
}

export const HTTP: ServiceWords = { flag: '-t', port: 80, options: '-s rr' };
export const DNS: ServiceWords = { flag: '-u', port: 53, options: '-s rr' };
const IPERF_PORT = 5201;
/** Its transfer must reach the server that holds its control connection, over UDP as well. */
export const IPERF: readonly ServiceWords[] = (['-t', '-u'] as const).map((flag) => ({
  ...{ flag, port: IPERF_PORT, options: '-s sh' },
}));
export const FTP: ServiceWords = { flag: '-t', port: 21, options: '-s rr -p 60' };
export const STREAM: ServiceWords = { flag: '-t', port: 7000, options: '-s rr' };
export const SERVICES: readonly ServiceWords[] = [HTTP, DNS, ...IPERF, FTP, STREAM];

export const FTP_FILE = 'body';

/** As ss shows what listens at every address. */
const WILDCARDS = [`0.0.0.0:${DNS.port}`, `[::]:${DNS.port}`, `*:${FTP.port}`, `*:${STREAM.port}`];

/** All of them listen when the promise is kept. `addresses`: those that clients' packets are for when they come in. */
export async function startServers(host: Host, addresses: readonly string[], body: Buffer): Promise<void> {
  // Its socket of UDP answers from whatever address the route has, unless it is bound to one.
  for (const address of addresses) host.start('iperf3', ['-s', '-B', address], { log: `iperf3-${host.name}.log` });
  host.start('dnsmasq', dnsWords(host));
  host.start('vsftpd', [ftpConfiguration(host, body)], { log: `ftp-${host.name}.log` });
  host.start('python3', [script('stream.py'), 'serve', String(STREAM.port), host.name]);
  const wanted = [...addresses.map((address) => socketName(address, IPERF_PORT)), ...WILDCARDS];
  await waitFor(`servers on ${host.name}`, async () => {
    const listed = await host.run('ss', ['-Hlntu']);
    return wanted.every((name) => listed.includes(` ${name} `));
  });
}

/** Small, for it is transferred again and again. */
export function ftpBody(body: Buffer): Buffer {
  return body.subarray(0, 256 << 10);
}

function socketName(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Every name below lab.example has an address that says who answered: 192.0.2.N for rsN. */
function dnsWords({ name }: Host): string[] {
  const answer = `--address=/lab.example/192.0.2.${name.replace('rs', '')}`;
  const nothingElse = ['--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--pid-file=', '--user=root'];
  return ['--keep-in-foreground', '--log-facility=-', ...nothingElse, answer];
}

function ftpConfiguration({ name, directory }: Host, body: Buffer): string {
  const root = join(directory, `ftp-${name}`);
  const empty = join(root, 'empty');
  mkdirSync(empty, { recursive: true });
  writeFileSync(join(root, FTP_FILE), ftpBody(body));
  const settings = {
    ...{ listen_ipv6: 'YES', anonymous_enable: 'YES', no_anon_password: 'YES', anon_root: root },
    ...{ ftpd_banner: name, pasv_min_port: 40_000, pasv_max_port: 50_000, secure_chroot_dir: empty },
    // No sandbox of its own: the namespace is one, and its seccomp filter knows no newer libc.
    ...{ seccomp_sandbox: 'NO', isolate: 'NO', isolate_network: 'NO', background: 'NO' },
  };
  const path = join(directory, `vsftpd-${name}.conf`);
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(path, lines.join(''));
  return path;
}
