/** Whatever a file holds, it is read to its end, and each fault has a place in it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatReport } from './format-fault.ts';
import { loadText } from './testing.ts';

const PIECES = [
  ...['{', '}', '\n', '\n', ' ', '\t', '"', "'", '\\', '#', '!', '\r\n', '$', '=', '@', '~', '(', ')', ','],
  ...['vrrp_instance A', 'virtual_server 192.0.2.1 80', 'real_server 10.0.0.1 80', 'virtual_ipaddress', '192.0.2.9/24'],
  ...['priority 5', 'interface eth0', 'TCP_CHECK', 'HTTP_GET', 'url', 'global_defs', 'vrrp_script s', 'script "/x y"'],
  ...['track_script', 'weight -3', 'include x.conf', 'include y.conf', 'virtual_server_group G', '192.0.2.1-9 80-90'],
  ...[
    '$A=1',
    '$A=$B',
    '$B= \\\n',
    `$\{A}`,
    '$B',
    '@lvs1',
    '@^lvs1',
    '~SEQ(N,1,3)',
    '~LST(N,a,b)',
    '$N',
    `$\{_RANDOM 1 2}`,
  ],
  ...['state', 'auth_type', 'virtual_routes', 'default via', 'foo', '\u0000', '\uFEFF', 'é'],
];
const text = fc.array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ maxLength: 4 })), {
  maxLength: 60,
});

it('reads anything', () => {
  fc.assert(
    fc.property(text, text, (pieces, more) => {
      const loaded = loadText(pieces.join(' '), { 'y.conf': more.join(' ') });
      expect(formatReport('x.conf', loaded)).toContain('the file can');
      for (const { at } of loaded.faults) {
        const lines = loaded.sources
          .get(at.file)!
          .replace(/^\uFEFF/, '')
          .split(/\r\n|\n|\r/);
        expect(at.line).toBeLessThanOrEqual(lines.length);
        expect(at.column).toBeLessThanOrEqual(lines[at.line - 1]!.length + 1);
      }
    }),
    { numRuns: 500, seed: 4 },
  );
});
