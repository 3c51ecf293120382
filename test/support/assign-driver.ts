/** Starts `assign-process.ts` in a namespace, with the capabilities that it needs and no others, and asks it one thing at a time. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { typescript } from './typescript.ts';

export interface AssignCommand {
  readonly call:
    | 'addAddress'
    | 'addAddressTo'
    | 'deleteAddress'
    | 'replaceRoute'
    | 'deleteRoute'
    | 'addRule'
    | 'deleteRule'
    | 'addMacvlan'
    | 'deleteLink'
    | 'tune'
    | 'restore'
    | 'announce';
  /** Of the configuration; a name; addresses. */
  readonly words?: string;
  readonly ifindex?: number;
  readonly mac?: string;
  readonly device?: string;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
}

export type AssignAnswer =
  | { readonly value: unknown }
  /** `code`: of a KernelError. */
  | { readonly error: string; readonly code: string | null };

const CAPABILITIES = '-all,+net_admin,+net_raw';
const PROCESS = resolve(import.meta.dirname, 'assign-process.ts');

export class AssignDriver implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(namespace: string) {
    const setpriv = ['setpriv', `--inh-caps=${CAPABILITIES}`, `--bounding-set=${CAPABILITIES}`];
    const args = [`--net=/run/netns/${namespace}`, '--', ...setpriv, ...typescript(PROCESS)];
    this.#child = spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface(this.#child.stdout!)[Symbol.asyncIterator]();
  }

  async ask(command: AssignCommand): Promise<AssignAnswer> {
    this.#child.stdin!.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('the process has ended');
    return JSON.parse(value) as AssignAnswer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.stdin!.end();
    await exit;
  }
}
