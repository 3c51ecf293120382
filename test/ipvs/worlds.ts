/**
 * Two directors side by side, alike but for what balances: the kernel's IPVS
 * with the real ipvsadm, and xlbd with xlb. Each stands in a network namespace
 * of its own at the end of a cable whose other end is a `Wire`.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../src/api/client.ts';
import { ApiBackend } from '../../src/cli/ipvsadm/api-backend.ts';
import { ipvsadm } from '../../src/cli/ipvsadm/main.ts';
import { SystemNames } from '../../src/cli/ipvsadm/names.ts';
import { Wire } from './wire.ts';

const DIST = resolve(import.meta.dirname, '../../dist');
/** For a director's end of the cable: veth hands frames that XDP sent only to an end that has a program. */
const PASS_OBJECT = resolve(import.meta.dirname, '../../build/scripts/lab/bpf/pass.bpf.o');
export const DIRECTOR_MAC = '02:00:00:00:0d:01';
export const ROUTER_MAC = '02:00:00:00:00:fe';

export interface Answer {
  readonly rc: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface World {
  readonly name: string;
  readonly wire: Wire;
  /** Lines of `ip -batch`, run in the director's namespace. */
  ip(lines: readonly string[]): void;
  ipvsadm(words: readonly string[], stdin?: string): Promise<Answer>;
  sysctl(name: string, value: string): Promise<void>;
  close(): Promise<void>;
}

/** Cable and namespace: the director is 10.0.0.1 and fd00::1, clients are behind a router. */
function buildNamespace(name: string): void {
  sh('ip', 'netns', 'add', name);
  sh('ip', 'link', 'add', `w-${name}`, 'type', 'veth', 'peer', 'name', 'd0', 'netns', name);
  sh('ip', 'link', 'set', `w-${name}`, 'up');
  const inside = (words: string) => sh('ip', 'netns', 'exec', name, ...words.split(' '));
  for (const setting of [
    ...['ipv4.ip_forward=1', 'ipv4.conf.all.rp_filter=0', 'ipv4.conf.default.rp_filter=0'],
    ...['ipv4.conf.all.send_redirects=0', 'ipv4.conf.default.send_redirects=0', 'ipv4.icmp_ratelimit=0'],
    ...['ipv6.conf.all.forwarding=1', 'ipv6.conf.default.accept_dad=0', 'ipv6.icmp.ratelimit=0'],
  ]) {
    inside(`sysctl -qw net.${setting}`);
  }
  inside(`ip link set d0 address ${DIRECTOR_MAC} up`);
  inside('ip link set lo up');
  inside('ip address add 10.0.0.1/8 dev d0');
  inside('ip address add fd00::1/16 dev d0 nodad');
  inside(`ip neighbour add 10.255.255.254 lladdr ${ROUTER_MAC} dev d0 nud permanent`);
  inside(`ip neighbour add fd00:ffff::fe lladdr ${ROUTER_MAC} dev d0 nud permanent`);
  inside('ip route add default via 10.255.255.254');
  inside('ip -6 route add default via fd00:ffff::fe');
  inside('ethtool -K d0 tx off rx off gro off tso off gso off');
}

abstract class Director implements World {
  readonly name: string;
  readonly wire: Wire;

  constructor(name: string) {
    this.name = name;
    this.wire = new Wire(`w-${name}`);
  }

  ip(lines: readonly string[]): void {
    execFileSync('ip', ['-n', this.name, '-batch', '-'], {
      input: lines.join('\n'),
      stdio: ['pipe', 'ignore', 'inherit'],
    });
  }

  abstract ipvsadm(words: readonly string[], stdin?: string): Promise<Answer>;
  abstract sysctl(name: string, value: string): Promise<void>;

  async close(): Promise<void> {
    this.wire.close();
    sh('ip', 'netns', 'delete', this.name);
  }
}

export class KernelDirector extends Director {
  static build(): KernelDirector {
    buildNamespace('ipvs');
    sh('ip', '-n', 'ipvs', 'link', 'set', 'd0', 'xdpdrv', 'obj', PASS_OBJECT, 'sec', 'xdp');
    return new KernelDirector('ipvs');
  }

  async ipvsadm(words: readonly string[], stdin = ''): Promise<Answer> {
    const args = ['netns', 'exec', this.name, 'ipvsadm', ...words];
    const { status, stdout, stderr } = spawnSync('ip', args, { encoding: 'utf8', input: stdin });
    return { rc: status ?? -1, stdout, stderr };
  }

  async sysctl(name: string, value: string): Promise<void> {
    sh('ip', 'netns', 'exec', this.name, 'sysctl', '-qw', `net.ipv4.vs.${name}=${value}`);
  }
}

export class XlbDirector extends Director {
  readonly #daemon: ChildProcess;
  readonly #client: Client;
  readonly #log: string;

  private constructor(daemon: ChildProcess, client: Client, log: string) {
    super('xlb');
    this.#daemon = daemon;
    this.#client = client;
    this.#log = log;
  }

  /** `directory`: for sockets, pins and the log. */
  static async build(directory: string): Promise<XlbDirector> {
    buildNamespace('xlb');
    const [runDirectory, bpffs] = [join(directory, 'run'), join(directory, 'bpf')];
    for (const made of [runDirectory, bpffs]) mkdirSync(made, { recursive: true });
    const log = join(directory, 'xlbd.log');
    const out = openSync(log, 'w');
    const words = ['--run-dir', runDirectory, '--bpffs', bpffs, '-i', 'd0', '--connections', '65536'];
    const nsenter = ['--net=/run/netns/xlb', join(DIST, 'xlbd'), ...words];
    const daemon = spawn('nsenter', nsenter, { stdio: ['ignore', out, out] });
    const socket = join(runDirectory, 'xlb.sock');
    const director = new XlbDirector(daemon, new Client({ socket }), log);
    await director.#ready(socket);
    return director;
  }

  async #ready(socket: string): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      if (this.#daemon.exitCode !== null) throw new Error(`xlbd ended:\n${this.log()}`);
      if (existsSync(socket) && (await this.#client.status().catch(() => undefined)) !== undefined) return;
      await sleep(200);
    }
    throw new Error(`xlbd does not serve:\n${this.log()}`);
  }

  log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  async ipvsadm(words: readonly string[], stdin = ''): Promise<Answer> {
    const text = { out: '', err: '' };
    const write = (to: 'out' | 'err') => ({
      write: (piece: string) => {
        text[to] += piece;
        return true;
      },
    });
    const env = { program: 'ipvsadm', stdout: write('out'), stderr: write('err') };
    const signal = new AbortController().signal;
    const backend = new ApiBackend(this.#client, 'root');
    const names = new SystemNames(async (path) => readFileSync(path, 'utf8'));
    const rc = await ipvsadm(words, { ...env, signal, readStdin: async () => stdin }, backend, names);
    return { rc, stdout: text.out, stderr: text.err };
  }

  async sysctl(name: string, value: string): Promise<void> {
    execFileSync(join(DIST, 'xlb'), ['--run-dir', join(this.#log, '../run'), 'sysctl', `${name}=${value}`]);
  }

  override async close(): Promise<void> {
    this.#daemon.kill();
    await super.close();
  }
}

function sh(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
