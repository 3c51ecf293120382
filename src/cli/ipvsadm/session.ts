/** What commands work with while one ipvsadm runs. */
import type { Output } from '../env.ts';
import type { IpvsBackend } from './backend.ts';
import type { Names } from './names.ts';
import { Submitter } from './submitter.ts';

export interface Session {
  readonly backend: IpvsBackend;
  readonly names: Names;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Ends long listings. */
  readonly signal: AbortSignal;
  readonly submitter: Submitter;
}

/** @param batch how many commands may go to the daemon at once */
export function newSession(parts: Omit<Session, 'submitter'>, batch: number): Session {
  const tell = (line: string) => parts.stderr.write(`${line}\n`);
  return { ...parts, submitter: new Submitter(parts.backend, tell, batch) };
}
