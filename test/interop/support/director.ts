/** One side of the pair: xlb or the real keepalived. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundled } from '../../support/bundled.ts';
import type { Lan, Side } from './lan.ts';
import { Program } from './program.ts';

export type Kind = 'xlb' | 'keepalived';

const XLB = fileURLToPath(new URL('../../vrrp/director-process.ts', import.meta.url));
const STARTED: Record<Kind, RegExp> = { xlb: /configured/, keepalived: /Entering BACKUP STATE/ };

export class Director {
  readonly kind: Kind;
  readonly #lan: Lan;
  readonly #side: Side;
  readonly #directory: string;
  #program: Program | undefined;

  constructor(kind: Kind, lan: Lan, side: Side, root: string) {
    this.kind = kind;
    this.#lan = lan;
    this.#side = side;
    this.#directory = join(root, side);
    mkdirSync(this.#directory, { recursive: true });
  }

  get output(): string {
    return this.#program?.output ?? '';
  }

  /** Of ours: when its first timer began, in milliseconds since 1970. */
  get beganAt(): number {
    return Number(/^(\d+\.\d+) info \S+ INIT -> BACKUP/m.exec(this.output)?.[1]);
  }

  async start(config: string): Promise<void> {
    this.write(config);
    this.#program = new Program(this.#lan.enter(this.#side), ...(await this.#words()));
    await this.#program.says(STARTED[this.kind]);
  }

  write(config: string): void {
    writeFileSync(this.#file('conf'), config);
  }

  reload(): void {
    this.#program?.child.kill('SIGHUP');
  }

  /** In order: it gives up. */
  async stop(): Promise<void> {
    await this.#program?.end('SIGTERM');
  }

  /** All of its processes at once, without a word. */
  async kill(): Promise<void> {
    const program = this.#program;
    if (program === undefined || program.isOver) return;
    if (this.kind === 'keepalived') {
      // Stopped first: it would start its child anew, and its death alone would end that one in order.
      program.child.kill('SIGSTOP');
      process.kill(Number(readFileSync(this.#file('vrrp.pid'), 'utf8')), 'SIGKILL');
    }
    await program.end('SIGKILL');
  }

  async #words(): Promise<string[]> {
    if (this.kind === 'xlb') return await bundled(XLB, this.#file('conf'), this.#directory);
    const pids = ['-p', this.#file('main.pid'), '-r', this.#file('vrrp.pid')];
    return ['keepalived', '-n', '-l', '-D', '-G', '-P', '-f', this.#file('conf'), ...pids];
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }
}
