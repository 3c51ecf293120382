/** `xlb decap` as a real server's administrator meets it: the built command, in a namespace of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Director } from '../../scripts/lab/director.ts';
import type { Host } from '../../scripts/lab/host.ts';
import { Lab } from '../../scripts/lab/lab.ts';
import type { Finished } from '../../scripts/lab/run.ts';
import { waitFor } from '../../scripts/lab/wait.ts';
import { decapReportSchema } from '../../src/api/protocol/decap.ts';
import { ethernet, type PacketBuilder } from '../support/packet.ts';

const VIP4 = '192.0.2.100';
const VIP6 = '2001:db8::100';
const SENDER_MAC = '02:00:00:00:00:01';
const SERVER_MAC = '02:00:00:00:00:02';
const PASS_OBJECT = 'build/scripts/lab/bpf/pass.bpf.o';

let lab: Lab;
let sender: Host;
let server: Host;
const processes: ChildProcess[] = [];

async function build(mtu = 1500): Promise<void> {
  const port = (number: number) => ({
    lan: 'a',
    addresses: [`192.0.2.${number}/24`, `2001:db8::${number}/64`],
    mac: `02:00:00:00:00:0${number}`,
    mtu,
  });
  lab = await Lab.build({
    hosts: [
      { name: 'sender', ports: [port(1)] },
      { name: 'server', ports: [port(2)], silentAddresses: [VIP4, VIP6] },
    ],
  });
  [sender, server] = lab.hosts as [Host, Host];
}

beforeAll(() => build());
afterEach(async () => {
  for (const child of processes.splice(0)) child.kill();
  const links = await server.run('ip', ['link']);
  for (const [, device = ''] of links.matchAll(/^\d+: (\w+).* xdp/gm)) await decapOn(device, '--detach');
});
afterAll(() => lab.remove());

function decapOn(device: string, ...words: string[]): Promise<Finished> {
  return server.tryRun(Director.XLB, ['decap', device, ...words]);
}

const decap = (...words: string[]) => decapOn('eth0', ...words);

async function shown() {
  const { code, stdout } = await decap('--show', '--json');
  expect(code).toBe(0);
  return decapReportSchema.parse(JSON.parse(stdout));
}

const tunnel4 = (): PacketBuilder =>
  ethernet({ src: SENDER_MAC, dst: SERVER_MAC }).ipv4({ src: '192.0.2.1', dst: '192.0.2.2' });
const tunnel6 = (): PacketBuilder =>
  ethernet({ src: SENDER_MAC, dst: SERVER_MAC }).ipv6({ src: '2001:db8::1', dst: '2001:db8::2' });

/** Four packets, one for each combination of families, with the text as payload. */
function packets(text: string, vips: readonly [string, string] = [VIP4, VIP6]): Buffer[] {
  return [tunnel4(), tunnel6()].flatMap((outer) => [
    outer.ipv4({ src: '192.0.2.1', dst: vips[0] }).udp({ dport: 5000 }).payload(text).build(),
    outer.ipv6({ src: '2001:db8::1', dst: vips[1] }).udp({ dport: 5000 }).payload(text).build(),
  ]);
}

const gue = (text: string): Buffer => inside(tunnel4().udp({ sport: 50000, dport: 6080 }).gue(), text);
const gre = (text: string): Buffer => inside(tunnel6().gre({ sum: true }), text);

function inside(tunnel: PacketBuilder, text: string): Buffer {
  return tunnel.ipv4({ src: '192.0.2.1', dst: VIP4 }).udp({ dport: 5000 }).payload(text).build();
}

async function send(frames: readonly Buffer[]): Promise<void> {
  const script = `
import socket, sys
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(('eth0', 0))
for line in sys.stdin: out.send(bytes.fromhex(line))`;
  const input = frames.map((frame) => `${frame.toString('hex')}\n`).join('');
  await sender.run('python3', ['-c', script], { input });
}

