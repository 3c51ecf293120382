import { describe, expect, it } from 'vitest';
import { applyCommands, emptyModel } from './apply-command.ts';
import type { Command } from './command.ts';
import { fromDocument, toDocument } from './document.ts';
import type { LimitsSpec } from './limits.ts';
import type { Address } from './model.ts';

const KEY = { protocol: 'tcp', address: '192.0.2.1' as Address, port: 80 } as const;

function run(...commands: Command[]) {
  const applied = applyCommands(emptyModel, commands);
  return 'error' in applied ? applied.error : applied.model;
}

function limitsAfter(...commands: Command[]) {
  const model = run(...commands);
  if ('code' in model) throw new Error(model.message);
  return [...model.services.values()][0]?.limits;
}

const add = (limits?: LimitsSpec | null): Command => ({ type: 'service.add', service: { ...KEY, limits } });
const edit = (limits?: LimitsSpec | null): Command => ({ type: 'service.edit', service: { ...KEY, limits } });

describe('limits', () => {
  it('have a burst of one second where none is said, and lists in order', () => {
    expect(limitsAfter(add({ rate: 50, deny: ['10.0.0.0/8', '10.0.0.1', '10.0.0.0/8'] }))).toEqual({
      ...{ rate: 50, burst: 50, sourceRate: 0, sourceBurst: 0, connections: 0, sourceConnections: 0 },
      ...{ allow: [], deny: ['10.0.0.0/8', '10.0.0.1/32'] },
    });
  });

  it('are none where nothing is limited', () => {
    expect(limitsAfter(add({ rate: 0, allow: [] }))).toBeUndefined();
    expect(limitsAfter(add(null))).toBeUndefined();
  });

  it('stay where an edit does not speak of them, as ipvsadm cannot', () => {
    expect(limitsAfter(add({ connections: 7 }), edit())?.connections).toBe(7);
    expect(limitsAfter(add({ connections: 7 }), edit(null))).toBeUndefined();
    expect(limitsAfter(add({ connections: 7 }), edit({ rate: 1 }))).toMatchObject({ connections: 0, rate: 1 });
  });

  it('outlive a document', () => {
    const model = run(add({ rate: 3, burst: 9, allow: ['192.0.2.0/24'], sourceConnections: 2 }));
    if ('code' in model) throw new Error(model.message);
    expect(fromDocument(JSON.parse(JSON.stringify(toDocument(model))))).toEqual({ model });
    const broken = JSON.parse(JSON.stringify(toDocument(model)));
    broken.services[0].limits.allow = ['192.0.2.1/24'];
    expect(fromDocument(broken)).toMatchObject({ error: { path: 'services[0].limits.allow[0]' } });
  });

  it.each<[LimitsSpec, string, string]>([
    [{ rate: 1_000_001 }, 'rate', 'found 1000001, expected an integer from 0 to 1000000'],
    [{ burst: 5 }, 'burst', 'found 5 without a rate, expected a rate'],
    [{ sourceRate: 5, sourceBurst: 0 }, 'sourceBurst', 'found 0, expected an integer from 1 to 10000000'],
    [{ connections: -1 }, 'connections', 'found -1, expected an integer from 0 to 4294967295'],
    [{ allow: ['10.0.0.0/8', '10.0.0.1/8'] }, 'allow[1]', 'found 10.0.0.1/8, expected 10.0.0.0/8 or 10.0.0.1/32'],
    [{ deny: ['2001:db8::/32'] }, 'deny[0]', 'for 192.0.2.1:80/tcp, expected a prefix of IPv4'],
    [{ deny: ['10.0.0.0/33'] }, 'deny[0]', 'found "10.0.0.0/33", expected a prefix like 192.0.2.0/24'],
    [{ allow: ['10.0.0.0/8'], deny: ['10.0.0.0/8'] }, 'deny', 'found 10.0.0.0/8 in both lists'],
  ])('%j are refused', (limits, path, message) => {
    const error = run(add(limits));
    expect(error).toMatchObject({ path: `service.limits.${path}` });
    expect('message' in error && error.message).toContain(message);
  });
});
