/**
 * Two directors with one virtual address, each running its half of examples/failover: requests flow
 * while the master dies, loses its cable, and says itself that something is wrong.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Director } from '../lab/director.ts';
import type { Host } from '../lab/host.ts';
import { Lab } from '../lab/lab.ts';
import { portName } from '../lab/network.ts';
import { startNginx } from '../lab/nginx.ts';
import { Probe } from '../lab/probe.ts';
import { standardSpec, VIP4 } from '../lab/spec.ts';
import { waitFor } from '../lab/wait.ts';
import { claim, command, heading, output, say } from './narrator.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples/failover');
/** Milliseconds: three advertisements missed and the skew of priority 80, and what a busy machine adds. */
const LONGEST_GAP = 3690 + 500;

interface Row {
  readonly event: string;
  readonly gap: number;
  readonly master: string;
}

export async function showFailover(): Promise<void> {
  heading('Failover: two directors, priorities 100 and 80, one virtual address');
  const lab = await Lab.build(standardSpec({ directors: 2, directorVips: [] }));
  try {
    await Promise.all(lab.hosts.filter(({ name }) => name.startsWith('rs')).map((host) => startNginx(host)));
    await new Pair(lab).play();
  } finally {
    await lab.remove();
  }
}

class Pair {
  readonly #lab: Lab;
  readonly #rows: Row[] = [];

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  async play(): Promise<void> {
    const [first, second] = [await this.#start('director1'), await this.#start('director2')];
    await this.#becomes(first);
    command('director1', 'xlb vrrp');
    output(await first.xlb(['vrrp']));

    await using probe = await Probe.start(this.#lab.host('client1'), `http://${VIP4}/`);
    await this.#event(probe, 'xlbd of director1 is killed (kill -9)', second, () => first.stopDaemon('SIGKILL'));
    await this.#event(probe, 'it starts again', first, () => first.startDaemon());
    await this.#event(probe, "director1's cable is pulled", second, () => this.#cable('down'));
    await this.#event(probe, 'it is plugged in', first, () => this.#cable('up'));
    await this.#event(probe, 'its check fails', second, async () => writeFileSync(this.#downFile(first.host), ''));
    await this.#event(probe, 'its check succeeds', first, async () => rmSync(this.#downFile(first.host)));
    await this.#event(probe, 'director1 is stopped', second, () => first.stopDaemon('SIGTERM'));

    heading('Timeline: a request every 10 ms, each on a new connection');
    for (const { event, gap, master } of this.#rows) {
      say(`  ${event.padEnd(42)} ${`${gap} ms`.padStart(8)} without an answer; then ${master} is MASTER`);
    }
    command('director2', 'xlb vrrp');
    output(await second.xlb(['vrrp']));
  }

  async #start(name: 'director1' | 'director2'): Promise<Director> {
    const host = this.#lab.host(name);
    const example = readFileSync(join(EXAMPLES, `dr-${name}.conf`), 'utf8');
    const file = join(host.directory, `${name}.conf`);
    // Both run on one machine here, and would share the file.
    writeFileSync(file, example.replace('/run/xlb/down', this.#downFile(host)));
    const director = await Director.start(host, { args: ['-f', file], interfaces: [] });
    command(name, `xlbd -f examples/failover/dr-${name}.conf`);
    return director;
  }

  async #event(probe: Probe, event: string, master: Director, happens: () => Promise<void>): Promise<void> {
    const since = Date.now();
    await happens();
    await this.#becomes(master);
    await sleep(500); // what is in flight comes, or is lost
    const gap = probe.longestGap(since);
    this.#rows.push({ event, gap, master: master.host.name });
    claim(`${event}: ${master.host.name} is MASTER, the longest silence was ${gap} ms`, gap < LONGEST_GAP);
  }

  async #becomes(director: Director): Promise<void> {
    await waitFor(`${director.host.name} is MASTER`, async () => {
      const { stdout } = await director.tryXlb(['vrrp', '--json']);
      return stdout.includes('"state":"MASTER"');
    });
  }

  async #cable(state: 'up' | 'down'): Promise<void> {
    command('switch', `ip link set ${portName('director1', 0)} ${state}`);
    await this.#lab.switch.run('ip', ['link', 'set', portName('director1', 0), state]);
  }

  #downFile({ directory, name }: Host): string {
    return join(directory, `${name}.down`);
  }
}