/** What reaches a UDP socket of the server on port 5000, whatever the address. */
async function listen(): Promise<string[]> {
  const script = `
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(('::', 5000))
print('ready', flush=True)
while True: print(len(d) if len(d := s.recv(65536)) > 99 else d.decode(), flush=True)`;
  const child = spawn('nsenter', [`--net=/run/netns/${server.namespace}`, 'python3', '-c', script]);
  processes.push(child);
  const lines: string[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  await waitFor('the listener', () => lines.shift() === 'ready');
  return lines;
}

test('all four families reach a program that listens on the VIP, and are counted', async () => {
  const attached = await decap('--vip', VIP4, VIP6);
  expect(attached).toEqual({ code: 0, stdout: `eth0 attached, native mode, for ${VIP4} ${VIP6}\n`, stderr: '' });
  const lines = await listen();
  await send(packets('hello'));
  await send([tunnel4().ipv4({ dst: '192.0.2.99' }).udp({ dport: 5000 }).payload('no').build()]);
  await waitFor('four packets', () => lines.length === 4);
  expect(lines).toEqual(['hello', 'hello', 'hello', 'hello']);
  expect(await shown()).toMatchObject({
    schema: 'xlb/1/decap',
    mode: 'native',
    vips: [VIP4, VIP6],
    counters: { ipv4_in_ipv4: 1, ipv6_in_ipv4: 1, ipv4_in_ipv6: 1, ipv6_in_ipv6: 1, pass_other_vip: 1, drop_error: 0 },
  });
  // UDP is nobody's tunnel before its port is said.
  await send([gue('too early')]);
  await decap('--vip', VIP4, VIP6, '--gue-port', '6080');
  await send([gue('by gue'), gre('by gre')]);
  await waitFor('two more', () => lines.length === 6);
  expect(lines.slice(4)).toEqual(['by gue', 'by gre']);
  expect(await shown()).toMatchObject({ gue_port: 6080, counters: { ipv4_in_ipv4: 1, ipv4_in_ipv6: 1 } });
  const text = await decap('--show');
  expect(text.stdout).toMatch(/^eth0 {2}decapsulation, native mode\n {2}vip {2}192\.0\.2\.100\n/);
  expect(text.stdout).toContain('  gue  UDP port 6080\n');
  expect(text.stdout).toContain('  ipv4_in_ipv4     1\n');
});

test('given again, the addresses replace the earlier ones, and no packet meets neither', async () => {
  await decap('--vip', VIP4);
  const lines = await listen();
  const frame = packets('x')[0] as Buffer;
  // One packet a millisecond, while the program changes three times.
  const script = `
import socket, sys, time
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(('eth0', 0))
for i in range(4000):
    out.send(bytes.fromhex('${frame.toString('hex')}'))
    time.sleep(0.001)`;
  const lists = [[VIP4, VIP6], ['192.0.2.77', VIP4], [VIP4]];
  const replace = async (): Promise<string[][]> => {
    const found: string[][] = [];
    for (const vips of lists) {
      await decap('--vip', ...vips);
      found.push((await shown()).vips);
    }
    return found;
  };
  const [, found] = await Promise.all([sender.run('python3', ['-c', script]), replace()]);
  expect(found).toEqual(lists);
  await waitFor('every packet', () => lines.length === 4000).catch(() => {});
  expect(lines.length).toBe(4000);
});

test('detached, the interface is as before', async () => {
  await decap('--vip', VIP4);
  expect(await decap('--detach')).toEqual({ code: 0, stdout: 'eth0 detached\n', stderr: '' });
  expect(await server.run('ip', ['link', 'show', 'eth0'])).not.toContain('xdp');
  await decap('--vip', VIP4);
  const { stdout } = await decap('--detach', '--json');
  expect(decapReportSchema.parse(JSON.parse(stdout))).toMatchObject({ interface: 'eth0', mode: null });
  const again = await decap('--detach');
  expect(again.code).toBe(1);
  expect(again.stderr).toBe('xlb: eth0: no decapsulation is attached; attach it with: xlb decap eth0 --vip ADDRESS\n');
  expect((await decap('--show')).code).toBe(1);
});

test.each([
  ['xdpdrv', 'xdp'],
  ['xdpgeneric', 'xdpgeneric'],
])("somebody else's program, put there by %s, is left alone", async (how, word) => {
  await server.run('ip', ['link', 'set', 'eth0', how, 'obj', PASS_OBJECT, 'sec', 'xdp']);
  for (const words of [['--vip', VIP4], ['--show'], ['--detach']]) {
    const { code, stderr } = await decap(...words);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `^xlb: eth0: another XDP program, "\\w+", is attached; detach it first \\(ip link set dev eth0 ${word} off\\)\n$`,
      ),
    );
  }
  expect(await server.run('ip', ['link', 'show', 'eth0'])).toContain('xdp');
  await server.run('ip', ['link', 'set', 'dev', 'eth0', word, 'off']);
  expect(await server.run('ip', ['link', 'show', 'eth0'])).not.toContain('xdp');
});

