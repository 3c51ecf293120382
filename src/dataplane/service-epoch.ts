/** What ends the time of the copies that CPUs keep of services. */
import type { Maps } from './maps.ts';

/** Begins another epoch: to be called after every change of `services`, before anything rests on it. */
export function serviceEpoch(map: Maps['service_epoch']): () => void {
  const words = new Uint32Array(map.mmap().buffer);
  return () => {
    // 0 is that of copies that are none.
    if (Atomics.add(words, 0, 1) === 0xffffffff) Atomics.add(words, 0, 1);
  };
}
