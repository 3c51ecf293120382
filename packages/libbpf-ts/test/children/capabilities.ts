// Does the daemon's work with the capabilities that it was started with; run by
// capabilities.kernel.test.ts. Arguments: the object, a directory in a BPF file system, veth0's
// index. Prints what it saw as JSON.

import { BpfMap, BpfObject, BpfProgram, probe, XdpLink } from '../../src/index.ts';
import { thrown } from '../layouts.ts';

const [, , path = '', pins = '', index = ''] = process.argv;
const ifindex = Number(index);

function work(): Record<string, unknown> {
  using object = BpfObject.open(path, { maps: { hash: { pinPath: `${pins}/hash` } } });
  object.load();
  object.program('count').pin(`${pins}/count`);
  using program = BpfProgram.openPinned(`${pins}/count`);
  using map = BpfMap.openPinned(`${pins}/hash`, { spec: object.mapSpec('hash') });
  map.set(1, { count: 1n, sum: 1, note: Buffer.alloc(3) });
  using link = XdpLink.attach({ program, ifindex, mode: 'native' });
  link.pin(`${pins}/link`);
  using again = XdpLink.openPinned(`${pins}/link`);
  again.update(program);
  using reuse = BpfObject.open(path, { maps: { hash: { pinPath: `${pins}/hash` } } });
  reuse.load();
  return {
    layoutCheck: map.layoutCheck,
    verdict: program.testRun({ dataIn: Buffer.alloc(64) }).retval,
    memory: object.map('shared').mmap().length,
    reused: reuse.map('hash').getBatch().length,
    attached: again.info().ifindex === ifindex,
    byId: thrown(() => BpfMap.fromId(map.info().id)).message,
  };
}

try {
  console.log(JSON.stringify(work()));
} catch (error) {
  const { code, message } = error as { code: string; message: string };
  const acts = [() => probe.mapType('hash'), () => probe.programType('xdp'), () => probe.feature('ring_buffer')];
  const probes = acts.map(answer);
  console.log(JSON.stringify({ code, message, probes }));
}

function answer(act: () => boolean): boolean | string {
  try {
    return act();
  } catch (error) {
    return (error as { code: string }).code;
  }
}
