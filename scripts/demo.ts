/**
 * `make demo`: real HTTP from a client through an XDP director to three real
 * nginx servers, in network namespaces, and a second director that takes over. It claims only what it has checked, and
 * exits 1 where a claim does not hold. KEEP=1 leaves the lab up.
 */
import { showFailover } from './demo/failover.ts';
import { claim, command, heading, output, say } from './demo/narrator.ts';
import { Director } from './lab/director.ts';
import type { Host } from './lab/host.ts';
import { Lab } from './lab/lab.ts';
import { startNginx } from './lab/nginx.ts';
import { type Answers, curlLine, describe, request } from './lab/requests.ts';
import { commandLine } from './lab/run.ts';
import { standardSpec, VIP4, VIP6, VIPS } from './lab/spec.ts';

const KEEP = (process.env['KEEP'] ?? '') !== '';
/** DR on port 80, TUN on port 8080, each over both families. */
const SERVICES = [
  { vip: VIP4, port: 80, method: '-g', label: 'DR over IPv4' },
  { vip: VIP6, port: 80, method: '-g', label: 'DR over IPv6' },
  { vip: VIP4, port: 8080, method: '-i', label: 'TUN over IPv4' },
  { vip: VIP6, port: 8080, method: '-i', label: 'TUN over IPv6' },
] as const;
const REQUESTS = 90;

type Service = (typeof SERVICES)[number];

class Demo {
  readonly #lab: Lab;
  readonly #director: Director;
  readonly #client: Host;
  readonly #realServers: readonly Host[];

  constructor(lab: Lab, director: Director) {
    this.#lab = lab;
    this.#director = director;
    this.#client = lab.host('client1');
    this.#realServers = lab.hosts.filter(({ name }) => name.startsWith('rs'));
  }

  async configure(): Promise<void> {
    heading("Services, in ipvsadm's words: DR on port 80, TUN on port 8080, both families");
    for (const service of SERVICES) {
      await this.#xlb('ipvsadm', '-A', '-t', name(service), '-s', 'rr');
      for (const host of this.#realServers) {
        await this.#xlb('ipvsadm', '-a', '-t', name(service), '-r', serverAddress(service, host), service.method);
      }
    }
    heading('Real servers: strip the tunnel header, for the virtual addresses alone');
    for (const host of this.#realServers) {
      const args = ['decap', 'eth0', ...VIPS.flatMap((vip) => ['--vip', vip])];
      command(host.name, commandLine('xlb', args));
      output(await host.run(Director.XLB, args));
    }
  }

  /** Everybody answers, nobody fails. */
  async balance(): Promise<void> {
    heading(`${REQUESTS * SERVICES.length} requests, each on a connection of its own`);
    for (const service of SERVICES) {
      const answers = await this.#request(service);
      claim(
        `${service.label}: all ${this.#realServers.length} answer, none fails`,
        answers.failed === 0 && answers.by.size === this.#realServers.length,
      );
    }
    await this.#xlb('services', '--stats');
  }

  async takeOut(host: Host): Promise<void> {
    heading(`Take ${host.name} out`);
    for (const service of SERVICES)
      await this.#xlb('server', 'delete', `${name(service)}/tcp`, serverAddress(service, host));
    await this.#withoutNew(host);
  }

  async drain(host: Host): Promise<void> {
    heading(`Drain ${host.name}: it keeps the connections it has, and gets no new ones`);
    for (const service of SERVICES)
      await this.#xlb('server', 'drain', `${name(service)}/tcp`, serverAddress(service, host));
    await this.#withoutNew(host);
    await this.#xlb('services');
  }

  async listConnections(): Promise<void> {
    heading('Connections: who is where');
    const listing = await this.#director.xlb(['connections']);
    command(this.#director.host.name, 'xlb connections | head');
    output(listing.split('\n').slice(0, 10).join('\n'));
    claim('the listing names the client', listing.includes(this.#client.address4));
  }

  explainHowToPlay(): void {
    const lab = `npx tsx scripts/lab/main.ts`;
    heading(`The lab ${this.#lab.id} stays up`);
    say(`  ${lab} exec ${this.#lab.id} client1 curl http://${VIP4}/`);
    say(`  XLB_RUN_DIR=${this.#director.runDirectory} dist/xlb status`);
    say(`Remove it:\n  ${lab} clean ${this.#lab.id}`);
  }

  async #withoutNew(host: Host): Promise<void> {
    for (const service of SERVICES) {
      const answers = await this.#request(service);
      claim(
        `${service.label}: none fails, none goes to ${host.name}`,
        answers.failed === 0 && !answers.by.has(host.name),
      );
    }
  }

  async #request(service: Service): Promise<Answers> {
    const url = `http://${name(service)}/`;
    command(this.#client.name, commandLine(...curlLine(url, REQUESTS)));
    const answers = await request(this.#client, url, REQUESTS);
    output(describe(answers));
    return answers;
  }

  async #xlb(...args: string[]): Promise<void> {
    command(this.#director.host.name, commandLine('xlb', args));
    output(await this.#director.xlb(args));
  }
}

function name({ vip, port }: Service): string {
  return vip.includes(':') ? `[${vip}]:${port}` : `${vip}:${port}`;
}

/** ipvsadm takes an IPv6 address in brackets only with a port behind it. */
function serverAddress({ vip, port }: Service, host: Host): string {
  return vip.includes(':') ? `[${host.address6}]:${port}` : host.address4;
}

async function startDirector(lab: Lab): Promise<Director> {
  heading('Director');
  const director = await Director.start(lab.host('director1'));
  command('director1', commandLine('xlbd', director.args));
  command('director1', `export XLB_RUN_DIR=${director.runDirectory}`);
  command('director1', 'xlb status');
  output(await director.xlb(['status']));
  return director;
}

async function main(): Promise<void> {
  heading('Lab: a client, a director and three real servers with nginx, on one switch');
  const lab = await Lab.build(standardSpec(), { keep: KEEP });
  try {
    for (const { name, spec } of lab.hosts) say(`  ${name.padEnd(10)} ${spec.ports[0]?.addresses.join('  ')}`);
    const realServers = lab.hosts.filter(({ name }) => name.startsWith('rs'));
    await Promise.all(realServers.map((host) => startNginx(host, { ports: [80, 8080] })));
    const demo = new Demo(lab, await startDirector(lab));
    await demo.configure();
    await demo.balance();
    await demo.listConnections();
    await demo.takeOut(lab.host('rs3'));
    await demo.drain(lab.host('rs2'));
    if (KEEP) demo.explainHowToPlay();
  } finally {
    if (!KEEP) await lab.remove();
  }
  if (!KEEP) await showFailover();
  if (!KEEP) say('\nThe lab is removed. make demo KEEP=1 leaves it up to play with.');
}

try {
  await main();
  // A lab that is kept goes on; this process need not wait for it.
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
