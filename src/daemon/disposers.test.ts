import { describe, expect, it } from 'vitest';
import { Disposers } from './disposers.ts';

describe('Disposers', () => {
  it('stop in reverse order, all of them, once', async () => {
    const disposers = new Disposers();
    const stopped: string[] = [];
    disposers.add('a', () => void stopped.push('a'));
    disposers.add('b', () => Promise.reject(new Error('no')));
    disposers.use('c', { [Symbol.dispose]: () => stopped.push('c') });
    const faults = await disposers.dispose();
    await disposers.dispose();
    expect(stopped).toEqual(['c', 'a']);
    expect(faults).toEqual([{ name: 'b', error: new Error('no') }]);
  });
});
