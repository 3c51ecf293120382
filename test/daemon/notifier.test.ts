/** What is told reaches programs, pipes and mail servers: real ones. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildModel } from '../../src/core/config/model/build-model.ts';
import { loadText } from '../../src/core/config/testing.ts';
import { Notifier, type NotifierOptions } from '../../src/daemon/notify/notifier.ts';
import type { Notice } from '../../src/daemon/vrrp/protocol.ts';

let directory: string;
let warnings: string[];
const cleanups: (() => unknown)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xlb-notifier-'));
  chmodSync(directory, 0o777);
  warnings = [];
});

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
  rmSync(directory, { recursive: true });
});

function configured(globals: string, instance = '', rest = '') {
  const router = 'interface eth0\nvirtual_router_id 7\nvirtual_ipaddress { 192.0.2.1 }';
  return buildModel(
    loadText(`global_defs {\n${globals}\n}\nvrrp_instance A {\n${router}\n${instance}\n}\n${rest}`).file,
  );
}

function start(model: ReturnType<typeof configured>, options: Partial<NotifierOptions> = {}): Notifier {
  const log = { warn: (_: object, text: string) => warnings.push(text), debug() {}, isLevelEnabled: () => false };
  const notifier = new Notifier({ log: log as never, ...options });
  cleanups.push(() => notifier.close());
  notifier.configure(model);
  return notifier;
}

const path = (name: string) => join(directory, name);
const read = (name: string) =>
  existsSync(path(name)) ? readFileSync(path(name), 'utf8').split('\n').slice(0, -1) : [];

function script(name: string, text: string): string {
  writeFileSync(path(name), `#!/bin/sh\n${text}\n`);
  chmodSync(path(name), 0o755);
  return path(name);
}

function state(to: Extract<Notice, { type: 'state' }>['state'], name = 'A'): Notice {
  return {
    type: 'state',
    kind: name === 'G' ? 'GROUP' : 'INSTANCE',
    name,
    state: to,
    priority: name === 'G' ? 0 : 100,
  };
}

describe('programs', () => {
  it('run in order, one at a time for an instance, as their user', async () => {
    writeFileSync(path('log'), '');
    chmodSync(path('log'), 0o666);
    const say = script(
      'say',
      `echo "begin $*" >> ${path('log')}; sleep 0.1; echo "end $* $(id -un)" >> ${path('log')}`,
    );
    const notifier = start(
      configured('', `notify_master "${say} m" daemon\nnotify_backup "${say} b"\nnotify "${say} n"`),
    );
    for (const to of ['BACKUP', 'MASTER', 'BACKUP'] as const) notifier.tell(state(to));
    await notifier.close();
    const both = (words: string, user = 'root') => [`begin ${words}`, `end ${words} ${user}`];
    const backup = [...both('b'), ...both('n INSTANCE A BACKUP 100')];
    expect(read('log')).toEqual([...backup, ...both('m', 'daemon'), ...both('n INSTANCE A MASTER 100'), ...backup]);
    expect(warnings).toEqual([]);
  });

  it('of a group do not wait for those of an instance', async () => {
    const notifier = start(
      configured(
        '',
        'notify_master "sleep 60"',
        `vrrp_sync_group G {\ngroup { A }\nnotify "${script('group', `echo "$*" > ${path('log')}`)}"\n}`,
      ),
      { lastWait: 100 },
    );
    notifier.tell(state('MASTER'));
    notifier.tell(state('MASTER', 'G'));
    await expect.poll(() => read('log')).toEqual(['GROUP G MASTER 0']);
  });

  it('that hang are ended, with all that they started', async () => {
    const hang = script('hang', `sh -c 'echo $$ > ${path('pid')}; exec sleep 60'`);
    const notifier = start(configured('', `notify_master ${hang}\nnotify_backup "touch ${path('done')}"`), {
      patience: 300,
    });
    notifier.tell(state('MASTER'));
    notifier.tell(state('BACKUP'));
    await expect.poll(() => existsSync(path('done')), { timeout: 5000 }).toBe(true);
    await expect.poll(() => isRunning(Number(read('pid')[0]))).toBe(false);
    expect(warnings).toContain('INSTANCE A: a program runs while others have waited for 300 ms; it is ended');
  });

  it('at the end have a little time, and no more', async () => {
    const slow = script('slow', `sleep 0.2; touch ${path('stopped')}`);
    const quick = start(configured('', `notify_stop ${slow}`));
    quick.tell(state('STOP'));
    await quick.close();
    expect(existsSync(path('stopped'))).toBe(true);
    const hanging = start(configured('', 'notify_stop "sleep 60"'), { lastWait: 50 });
    hanging.tell(state('STOP'));
    await hanging.close();
    expect(warnings).toEqual(["INSTANCE A: 'sleep 60' was ended by SIGTERM"]);
  });

  it('of what a reload deletes run as they were configured', async () => {
    const notifier = start(configured('', `notify_deleted "touch ${path('deleted')}"`));
    notifier.configure({ ...configured(''), instances: [] });
    notifier.tell(state('DELETED'));
    await notifier.close();
    expect(existsSync(path('deleted'))).toBe(true);
  });

  it('that cannot run are told of', async () => {
    const notifier = start(configured('', 'notify_master /no/such'));
    notifier.tell(state('MASTER'));
    notifier.tell(state('MASTER', 'B'));
    await notifier.close();
    expect(warnings).toEqual([
      'INSTANCE B is not configured, so nobody hears of it',
      "INSTANCE A: '/no/such' did not run: there is no program '/no/such'",
    ]);
  });
});

function isRunning(pid: number): boolean {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** `cat` of a pipe, and what it has read. */
function cat(name: string): { readonly lines: () => string[]; readonly process: ChildProcess } {
  let text = '';
  const process = spawn('cat', [path(name)]);
  process.stdout.on('data', (part: Buffer) => {
    text += part;
  });
  cleanups.push(() => process.kill());
  return { lines: () => text.split('\n').slice(0, -1), process };
}

