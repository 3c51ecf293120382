// Calls every method with arguments that make no sense; run by the hostile tests in a process of
// its own. Arguments: number of calls, "kernel" to do it to real maps and programs too.

import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { fakeMap } from '../../src/fake-map.ts';
import * as library from '../../src/index.ts';
import { compile } from '../compile.ts';
import { spec } from '../layouts.ts';
import { Random } from '../random.ts';

const { BpfError, BpfMap, BpfObject, BpfProgram, XdpLink } = library;
const [, , count = '10000', target = 'fake'] = process.argv;
const random = new Random(7);
const path = compile('maps');
const file = readFileSync(path);

const summary = { calls: 0, answered: 0, refused: 0, typeErrors: 0, strange: [] as string[] };

while (summary.calls < Number(count)) round();
console.log(JSON.stringify(summary));

function round(): void {
  const subjects: object[] = [new BpfMap(fakeMap(spec()), spec()), library.probe, library.codec(spec().value, 'x')];
  const object = BpfObject.open(file, { name: 'garbage' });
  subjects.push(object);
  if (target === 'kernel') {
    object.load();
    for (const name of object.mapNames) subjects.push(object.map(name));
    for (const { name } of object.programs) subjects.push(object.program(name));
    subjects.push(library.ringBuffer(object.map('events')));
  }
  for (let i = 0; i < 500; i++) {
    if (random.below(4) === 0) callFunction();
    else callMethod(random.pick(subjects));
  }
  object.close();
}

function callFunction(): void {
  const functions: [string, (...args: never[]) => unknown][] = [
    ['BpfObject.open', BpfObject.open],
    ['BpfMap.create', (...args) => (BpfMap.create as (...all: unknown[]) => library.BpfMap)(...args).close()],
    ['BpfMap.openPinned', BpfMap.openPinned],
    ['BpfMap.fromId', BpfMap.fromId],
    ['BpfProgram.openPinned', BpfProgram.openPinned],
    ['BpfProgram.fromId', BpfProgram.fromId],
    ['XdpLink.attach', XdpLink.attach],
    ['XdpLink.openPinned', XdpLink.openPinned],
    ['xdpAttach', library.xdpAttach],
    ['xdpDetach', library.xdpDetach],
    ['xdpQuery', library.xdpQuery],
    ['xdpContext', library.xdpContext],
    ['fakeMap', library.fakeMap],
    ['readObjectSpec', library.readObjectSpec],
    ['layoutHash', library.layoutHash],
    ['ringBuffer', library.ringBuffer],
  ];
  const [name, act] = random.pick(functions);
  attempt(name, act);
}

function callMethod(subject: object): void {
  const methods = methodsOf(subject);
  const name = random.pick(methods);
  attempt(`${subject.constructor.name}.${name}`, (...args: never[]) => {
    const method = Reflect.get(subject, name);
    if (typeof method !== 'function') return;
    const answer = method.apply(subject, args);
    // Iterators do nothing until they are asked.
    if (typeof answer?.next === 'function' && name !== 'return') answer.next();
    else if (typeof answer?.then === 'function') answer.then(undefined, () => {});
  });
}

// Waiting and closing too often would leave nothing to call.
function methodsOf(subject: object): string[] {
  const own = Object.keys(subject);
  const prototype = Object.getPrototypeOf(subject);
  const inherited = prototype === Object.prototype ? [] : Object.getOwnPropertyNames(prototype);
  const names = [...own, ...inherited].filter((name) => name !== 'constructor' && name !== 'next');
  return random.below(50) === 0 ? names : names.filter((name) => name !== 'close' && name !== 'return');
}

function attempt(name: string, act: (...args: never[]) => unknown): void {
  const args = Array.from({ length: random.below(5) }, garbage);
  summary.calls++;
  try {
    act(...(args as never[]));
    summary.answered++;
  } catch (error) {
    if (error instanceof BpfError) summary.refused++;
    else if (error instanceof TypeError) summary.typeErrors++;
    else summary.strange.push(`${name}(${args.map(describe).join(', ')}): ${(error as Error).stack}`);
  }
}

function describe(value: unknown): string {
  return inspect(value).slice(0, 40);
}

// No XDP mode and no path of a real pin: nothing here may reach an interface.
function garbage(): unknown {
  const makers: (() => unknown)[] = [
    () => undefined,
    () => null,
    () => random.below(2) === 0,
    () => random.pick([0, 1, -1, 3, 1.5, Number.NaN, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 31), Number.POSITIVE_INFINITY]),
    () => random.pick([0n, 1n, -1n, 1n << 64n]),
    () => random.pick(['', 'x', 'hash', 'any', 'noexist', '\0', '/nowhere/x', 'name'.repeat(2000), '__proto__']),
    () => Buffer.alloc(random.pick([0, 1, 4, 8, 16, 14, 64, 5000])),
    () => new Uint32Array(random.below(4)),
    () => new ArrayBuffer(4),
    () => [],
    () => [[1, 2]],
    () => ({}),
    () => ({ dataIn: Buffer.alloc(64), repeat: random.below(3), name: 'x', maxEntries: random.next() }),
    () => ({ type: 'array', name: 'x', keySize: 4, valueSize: random.below(16), maxEntries: random.below(64) }),
    () => Object.create(null),
    () => Symbol('x'),
    () => () => 1,
    () => new Proxy({}, {}),
    () => detached(),
  ];
  return random.pick(makers)();
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(4);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}
