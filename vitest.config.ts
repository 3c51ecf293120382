import { defineConfig } from 'vitest/config';

/** What needs root, namespaces or BPF: everything under test/, and *.kernel.test.ts beside the packages. */
const KERNEL = ['test/**/*.test.ts', '{src,scripts,packages/*/{src,test}}/**/*.kernel.test.ts'];

/** Without root, but too long for `make check`: they run with the kernel's. */
const LONG = ['src/api/garbage.test.ts', 'packages/libbpf-ts/test/hostile.unit.test.ts'];

export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        extends: true,
        // Bundled by vite, so it has to know that our own packages are read from their sources.
        resolve: { conditions: ['source'] },
        ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
        test: {
          name: 'unit',
          // No file leaves anything behind in its worker; a fresh one for each would cost more than the tests.
          isolate: false,
          include: ['{src,scripts,packages/*/{src,test}}/**/*.test.ts', 'test/**/*.unit.test.ts'],
          exclude: [...LONG, '**/*.kernel.test.ts', '**/node_modules/**'],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        resolve: { conditions: ['source'] },
        ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
        test: {
          name: 'kernel',
          include: [...KERNEL, ...LONG],
          exclude: ['test/**/*.unit.test.ts', '**/node_modules/**'],
          // Labs and loaders share two CPUs and one kernel with what they measure.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
