/**
 * What people run, through every method and family: HTTP, iperf3, DNS, FTP, and
 * streams that stay open all the while, also while their services are edited.
 * Nothing may fail.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession, type Session, script } from './support/session.ts';
import { BODY, endpoint, Traffic, WAYS, type Way } from './support/traffic.ts';
import { FTP_FILE, ftpBody, HTTP, SERVICES, STREAM } from './support/traffic-servers.ts';

const QUERIES = 200;
const TCP = ['-n', '8000000'];
/** Slow, and with a buffer for most of it: a busy machine must not lose what the director forwarded. */
const UDP = ['-u', '-b', '5M', '-l', '1200', '-n', '240000', '-w', '200K'];

let traffic: Traffic;
const streams = new Map<Way, Session>();
const logins = new Map<Way, Session>();

beforeAll(async () => {
  traffic = await Traffic.build(SERVICES);
  const content = createHash('sha256').update(ftpBody(BODY)).digest('hex');
  const open = async (way: Way): Promise<void> => {
    const client = traffic.client(way);
    streams.set(way, await openSession(client, [script('stream.py'), 'open', way.vip, String(STREAM.port)]));
    logins.set(way, await openSession(client, [script('ftp.py'), way.vip, FTP_FILE, content]));
  };
  await Promise.all(WAYS.map(open));
});
afterAll(() => traffic?.[Symbol.asyncDispose]());

describe.each(WAYS)('$title', (way) => {
  test('HTTP: several clients at once, each three bodies over one connection', async () => {
    const expected = createHash('sha256');
    for (let n = 0; n < 3; n++) expected.update(BODY);
    const digest = expected.digest('hex');
    const downloads = Array.from({ length: 4 }, () => download(way, 3));
    for (const answer of await Promise.all(downloads)) {
      expect(answer).toEqual({ digest, transfers: ['200 1', '200 0', '200 0'] });
    }
  });

  test.each([
    ['TCP to the server', TCP],
    ['TCP from the server', [...TCP, '-R']],
    ['UDP to the server', UDP],
    ['UDP from the server', [...UDP, '-R']],
  ])('iperf3: %s', async (_, words) => {
    const { sent, received, lost } = await iperf(way, words);
    // Each end counts until it hears that the other has ended: only the one that decides that counts all.
    expect(Math.max(sent, received)).toBeGreaterThanOrEqual(Number(words[words.indexOf('-n') + 1]));
    expect(received).toBeGreaterThan(0);
    expect(lost).toBe(0);
  });

  test('DNS: every question has its answer, and each server gave some', async () => {
    const names = Array.from({ length: QUERIES }, (_, n) => `q${n}.lab.example.`);
    const words = [`@${way.vip}`, '+tries=1', '+time=3', '+noall', '+answer', '-f', '-'];
    const answers = await traffic.client(way).run('dig', words, { input: names.map((name) => `${name}\n`).join('') });
    const found = [...answers.matchAll(/^(\S+)\s+\d+\s+IN\s+A\s+192\.0\.2\.(\d)$/gm)];
    expect(found.map(([, name]) => name)).toEqual(names);
    expect([...new Set(found.map(([, , server]) => server))].toSorted()).toEqual(['1', '2']);
  });
});

describe('what stays open', () => {
  const ways: [string, Way][] = WAYS.map((way) => [way.title, way]);

  test('services are edited, weights changed, and the other real server is removed', async () => {
    const steps = [weights(3, 1), weights(0, 5), scheduler('wrr'), weights(2, 1), removal(), otherService()];
    for (const step of steps) {
      await traffic.command(WAYS.flatMap(step));
      await sleep(300);
    }
    for (const { name, servers } of await traffic.cluster.services()) {
      if (name.includes(`:${STREAM.port}/`)) expect(servers, name).toHaveLength(1);
    }
  });

  test.each(ways)('%s: the stream lost nothing', async (_, way) => {
    const totals = (await sessionOf(streams, way).end()) as Totals;
    expect(totals.server_received).toBe(totals.sent);
    expect(totals.received).toBe(totals.server_sent);
    // A hundred lines a second, less where the machine is busy.
    expect(Math.min(totals.sent, totals.received)).toBeGreaterThan(200);
  });

  test.each(ways)('%s: every command and transfer of the FTP session was answered', async (_, way) => {
    const { rounds } = (await sessionOf(logins, way).end()) as { rounds: number };
    expect(rounds).toBeGreaterThan(4);
  });
});

function sessionOf(sessions: ReadonlyMap<Way, Session>, way: Way): Session {
  const session = sessions.get(way);
  if (session === undefined) throw new Error(`${way.title} has no session`);
  return session;
}

interface Totals {
  readonly sent: number;
  readonly received: number;
  readonly server_sent: number;
  readonly server_received: number;
}

/** Of the server that has the stream, and of the other. */
function weights(own: number, other: number): (way: Way) => string[] {
  return (way) =>
    traffic.cluster.realServers.map((host) => {
      const weight = host.name === sessionOf(streams, way).server ? own : other;
      return `-e ${traffic.serverWords(way, STREAM, host)} -w ${weight}`;
    });
}

function scheduler(name: string): (way: Way) => string[] {
  return (way) => [`-E -t ${endpoint(way, STREAM.port)} -s ${name}`];
}

function removal(): (way: Way) => string[] {
  return (way) =>
    traffic.cluster.realServers
      .filter(({ name }) => name !== sessionOf(streams, way).server)
      .map((host) => `-d ${traffic.serverWords(way, STREAM, host).replace(/ -\w$/, '')}`);
}

/** Another service of the same address goes. */
function otherService(): (way: Way) => string[] {
  return (way) => [`-D -t ${endpoint(way, HTTP.port)}`];
}

interface Download {
  readonly digest: string;
  /** HTTP status, and how many connections it took. */
  readonly transfers: readonly string[];
}

async function download(way: Way, times: number): Promise<Download> {
  const url = `http://${endpoint(way, HTTP.port)}/large`;
  const words = [
    '-s',
    '-m',
    '20',
    '-w',
    '%{stderr}%{http_code} %{num_connects}\\n',
    ...new Array<string>(times).fill(url),
  ];
  const pipe = ['-o', 'pipefail', '-c', 'curl "$@" | sha256sum', 'curl', ...words];
  const { stdout, stderr } = await traffic.client(way).tryRun('bash', pipe);
  return { digest: stdout.split(' ')[0] ?? '', transfers: stderr.trim().split('\n') };
}

interface Measured {
  readonly end: {
    readonly sum_sent?: { readonly bytes: number };
    readonly sum_received?: { readonly bytes: number };
    readonly sum?: { readonly bytes: number; readonly lost_packets?: number };
  };
}

/** Bytes; iperf3's exit code says whether it failed. */
async function iperf(way: Way, words: readonly string[]) {
  const report = await traffic.client(way).run('iperf3', ['-c', way.vip, '-J', ...words]);
  const { sum, sum_sent, sum_received } = (JSON.parse(report) as Measured).end;
  return {
    sent: sum_sent?.bytes ?? 0,
    received: sum_received?.bytes ?? 0,
    lost: sum?.lost_packets ?? 0,
  };
}
