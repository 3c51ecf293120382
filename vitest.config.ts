import { defineConfig } from 'vitest/config';

/** What needs root, namespaces or BPF: everything under test/, and *.kernel.test.ts beside the packages. */
const KERNEL = ['test/**/*.test.ts', '{src,scripts,packages/*/{src,test}}/**/*.kernel.test.ts'];

/** Without root, but too long for `make check`: they run with the kernel's. */
const LONG = ['src/api/garbage.test.ts', 'packages/libbpf-ts/test/hostile.unit.test.ts'];

/** Those that measure time, or take both CPUs: nothing runs beside them. */
const ALONE = [
  'test/bpf/{stress*,model/differential}.test.ts',
  'test/daemon/{performance,vrrp}.test.ts',
  'test/interop/*.test.ts',
  'test/netns/{crash,flood,fullnat,pairs,sync}.test.ts',
  'test/vrrp/*.test.ts',
];

const NEVER = ['test/**/*.unit.test.ts', '**/node_modules/**'];

/** Of projects with the kernel's tests; `order`: those of a lower one run first. */
function kernel(name: string, order: number, workers: number, include: string[], exclude: string[]) {
  return {
    extends: true as const,
    // Bundled by vite, so it has to know that our own packages are read from their sources.
    resolve: { conditions: ['source'] },
    ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
    test: {
      name,
      include,
      exclude: [...exclude, ...NEVER],
      maxWorkers: workers,
      // Where two files share the CPUs, what is waited for may take longer.
      env: { XLB_PATIENCE: process.env['XLB_PATIENCE'] ?? String(workers) },
      sequence: { groupOrder: order },
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  };
}

export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        extends: true,
        resolve: { conditions: ['source'] },
        ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
        test: {
          name: 'unit',
          // No file leaves anything behind in its worker; a fresh one for each would cost more than the tests.
          isolate: false,
          include: ['{src,scripts,packages/*/{src,test}}/**/*.test.ts', 'test/**/*.unit.test.ts'],
          exclude: [...LONG, '**/*.kernel.test.ts', '**/node_modules/**'],
          // None takes more than a few seconds, unless others have the CPUs.
          testTimeout: 60_000,
        },
      },
      kernel('kernel', 1, 2, [...KERNEL, ...LONG], ALONE),
      kernel('kernel-alone', 2, 1, ALONE, []),
    ],
  },
});
