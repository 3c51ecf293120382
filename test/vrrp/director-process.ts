/**
 * One VRRP instance that runs for real, inside a namespace: raw sockets, one timer, addresses by
 * `ip`. Its argument is the configuration; it prints `MILLISECONDS EFFECT` on a line each and stops
 * as keepalived does when it is told to terminate.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { PacketSocket, RawSocket } from 'netio';
import { addressBytes } from '../../src/core/model/address.ts';
import { encodeDatagram } from '../../src/core/vrrp/encode.ts';
import { stepInstance } from '../../src/core/vrrp/instance.ts';
import { readIPv4 } from '../../src/core/vrrp/ipv4.ts';
import { createInstance, type Effect, type InstanceEvent, nextDeadline } from '../../src/core/vrrp/state.ts';
import { configOf } from './scenario.ts';
import { effectText } from './scenario-text.ts';

const DEVICE = 'eth0';
const config = configOf('vi', process.argv.slice(2));
const mac = Buffer.from(readFileSync(`/sys/class/net/${DEVICE}/address`, 'utf8').replace(/[:\s]/g, ''), 'hex');

let state = createInstance(config);
let timer: NodeJS.Timeout | undefined;
let identification = 0;

const packet = new PacketSocket(DEVICE);
const raw = new RawSocket({
  family: 4,
  protocol: 112,
  device: DEVICE,
  groups: [config.multicastGroup],
  onDatagram: ({ data }) => handle({ type: 'datagram', datagram: readIPv4(data) }),
  onError: (code) => console.log(code),
});

function handle(event: InstanceEvent): void {
  const now = performance.now();
  const [next, effects] = stepInstance(state, event, now);
  state = next;
  for (const effect of effects) {
    console.log(`${performance.timeOrigin + now} ${effectText(effect)}`);
    perform(effect);
  }
  arm();
}

/** Node's timers are whole milliseconds and may be early. */
function arm(): void {
  clearTimeout(timer);
  const deadline = nextDeadline(state);
  if (deadline === null) return;
  timer = setTimeout(
    () => {
      raw.drain();
      handle({ type: 'tick' });
    },
    Math.max(0, deadline - performance.now()),
  );
}

function perform(effect: Effect): void {
  if (effect.type === 'advertise') advertise(effect.priority);
  if (effect.type === 'take' || effect.type === 'release') setAddresses(effect.type === 'take' ? 'replace' : 'del');
  if (effect.type === 'announce') for (let i = 0; i < effect.repeat; i++) announce();
}

function advertise(priority: number): void {
  identification = (identification % 65535) + 1;
  const { source, multicastGroup: destination, authentication } = config;
  const envelope = { source, destination, authentication, pseudoHeader: true, ttl: 255, sequence: 0, unicast: false };
  raw.send(encodeDatagram({ ...config, priority }, { ...envelope, identification }), destination);
}

function setAddresses(verb: 'replace' | 'del'): void {
  for (const address of config.addresses) execFileSync('ip', ['addr', verb, `${address}/32`, 'dev', DEVICE]);
}

/** RFC 5227 2.3's announcement, as keepalived sends it. */
function announce(): void {
  for (const address of config.addresses) {
    const ip = Buffer.from(addressBytes(address));
    const everyone = Buffer.alloc(6, 255);
    const arp = Buffer.from('08060001080006040001', 'hex');
    packet.send(Buffer.concat([everyone, mac, arp, mac, ip, everyone, ip]));
  }
}

process.on('SIGTERM', () => {
  handle({ type: 'stop', deleted: false });
  raw.close();
  packet.close();
});
handle({ type: 'start' });
