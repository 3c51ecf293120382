/** Does what checked words say. */
import { serviceKey, toCommand } from './command.ts';
import { refusalText } from './errors.ts';
import { fail } from './exit.ts';
import { list, save } from './list.ts';
import { kernelObjection, kernelRefuses } from './objection.ts';
import type { Session } from './session.ts';
import { unsupportedProperty } from './unsupported.ts';
import type { Words } from './words.ts';

/**
 * @returns the status, or `submitted`: the submitter will have it
 * @throws Exit where ipvsadm exits, and with status 2 for what is not supported yet
 */
export async function execute(words: Words, session: Session): Promise<number | 'submitted'> {
  const unsupported = unsupportedProperty(words);
  if (unsupported !== undefined || kernelRefuses(words)) {
    await session.submitter.settle();
    const objection = await kernelObjection(words, session.backend);
    if (objection === undefined) fail(`not supported yet: ${unsupported}`);
    session.stderr.write(`${objection}\n`);
    return 255;
  }
  const change = toCommand(words);
  if (change !== undefined) {
    await session.submitter.submit(words.command, change);
    return 'submitted';
  }
  await session.submitter.settle();
  if (words.command === 'zero') return zero(words, session);
  if (words.command === 'save') await save(words, session);
  else await list(words, session);
  return 0;
}

async function zero(words: Words, { backend, stderr }: Session): Promise<number> {
  const refusal = await backend.zero(isEverything(words) ? undefined : serviceKey(words.service));
  if (refusal === undefined) return 0;
  stderr.write(`${refusalText('zero', refusal)}\n`);
  return 255;
}

/** For ipvsadm a service of zeros is as good as none. */
function isEverything({ service: { address, port, fwmark } }: Words): boolean {
  if (fwmark !== 0) return false;
  return address === undefined || ((address === '0.0.0.0' || address === '::') && port === 0);
}