describe('pipes', () => {
  it('get a line for each change, before anybody reads', async () => {
    const globals = `notify_fifo ${path('all')} daemon tty\nlvs_notify_fifo ${path('lvs')}\nvrrp_notify_priority_changes`;
    const notifier = start(configured(globals));
    notifier.tell(state('BACKUP'));
    notifier.tell({ type: 'lower-priority', name: 'A', priority: 90 });
    notifier.tell({ type: 'priority', name: 'A', state: 'MASTER', priority: 70 });
    notifier.tellServer('VS [192.0.2.1]:tcp:80 UP\n');
    const { mode, uid, gid } = statSync(path('all'));
    expect([mode & 0o7777, uid, gid]).toEqual([0o600, 1, 5]);
    const [all, lvs] = [cat('all'), cat('lvs')];
    const told = ['INSTANCE "A" BACKUP 100', 'INSTANCE "A" MASTER_RX_LOWER_PRI 90', 'INSTANCE "A" MASTER_PRIORITY 70'];
    await expect.poll(all.lines).toEqual([...told, 'VS [192.0.2.1]:tcp:80 UP']);
    await expect.poll(lvs.lines).toEqual(['VS [192.0.2.1]:tcp:80 UP']);
    const ended = new Promise((resolve) => all.process.on('exit', resolve));
    await notifier.close();
    expect(await ended).toBe(0);
    expect(existsSync(path('all'))).toBe(false);
  });

  it('that nobody reads block nobody', async () => {
    const notifier = start(configured(`vrrp_notify_fifo ${path('vrrp')}`));
    for (let i = 0; i < 3000; i++) notifier.tell(state(i % 2 === 0 ? 'MASTER' : 'BACKUP'));
    expect(warnings).toEqual([`${path('vrrp')} is full, nobody reads it; lines are lost`]);
    const { lines } = cat('vrrp');
    await expect.poll(() => lines().length).toBeGreaterThan(2000);
    notifier.tell(state('FAULT'));
    await expect.poll(() => lines().at(-1)).toBe('INSTANCE "A" FAULT 100');
    expect(warnings[1]).toBe(`${path('vrrp')} has room again; ${3001 - lines().length} lines were lost`);
  });

  it('have their reader, which a reload leaves alone', async () => {
    const reader = script(
      'reader',
      `echo "start $*" >> ${path('log')}\nwhile read -r line; do echo "$line"; done < $2 >> ${path('log')}`,
    );
    const globals = `notify_fifo ${path('fifo')}\nnotify_fifo_script "${reader} x" root\nfifo_write_vrrp_states_on_reload`;
    const notifier = start(configured(globals));
    notifier.tell(state('MASTER'));
    const first = [`start x ${path('fifo')}`, 'INSTANCE "A" MASTER 100'];
    await expect.poll(() => read('log')).toEqual(first);
    notifier.configure(configured(globals));
    await expect.poll(() => read('log')).toEqual([...first, 'INSTANCE "A" MASTER 100']);
    await notifier.close();
    expect(existsSync(path('fifo'))).toBe(false);
    expect(warnings).toEqual([]);
  });

  it('start their reader again when it ends', async () => {
    const once = script('once', `read -r line < $1; echo "$line" >> ${path('log')}`);
    const notifier = start(configured(`notify_fifo ${path('fifo')}\nnotify_fifo_script ${once}`));
    notifier.tell(state('BACKUP'));
    await expect
      .poll(() => warnings)
      .toEqual([`'${once}', which reads ${path('fifo')}, ended; it is started again in 1 s`]);
    notifier.tell(state('MASTER'));
    await expect
      .poll(() => read('log'), { timeout: 5000 })
      .toEqual(['INSTANCE "A" BACKUP 100', 'INSTANCE "A" MASTER 100']);
  });

  it('that are something else are left alone', async () => {
    writeFileSync(path('file'), 'mine\n');
    mkdirSync(path('directory'));
    const globals = `notify_fifo ${path('file')}\nvrrp_notify_fifo ${path('directory')}\nlvs_notify_fifo /no/such`;
    const notifier = start(configured(globals));
    notifier.tell(state('MASTER'));
    await notifier.close();
    expect(read('file')).toEqual(['mine']);
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toBe(
      `${path('file')} is not used: found something else at ${path('file')}, expected a named pipe`,
    );
    expect(warnings[1]).toMatch('directory is not used: ');
    expect(warnings[2]).toMatch(/^\/no\/such is not used: .*mkfifo/);
  });
});

interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly helo: string;
  /** The client took the offer of STARTTLS. */
  readonly secure: boolean;
  readonly text: string;
}

/** A mail server that offers STARTTLS, as they do, and what it has got. */
async function mailServer(refused: readonly string[] = []): Promise<{ port: number; received: Received[] }> {
  const received: Received[] = [];
  const server = new SMTPServer({
    ...ownCertificate(),
    authOptional: true,
    onRcptTo: ({ address }, _, done) => done(refused.includes(address) ? new Error('no such user') : null),
    onData(stream, { envelope, hostNameAppearsAs, secure }, done) {
      let text = '';
      stream.on('data', (part: Buffer) => {
        text += part;
      });
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        received.push({
          from,
          to: envelope.rcptTo.map(({ address }) => address),
          helo: String(hostNameAppearsAs),
          secure,
          text,
        });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, received };
}

/** The server's own, which everybody has, makes it warn. */
function ownCertificate(): { readonly key: string; readonly cert: string } {
  const words = [
    'req',
    '-x509',
    '-nodes',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-subj',
    '/CN=mx',
  ];
  const pem = execFileSync('openssl', [...words, '-keyout', '-', '-out', '-'], { stdio: ['ignore', 'pipe', 'ignore'] });
  return { key: String(pem), cert: String(pem) };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

const mails = (port: number, more = '') =>
  `router_id R1\nsmtp_server 127.0.0.1 ${port}\nnotification_email { a@example.org\nb@example.org }\nnotification_email_from lb@example.org\nsmtp_helo_name lb1.example.org\n${more}`;

describe('mails', () => {
  it('go out in order, once for each change', async () => {
    const { port, received } = await mailServer();
    const group = 'vrrp_sync_group G {\ngroup { A }\nsmtp_alert\n}';
    const notifier = start(configured(mails(port, 'no_email_faults'), 'smtp_alert', group));
    for (const to of ['BACKUP', 'MASTER', 'MASTER', 'FAULT', 'INIT'] as const) notifier.tell(state(to));
    notifier.tell(state('MASTER', 'G'));
    notifier.tell(state('STOP'));
    await notifier.close();
    const subjects = received.map(({ text }) => /^Subject: (.*?)\r\n(?! )/ms.exec(text)?.[1]?.replace(/\r\n /g, ' '));
    expect(subjects).toEqual([
      '[R1] VRRP Instance A - Entering BACKUP state',
      '[R1] VRRP Instance A - Entering MASTER state',
      '[R1] VRRP Group G - Entering MASTER state',
      '[R1] VRRP Instance A - Stopping',
    ]);
    const [, master] = received;
    expect(master).toMatchObject({
      ...{ from: 'lb@example.org', to: ['a@example.org', 'b@example.org'], helo: 'lb1.example.org', secure: false },
    });
    expect(master!.text).toMatch(/^From: lb@example\.org\r\n/m);
    expect(master!.text).toMatch(/^To: a@example\.org, b@example\.org\r\n/m);
    expect(master!.text).toMatch(/\r\n\r\n=> VRRP Instance is now owning VRRP VIPs <=\r\n$/);
    expect(warnings).toEqual([]);
  });

  it('are not sent where nobody asked for them', async () => {
    const { port, received } = await mailServer();
    const notifier = start(configured(mails(port)));
    notifier.tell(state('MASTER'));
    await notifier.close();
    expect(received).toEqual([]);
  });

  it('reach whom the server knows', async () => {
    const { port, received } = await mailServer(['b@example.org']);
    const notifier = start(configured(mails(port), 'smtp_alert'));
    notifier.tell(state('MASTER'));
    await notifier.close();
    expect(received.map(({ to }) => to)).toEqual([['a@example.org']]);
    expect(warnings).toEqual([
      `127.0.0.1 port ${port} takes no mail to b@example.org: [R1] VRRP Instance A - Entering MASTER state`,
    ]);
  });

  it('to a server that says nothing are given up in time, one by one', async () => {
    const port = await listen(createServer());
    const notifier = start(configured(mails(port, 'smtp_connect_timeout 0.3'), 'smtp_alert'));
    const before = performance.now();
    notifier.tell(state('BACKUP'));
    notifier.tell(state('MASTER'));
    expect(performance.now() - before).toBeLessThan(100);
    await notifier.close();
    expect(performance.now() - before).toBeLessThan(2000);
    expect(warnings).toEqual([
      expect.stringMatching(/^127\.0\.0\.1 port \d+ did not take a mail: .*: \[R1\] .* BACKUP state$/),
      expect.stringMatching(/^127\.0\.0\.1 port \d+ did not take a mail: .*: \[R1\] .* MASTER state$/),
    ]);
  });

  it.each([
    ['hangs up', () => createServer((socket) => socket.end('554 go away\r\n')), /554 go away/],
    ['refuses after a greeting', () => createServer((socket) => socket.write('421 too busy\r\n')), /421 too busy/],
  ])('to a server that %s are told of', async (_title, server, expected) => {
    const port = await listen(server());
    const notifier = start(configured(mails(port), 'smtp_alert'));
    notifier.tell(state('MASTER'));
    await notifier.close();
    expect(warnings).toEqual([expect.stringMatching(expected)]);
  });

  it('to nobody there are told of', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const notifier = start(configured(mails(port), 'smtp_alert'));
    notifier.tell(state('MASTER'));
    await notifier.close();
    expect(warnings).toEqual([expect.stringMatching(/ECONNREFUSED/)]);
  });

  it('at the end are broken off', async () => {
    const port = await listen(createServer());
    const notifier = start(configured(mails(port), 'smtp_alert'), { lastWait: 100 });
    notifier.tell(state('BACKUP'));
    notifier.tell(state('MASTER'));
    await notifier.close();
    expect(warnings[0]).toBe('no time is left for mails that wait: 1');
    expect(warnings[1]).toMatch(/did not take a mail/);
  });
});
