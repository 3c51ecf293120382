import { expect, it } from 'vitest';
import { emptyModel } from './apply-command.ts';
import type { Command, LocalAddressSpec } from './command.ts';
import { applyFile, type FileShare, NO_SHARE, shareOf } from './file-share.ts';
import { localAddressText } from './local-addresses.ts';
import type { Address, Model, ServiceKey } from './model.ts';
import { commanded } from './testing.ts';

const key = (n: number): ServiceKey => ({ protocol: 'tcp', address: `192.0.2.${n}` as Address, port: 80 });
const local = (last: number, service?: number, lastPort?: number): LocalAddressSpec => ({
  address: `10.0.0.${last}` as Address,
  service: service === undefined ? null : key(service),
  lastPort,
});

/** Services 1 and 2, and these local addresses. */
function share(localAddresses: readonly LocalAddressSpec[], services = [1, 2]): FileShare {
  const made = shareOf({ services: services.map((n) => ({ ...key(n), servers: [] })), localAddresses });
  if ('error' in made) throw new Error(made.error.message);
  return made.share;
}

/** `10.0.0.1 of 192.0.2.1:80/tcp` as `1 of 1`, with the last port where it is another. */
function text({ localAddresses }: Model): string[] {
  return localAddresses.map((each) => {
    const name = localAddressText(each)
      .replace('10.0.0.', '')
      .replace(/192\.0\.2\.(\d+):80\/tcp/, '$1');
    return each.lastPort === 65535 ? name : `${name} to ${each.lastPort}`;
  });
}

const add = (spec: LocalAddressSpec): Command => ({ type: 'local.add', local: spec });
const remove = (spec: LocalAddressSpec): Command => ({ type: 'local.delete', local: spec });
const BEFORE = [local(1), local(2, 1), local(3, 2)];

it.each<[string, LocalAddressSpec[], Command[], string[]]>([
  ['come and go', [local(1), local(4, 1), local(3, 2)], [], ['1', '3 of 2', '4 of 1']],
  ['get other ports', [local(1), local(2, 1, 2047), local(3, 2)], [], ['1', '2 of 1 to 2047', '3 of 2']],
  ['stand beside those of commands', [...BEFORE, local(5)], [add(local(9))], ['1', '2 of 1', '3 of 2', '9', '5']],
  ['stay away where a command deleted them', BEFORE, [remove(local(2, 1))], ['1', '3 of 2']],
  ['take over what a command made', [...BEFORE, local(9)], [add(local(9))], ['1', '2 of 1', '3 of 2', '9']],
])('of a file %s', (_title, after, commands, expected) => {
  const running = commanded(applyFile(emptyModel, NO_SHARE, share(BEFORE), 'changed'), commands);
  expect(text(applyFile(running, share(BEFORE), share(after), 'changed'))).toEqual(expected);
});

it('of a file come back with a service that a command had deleted', () => {
  const running = commanded(applyFile(emptyModel, NO_SHARE, share(BEFORE), 'changed'), [
    { type: 'service.delete', service: key(2) },
  ]);
  expect(text(running)).toEqual(['1', '2 of 1']);
  expect(text(applyFile(running, share(BEFORE), share(BEFORE), 'changed'))).toEqual(['1', '2 of 1']);
  expect(text(applyFile(running, share(BEFORE), share(BEFORE), 'named'))).toEqual(['1', '2 of 1', '3 of 2']);
});

it('of a file are alone at the start of a file with lvs_flush', () => {
  const running = commanded(emptyModel, [add(local(9))]);
  expect(text(applyFile(running, NO_SHARE, share(BEFORE), 'alone'))).toEqual(['1', '2 of 1', '3 of 2']);
});

it('of a file go with its services', () => {
  const running = applyFile(emptyModel, NO_SHARE, share(BEFORE), 'changed');
  expect(text(applyFile(running, share(BEFORE), share([local(1)], []), 'changed'))).toEqual(['1']);
});

it('of a file push out those of commands where a pool is full', () => {
  const running = commanded(emptyModel, [add(local(201)), add(local(202))]);
  const many = Array.from({ length: 63 }, (_, i) => local(i + 1));
  const after = applyFile(running, NO_SHARE, share(many), 'changed');
  expect([after.localAddresses.length, text(after)[0]]).toEqual([64, '201']);
});

it('are the same list where a reload changes none', () => {
  const running = applyFile(emptyModel, NO_SHARE, share(BEFORE), 'changed');
  expect(applyFile(running, share(BEFORE), share(BEFORE), 'changed').localAddresses).toBe(running.localAddresses);
  const again = applyFile(running, share(BEFORE), share([...BEFORE, local(4)]), 'changed').localAddresses;
  expect(again.slice(0, 3).every((each, i) => each === running.localAddresses[i])).toBe(true);
});
