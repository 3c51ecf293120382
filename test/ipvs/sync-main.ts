/**
 * IPVS's director and xlb's have the same services and a cable between them. Connections are opened
 * at one; the other must list the same, and send their next packets to the same real servers. Then
 * the other way round. In the virtual machine that `make test-sync` starts.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectionsIn, describeFrames, type ListedConnection } from './compare.ts';
import { addressesOf } from './play.ts';
import { Places, readScript, type Step } from './script.ts';
import { KernelDirector, type World, XlbDirector } from './worlds.ts';

const NUMBER = 1;
const SYNC_ID = '7';
/** Milliseconds: IPVS gathers for two seconds. */
const TELLING = 5000;
const ANSWER = 60;
/** Seconds that a remaining time may differ: it begins anew where a connection is taken in. */
const SLACK = 15;

/** Connections of `opening`, and a template: a comparison of nothing proves nothing. */
const OPENED = 8;

const SERVICES = `
ipvsadm -A -t V:80 -s rr
ipvsadm -a -t V:80 -r R1:80 -g
ipvsadm -a -t V:80 -r R2:80 -g
ipvsadm -A -t V:81 -s rr
ipvsadm -a -t V:81 -r R1:8080 -m
ipvsadm -a -t V:81 -r R2:8080 -m
ipvsadm -A -t V:82 -s rr -p 300
ipvsadm -a -t V:82 -r R1:82 -g
ipvsadm -a -t V:82 -r R2:82 -g
ipvsadm -A -u V:53 -s rr
ipvsadm -a -u V:53 -r R1:53 -i
ipvsadm -a -u V:53 -r R2:53 -i
ipvsadm -A -t V6:80 -s rr
ipvsadm -a -t V6:80 -r R61:80 -g
ipvsadm -a -t V6:80 -r R62:80 -g
`;

/** `p`: what client ports begin with. Of each service two connections, and one that ends. */
function opening(p: number): string {
  const tcp = (client: string, service: string) =>
    ['S', '.', '. 20'].map((flags) => `tcp ${client} > ${service} ${flags}`).join('\n');
  return `
${tcp(`c1:${p}01`, 'V:80')}
${tcp(`c1:${p}02`, 'V:80')}
${tcp(`c1:${p}03`, 'V:80')}
tcp c1:${p}03 > V:80 F.
tcp c1:${p}11 > V:81 S
tcp c1:${p}11 > V:81 .
tcp c1:${p}11 > V:81 . 20
${tcp(`c2:${p}21`, 'V:82')}
${tcp(`c6${p === 10 ? 1 : 2}:${p}31`, 'V6:80')}
${[1, 2, 3].map(() => `udp c1:${p}41 > V:53 40`).join('\n')}
`;
}

/** The next packet of each connection that goes on. */
function next(p: number): string {
  return `
tcp c1:${p}01 > V:80 . 9
tcp c1:${p}02 > V:80 . 9
tcp c1:${p}11 > V:81 . 9
tcp c2:${p}21 > V:82 . 9
tcp c6${p === 10 ? 1 : 2}:${p}31 > V6:80 . 9
udp c1:${p}41 > V:53 9
`;
}

const places = new Places(NUMBER);
const stepsOf = (text: string): Step[] => readScript({ name: 'sync', text }, places);

async function send(world: World, text: string): Promise<string[]> {
  const lines: string[] = [];
  for (const step of stepsOf(text)) {
    if (step.do !== 'packet') throw new Error(`${step.line} is no packet`);
    world.wire.send(step.frame);
    await sleep(ANSWER);
    lines.push(`${step.line}: ${describeFrames(world.wire.received()).join(' and ')}`);
  }
  return lines;
}

async function ipvsadm(world: World, words: string): Promise<string> {
  const { rc, stdout, stderr } = await world.ipvsadm(words.split(' '));
  if (rc !== 0) throw new Error(`${world.name}: ipvsadm ${words}: ${stderr}`);
  return stdout;
}

async function listed(world: World): Promise<ListedConnection[]> {
  return connectionsIn(await ipvsadm(world, '-Lnc'), places);
}

/** What the hearer lacks or has in another way, in words. */
async function differences(speaker: World, hearer: World, p: number): Promise<string[]> {
  const daemon = (role: string) => `--start-daemon ${role} --mcast-interface s0 --syncid ${SYNC_ID}`;
  await ipvsadm(hearer, daemon('backup'));
  await ipvsadm(speaker, daemon('master'));
  await sleep(500);
  await send(speaker, opening(p));
  await sleep(TELLING);
  const [told, heard] = [await listed(speaker), await listed(hearer)];
  const found = told
    .filter(({ what, left }) => !heard.some((row) => row.what === what && Math.abs(row.left - left) <= SLACK))
    .map(({ what, left }) => `${hearer.name} does not list: ${what}, ${left} s`);
  if (told.length < OPENED) found.push(`${speaker.name} lists ${told.length} connections, expected ${OPENED} or more`);
  const before = await send(speaker, next(p));
  const after = await send(hearer, next(p));
  found.push(...before.flatMap((line, i) => (line === after[i] ? [] : [`${line}\n  ${hearer.name}: ${after[i]}`])));
  await ipvsadm(speaker, '--stop-daemon master');
  await ipvsadm(hearer, '--stop-daemon backup');
  console.log(
    `${speaker.name} -> ${hearer.name}: ${told.length} connections and templates, ${found.length} differences`,
  );
  if (found.length > 0)
    console.log(`${hearer.name} lists:\n${heard.map(({ what, left }) => `  ${what} ${left}`).join('\n')}`);
  return found;
}

function cable(): void {
  const ip = (words: string) => execFileSync('ip', words.split(' '), { stdio: 'inherit' });
  ip('link add s0 netns ipvs type veth peer name s0 netns xlb');
  for (const [index, name] of ['ipvs', 'xlb'].entries()) {
    ip(`-n ${name} address add 172.31.0.${index + 1}/24 dev s0`);
    ip(`-n ${name} link set s0 up`);
  }
}

async function main(): Promise<number> {
  const kernel = KernelDirector.build();
  const xlb = await XlbDirector.build(mkdtempSync('/tmp/sync-'));
  cable();
  for (const world of [kernel, xlb]) {
    world.ip(addressesOf(places, NUMBER));
    for (const step of stepsOf(SERVICES)) if (step.do === 'ipvsadm') await ipvsadm(world, step.words.join(' '));
  }
  await sleep(1000);
  const found = [...(await differences(kernel, xlb, 10)), ...(await differences(xlb, kernel, 20))];
  for (const text of found) console.log(text);
  if (found.length > 0) console.log(`xlbd said:\n${xlb.log()}`);
  await xlb.close();
  await kernel.close();
  return found.length === 0 ? 0 : 1;
}

process.exitCode = await main();
