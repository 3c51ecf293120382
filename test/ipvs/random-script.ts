/**
 * Scripts made at random: services, edits and packets of a few clients. A real
 * server keeps its method: where that is edited, the kernel's connections keep
 * the old one and xlb's take the new one (docs/ARCHITECTURE.md). Thresholds come
 * with the server alone: kernels differ in what an edit of them does at once. Who
 * was deleted does not come back: of one without connections the kernel remembers
 * the statistics for two minutes, xlb does not.
 */
import { Random } from '../bpf/model/random.ts';
import { REAL_SERVERS, type Script } from './script.ts';

const SCHEDULERS = [
  ...['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sed', 'nq', 'fo', 'ovf'],
  ...['sh', 'sh -b sh-port', 'sh -b sh-fallback', 'mh', 'mh -b mh-port', 'mh -b mh-fallback'],
];
const METHODS = ['-g', '-i', '-m'];
/** Of real server n. */
const methodOf = (n: number): string | undefined => METHODS[n % METHODS.length];
const FLAGS = ['S', 'S', 'S', '.', '.', 'P.', 'F.', 'R', 'S.'];
const CHUNKS = [
  ...['INIT', 'INIT', 'INIT', 'COOKIE_ECHO', 'COOKIE_ECHO,DATA', 'COOKIE_ECHO,ABORT', 'DATA', 'SACK', 'HEARTBEAT'],
  ...['INIT_ACK', 'COOKIE_ACK', 'SHUTDOWN', 'SHUTDOWN_ACK', 'SHUTDOWN_COMPLETE', 'ERROR', 'ABORT'],
];

export function randomScripts(seed: number, count: number): Script[] {
  return Array.from({ length: count }, (_, i) => ({ name: `random-${seed}-${i}`, text: randomText(seed * 100 + i) }));
}

function randomText(seed: number): string {
  const random = new Random(seed);
  const service = random.pick(['-u V:53', '-t V:80', '-t V:80', '--sctp-service V:36']);
  const lines = [`ipvsadm -A ${service} -s ${random.pick(SCHEDULERS)}`];
  const servers: Servers = { there: new Set(), gone: new Set() };
  for (let i = 0; i < 60; i++)
    lines.push(i < 4 || random.once(6) ? edit(random, service, servers) : packet(random, service));
  return [...lines, 'check'].join('\n');
}

interface Servers {
  readonly there: Set<number>;
  readonly gone: Set<number>;
}

function edit(random: Random, service: string, { there, gone }: Servers): string {
  const n = 1 + random.below(REAL_SERVERS);
  const weight = random.pick([0, 1, 1, 2, 3, 5, 8]);
  const thresholds = random.once(4) ? ` -x ${2 + random.below(4)} -y ${random.below(3)}` : '';
  if (gone.has(n)) return '';
  if (!there.has(n)) {
    there.add(n);
    return `ipvsadm -a ${service} -r R${n} ${methodOf(n)} -w ${weight}${thresholds}`;
  }
  if (random.once(2)) return `ipvsadm -e ${service} -r R${n} ${methodOf(n)} -w ${weight}`;
  there.delete(n);
  gone.add(n);
  return `ipvsadm -d ${service} -r R${n}`;
}

function packet(random: Random, service: string): string {
  const [, endpoint = ''] = service.split(' ');
  const client = `c${1 + random.below(4)}:${1000 + random.below(8)}`;
  const ends = random.once(4) ? `${answering(random, endpoint)} > ${client}` : `${client} > ${endpoint}`;
  if (service.startsWith('-u')) return `udp ${ends} ${random.below(200)}`;
  if (service.startsWith('--')) return `sctp ${ends} ${random.pick(CHUNKS)}`;
  return `tcp ${ends} ${random.pick(FLAGS)} ${random.below(200)}`;
}

/** A real server of NAT, where it answers from; what others answer does not come to the director. */
function answering(random: Random, endpoint: string): string {
  const servers = Array.from({ length: REAL_SERVERS }, (_, i) => i + 1).filter((n) => methodOf(n) === '-m');
  return `R${random.pick(servers)}:${endpoint.split(':')[1]}`;
}
