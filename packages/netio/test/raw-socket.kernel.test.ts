import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NetioError, PacketSocket, RawSocket, type RawSocketOptions } from '../src/index.ts';

/** An advertisement of VRRP version 2 from 192.0.2.1 to its group, TTL 255, class 0xc0; the header's checksum is the kernel's. */
const ADVERT4 = '45c0002800010000ff700000c0000201e0000012 2101640101018bf4c00002640000000000000000'.replace(' ', '');
const ADVERT6 = '31056402001e0000fe8000000000000000000000000a0005';

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });
let names: string[] = [];
let running: ChildProcess[] = [];

class Process {
  output = '';
  readonly child: ChildProcess;

  constructor(namespace: number, command: string, ...args: string[]) {
    this.child = spawn('nsenter', [`--net=/run/netns/${names[namespace]}`, command, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) stream.on('data', (text) => (this.output += text));
    running.push(this.child);
  }

  async says(text: string | RegExp): Promise<void> {
    await expect.poll(() => this.output, { timeout: 20_000, interval: 10 }).toMatch(text);
  }

  write(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }
}

async function start(namespace: number, options: Partial<RawSocketOptions> & { arp?: boolean }): Promise<Process> {
  const child = fileURLToPath(new URL('socket-child.ts', import.meta.url));
  const all = { family: 4, protocol: 112, device: 'eth0', ...options };
  const node = new Process(
    namespace,
    process.execPath,
    '--import',
    'tsx',
    '--conditions=source',
    child,
    JSON.stringify(all),
  );
  await node.says('ready');
  return node;
}

async function capture(namespace: number, filter: string): Promise<Process> {
  const tcpdump = new Process(namespace, 'tcpdump', '-i', 'eth0', '-nn', '-v', '-l', '--immediate-mode', filter);
  await tcpdump.says('listening on');
  return tcpdump;
}

describe('between two namespaces', () => {
  /** Two namespaces that are joined by `eth0`: 192.0.2.1 and .2, fe80::1 and ::2. */
  beforeEach(() => {
    names = ['a', 'b'].map((letter) => `netio-${letter}-${randomBytes(3).toString('hex')}`);
    for (const name of names) ip('netns', 'add', name);
    ip('-n', names[0]!, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', names[1]!);
    for (const [i, name] of names.entries()) {
      ip('-n', name, 'link', 'set', 'eth0', 'addrgenmode', 'none', 'up');
      ip('-n', name, 'addr', 'add', `192.0.2.${i + 1}/24`, 'dev', 'eth0');
      ip('-n', name, 'addr', 'add', `fe80::${i + 1}/64`, 'dev', 'eth0', 'nodad');
    }
  });

  afterEach(async () => {
    const ends = running.map((child) => new Promise((done) => child.once('exit', done)));
    for (const child of running) child.kill();
    await Promise.all(ends);
    for (const name of names) ip('netns', 'del', name);
    running = [];
  });

  test('IPv4 multicast: tcpdump sees the advertisement, and who joined receives it with its header', async () => {
    const tcpdump = await capture(1, 'proto 112');
    const receiver = await start(1, { groups: ['224.0.0.18'] });
    const deaf = await start(1, {});
    const sender = await start(0, { groups: ['224.0.0.18'] });
    sender.write(`${ADVERT4} 224.0.0.18`);
    await tcpdump.says(/tos 0xc0, ttl 255.*proto VRRP[\s\S]*192\.0\.2\.1 > 224\.0\.0\.18: .*vrid 1, prio 100/);
    await receiver.says(/"family":4,"data":"45c0002800010000ff70[0-9a-f]{4}c0000201e00000122101640101018bf4/);
    // Neither who did not join, nor the sender itself.
    for (const other of [deaf, sender]) expect(other.output.trim()).toBe('"ready"');
  });

  test('IPv4 unicast reaches who did not join', async () => {
    const receiver = await start(1, {});
    const sender = await start(0, {});
    sender.write(`${ADVERT4.replace('e0000012', 'c0000202')} 192.0.2.2`);
    await receiver.says('c0000201c0000202');
  });

  test('IPv6 multicast: source, destination and hop limit come beside the packet', async () => {
    const tcpdump = await capture(1, 'ip6 proto 112');
    const receiver = await start(1, { family: 6, groups: ['ff02::12'] });
    const sender = await start(0, { family: 6, source: 'fe80::1', trafficClass: 0xc0 });
    sender.write(`${ADVERT6} ff02::12`);
    await tcpdump.says(/class 0xc0, .*hlim 255, next-header VRRP[\s\S]*fe80::1 > ff02::12/);
    await receiver.says(`{"family":6,"source":"fe80::1","destination":"ff02::12","hopLimit":255,"data":"${ADVERT6}"}`);
  });

  test('gratuitous ARP as a whole frame', async () => {
    const tcpdump = await capture(1, 'arp');
    const sender = await start(0, {});
    const mac = '020000000001';
    const arp = `ffffffffffff${mac}08060001080006040001${mac}c0000264ffffffffffffc0000264`;
    sender.write(`frame ${arp}`);
    await tcpdump.says(/who-has 192\.0\.2\.100 \(ff:ff:ff:ff:ff:ff\) tell 192\.0\.2\.100/);
  });

  test('a listener gets what its filter lets through, and is told what this machine sent', async () => {
    const [asking, answering] = [await start(0, { arp: true }), await start(1, { arp: true })];
    const mac = '020000000001';
    asking.write(`frame ffffffffffff${mac}86dd${'00'.repeat(46)}`); // not ARP
    // A probe, which anyone who has the address answers (RFC 5227 2.1.1).
    asking.write(`frame ffffffffffff${mac}08060001080006040001${mac}00000000000000000000c0000202`);
    const answer = /"frame":"020000000001[0-9a-f]{12}08060001080006040002[0-9a-f]{12}c0000202\S*"outgoing":/;
    await answering.says(new RegExp(`${answer.source}true`));
    await expect.poll(() => answering.output).toMatch(/c0000202\S*"outgoing":false/);
    // The answer's destination is not our own MAC: it is handed over as what others see of it, too.
    await asking.says(new RegExp(`${answer.source}false`));
    for (const { output } of [asking, answering]) expect(output).not.toContain('86dd');
  });

  test('an interface that goes down is told, and the socket works when it is up again', async () => {
    const receiver = await start(1, { groups: ['224.0.0.18'] });
    const sender = await start(0, {});
    ip('-n', names[0]!, 'link', 'set', 'eth0', 'down');
    sender.write(`${ADVERT4} 224.0.0.18`);
    sender.write(`frame ${'00'.repeat(60)}`);
    await sender.says(/"error":"ENE[\s\S]*"error":"ENETDOWN"/);
    ip('-n', names[0]!, 'link', 'set', 'eth0', 'up');
    await expect
      .poll(() => {
        sender.write(`${ADVERT4} 224.0.0.18`);
        return receiver.output;
      })
      .toMatch('2101640101018bf4');
  });
});

const open = (options: Partial<RawSocketOptions>) => () =>
  new RawSocket({ family: 4, protocol: 112, device: 'lo', onDatagram: () => {}, onError: () => {}, ...options });

test.each([
  ['a family', { family: 5 as 4 }],
  ['a protocol', { protocol: 0 }],
  ['a device', { device: 'a/b' }],
  ['a group of the other family', { groups: ['ff02::12'] }],
  ['a source with a zone', { family: 6 as const, source: 'fe80::1%lo' }],
  ['a hop limit', { hopLimit: 256 }],
  ['a traffic class', { trafficClass: -1 }],
])('%s that cannot be is refused', (_, options) => {
  expect(open(options)).toThrow(expect.objectContaining({ code: 'ARGUMENT' }));
});

test('what the kernel refuses has its errno', () => {
  expect(open({ device: 'nosuch0' })).toThrow(expect.objectContaining({ code: 'ENODEV' }));
  expect(open({ groups: ['192.0.2.1'] })).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  expect(open({ source: '203.0.113.77' })).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }));
  expect(() => new PacketSocket('nosuch0')).toThrow(expect.objectContaining({ code: 'ENODEV' }));
});

test('closing twice is safe; after that nothing is sent', () => {
  const raw = open({})();
  const packet = new PacketSocket('lo');
  for (const socket of [raw, packet]) for (let i = 0; i < 2; i++) socket.close();
  const bytes = new Uint8Array(28);
  expect(() => raw.send(bytes, '127.0.0.1')).toThrow(NetioError);
  expect(() => packet.send(bytes)).toThrow(expect.objectContaining({ code: 'CLOSED' }));
  expect(() => packet.send(new Uint8Array(13))).toThrow(expect.objectContaining({ code: 'ARGUMENT' }));
});

test.each([
  ['none', [], 'ARGUMENT'],
  ['too many', Array.from({ length: 4097 }, () => [0x06, 0, 0, 0] as const), 'ARGUMENT'],
  ['some that the kernel refuses', [[0x15, 9, 9, 0] as const], 'EINVAL'],
])('a filter of %s instructions is refused', (_, filter, code) => {
  const listener = { filter, onFrame: () => {}, onError: () => {} };
  expect(() => new PacketSocket('lo', listener)).toThrow(expect.objectContaining({ code }));
});
