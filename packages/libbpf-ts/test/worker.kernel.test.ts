import { expect, it } from 'vitest';
import { runChild } from './child.ts';
import { compile } from './compile.ts';

it('workers and the process end cleanly with everything open', async () => {
  const { code, signal, stdout, stderr } = await runChild('worker', [compile('maps')]);
  expect({ code, signal, stdout: stdout.trim(), stderr }).toMatchObject({
    code: 0,
    signal: null,
    stdout: '{"finished":12}',
  });
});
