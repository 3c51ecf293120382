import { expect, it } from 'vitest';
import { runChild } from './child.ts';

const env = { MALLOC_PERTURB_: '165' };

it('damaged objects that open may also be loaded', async () => {
  const { code, signal, stdout } = await runChild('hostile', [50_000, 500, '/dev/null', 'load'], { env });
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  const summary = JSON.parse(stdout) as { loaded: number; strange: string[] };
  expect(summary.strange).toEqual([]);
  expect(summary.loaded).toBeGreaterThan(20);
});

it('real maps and programs survive arguments that make no sense', async () => {
  const { code, signal, stdout, stderr } = await runChild('garbage', [5000, 'kernel'], { env });
  expect({ code, signal, stderr }).toMatchObject({ code: 0, signal: null });
  expect((JSON.parse(stdout) as { strange: string[] }).strange).toEqual([]);
});
