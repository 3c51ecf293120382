/** A program that a test watches. */
import { type ChildProcess, spawn } from 'node:child_process';
import { until } from './until.ts';

export class Program {
  output = '';
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;

  /** `within`: words that put it where it is to run. */
  constructor(within: readonly string[], ...words: readonly string[]) {
    const [command = '', ...rest] = [...within, ...words];
    this.child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = new Promise((done) => this.child.once('exit', done));
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (text) => {
        this.output += text;
      });
    }
  }

  get isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async says(text: RegExp): Promise<void> {
    const words = this.child.spawnargs.slice(2).join(' ');
    await until(
      () => `${words} says ${text}; it says: ${this.output}`,
      () => text.test(this.output),
    );
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal);
    await this.ended;
  }
}
