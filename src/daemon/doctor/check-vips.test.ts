import { expect, test } from 'vitest';
import { HEALTHY, HELD } from '../../../test/api/fake-doctor.ts';
import { BACKUP, FAULT, MASTER } from '../../../test/api/fake-vrrp.ts';
import type { VrrpBody } from '../../api/controller.ts';
import { checkVips } from './check-vips.ts';
import type { VipFacts } from './facts.ts';

const OTHER = { mac: '02:00:00:00:00:02', address: '10.0.0.2', isRealServer: false };
const THIRD = { mac: '02:00:00:00:00:03', address: null, isRealServer: false };
const NOT_HERE = { heldOn: [] };
const UNASKED = { others: null, unasked: 'it is on no network of this machine', device: null };
const of = (instance: VrrpBody['instances'][number]) => ({ ...instance, name: 'VI_1' });
const HEARS = {
  ...MASTER,
  since: '2026-11-23T19:00:00.000Z',
  peers: [{ address: BACKUP.peers[0]!.address, priority: 7, heard_at: '2026-11-23T19:50:01.900Z' }],
};

test.each<[string, Partial<VipFacts>, VrrpBody['instances'][number] | null, string, RegExp]>([
  ['MASTER holds it', {}, MASTER, 'ok vip', /held here on eth0 \(VI_1 is MASTER\); nobody else answers/],
  ['MASTER does not', NOT_HERE, MASTER, 'fail vip-missing', /is MASTER, but it is held nowhere/],
  ['another does instead', { ...NOT_HERE, others: [OTHER] }, MASTER, 'fail vip-missing', /held by 10\.0\.0\.2 \(MAC/],
  ['MASTER holds it, and nobody can be asked', UNASKED, MASTER, 'ok vip', /others were not asked: it is on no network/],
  [
    'two MASTERs that do not hear each other',
    { others: [OTHER] },
    MASTER,
    'fail vip-two-holders',
    /2 hold it: this director \(eth0\) and 10\.0\.0\.2 .*hears no advertisement.*\(IP protocol 112, VRID 51\) is cut/,
  ],
  ['two MASTERs that do', { others: [OTHER] }, HEARS, 'fail vip-two-holders', /both are MASTER of VI_1, and adv/],
  ['BACKUP', { ...NOT_HERE, others: [OTHER] }, of(BACKUP), 'ok vip', /held by 10\.0\.0\.2 .*; VI_1 is BACKUP here$/],
  ['BACKUP, and nobody holds it', NOT_HERE, of(BACKUP), 'fail vip-unheld', /nobody answers for it \(VI_1 is BACKUP/],
  ['two others', { ...NOT_HERE, others: [OTHER, THIRD] }, of(BACKUP), 'fail vip-two-holders', /and MAC 02:.*:03$/],
  ['FAULT, and still held', {}, of(FAULT), 'fail vip-left', /held here on eth0, although VI_1 is FAULT/],
  ['BACKUP, held here too', { others: [OTHER] }, of(BACKUP), 'fail vip-two-holders', /although VI_1 is BACKUP here/],
  ['BACKUP that cannot ask', { ...NOT_HERE, ...UNASKED }, of(BACKUP), 'skip vip', /nobody was asked for it/],
  ['no instance, held here', {}, null, 'ok vip', /held here on eth0; nobody else answers/],
  ['no instance, held by another', { ...NOT_HERE, others: [OTHER] }, null, 'warn vip-elsewhere', /and not here/],
  ['no instance, two hold it', { others: [OTHER] }, null, 'fail vip-two-holders', /no VRRP instance here decides/],
  ['no instance, held by nobody', NOT_HERE, null, 'warn vip-unheld', /nobody answers for it on the network of eth0/],
  ['no instance, of no network', { ...NOT_HERE, ...UNASKED }, null, 'skip vip', /not held here, and nobody was asked/],
  [
    'a real server that does not keep silent',
    { others: [{ ...OTHER, isRealServer: true }] },
    MASTER,
    'fail vip-real-server',
    /the real server 10\.0\.0\.2 .* clients go past this director/,
  ],
])('%s', (_, vip, instance, finding, text) => {
  const facts = {
    ...HEALTHY,
    instances: instance === null ? [] : [instance],
    vips: [{ ...HELD, ...vip, instance: instance === null ? null : 'VI_1' }],
  };
  const [check] = checkVips(facts);
  expect(`${check?.state} ${check?.id}`).toBe(finding);
  expect(check?.text).toMatch(text);
  expect(check?.next === null).toBe(check?.state === 'ok' || check?.state === 'skip');
});

test('the next step of each family', () => {
  const six = { ...HELD, address: '2001:db8::1' as VipFacts['address'] };
  const server = { ...OTHER, isRealServer: true };
  const next = (vip: VipFacts) => checkVips({ ...HEALTHY, vips: [vip] })[0]!.next;
  expect(next({ ...HELD, others: [server] })).toMatch(/^on 10\.0\.0\.2: sysctl -w .*arp_ignore=1 .*arp_announce=2$/);
  expect(next({ ...six, others: [server] })).toBe('on 10.0.0.2: ip addr add 2001:db8::1/128 dev lo');
  expect(next({ ...six, instance: null, heldOn: [] })).toBe('ip addr add 2001:db8::1/128 dev eth0');
});