test('generic mode, and no change of mode in place', async () => {
  const { stdout } = await decap('--vip', VIP4, '--mode', 'generic');
  expect(stdout).toBe(`eth0 attached, generic mode, for ${VIP4}\n`);
  const refused = await decap('--vip', VIP4, '--mode', 'native');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('attached in generic mode; detach it first');
  expect((await decap('--vip', VIP6)).stdout).toContain('generic mode');
  const lines = await listen();
  await send(packets('generic'));
  await waitFor('two packets', () => lines.length === 2);
});

test('without native XDP in the driver: generic mode, with a warning', async () => {
  // The loopback has none.
  const { code, stdout, stderr } = await decapOn('lo', '--vip', VIP4);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `lo attached, generic mode, for ${VIP4}\n` });
  expect(stderr).toMatch(
    /^xlb: warning: the driver of lo takes no native XDP program \(\w+\): attached in generic mode/,
  );
});

describe('what else a real server needs', () => {
  test('the VIP on an interface', async () => {
    const { code, stderr } = await decap('--vip', '192.0.2.77', VIP4);
    expect(code).toBe(0);
    expect(stderr).toBe(
      'xlb: warning: 192.0.2.77 is no address of this machine: the kernel will not take the packets for it ' +
        '(ip address add 192.0.2.77/32 dev lo)\n',
    );
  });

  test('a loose reverse-path filter, and no answer to ARP', async () => {
    const settings = ['net.ipv4.conf.eth0.rp_filter=1', 'net.ipv4.conf.all.arp_ignore=0'];
    await server.run('sysctl', ['-qw', ...settings]);
    const { stderr } = await decap('--vip', VIP4);
    expect(stderr).toContain('its rp_filter is strict');
    expect(stderr).toContain(`eth0 answers ARP for ${VIP4}`);
    await server.run('sysctl', ['-qw', 'net.ipv4.conf.eth0.rp_filter=0', 'net.ipv4.conf.all.arp_ignore=1']);
  });
});

test.each<[string, string[], string]>([
  ['nothing to do', [], 'decap takes one of --vip ADDRESS..., --show and --detach'],
  ['two things at once', ['--vip', VIP4, '--show'], 'decap takes one of'],
  ['no address', ['--vip', '192.0.2.256'], '--vip 192.0.2.256: expected an IPv4 or IPv6 address'],
  ['a prefix', ['--vip', '192.0.2.0/24'], 'expected an IPv4 or IPv6 address'],
])('usage: %s', async (_, words, message) => {
  const { code, stdout, stderr } = await decap(...words);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('an interface that is not there', async () => {
  const { code, stderr } = await decapOn('eth7', '--vip', VIP4);
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'xlb: eth7: there is no such interface\n' });
});

test('without the rights: says which', async () => {
  const drop = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const { code, stderr } = await server.tryRun('setpriv', [...drop, Director.XLB, 'decap', 'eth0', '--vip', VIP4]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^xlb: eth0: .*CAP_/);
});

test('frames of 9000 bytes', async () => {
  await lab.remove();
  await build(9000);
  expect((await decap('--vip', VIP4)).stdout).toContain('native mode');
  const lines = await listen();
  await send([tunnel4().ipv4({ src: '192.0.2.1', dst: VIP4 }).udp({ dport: 5000 }).payload(8900).build()]);
  await waitFor('a large packet', () => lines.length === 1);
  expect(lines).toEqual(['8900']);
  expect((await shown()).counters).toMatchObject({ ipv4_in_ipv4: 1 });
});
