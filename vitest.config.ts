/**
 * Two projects: `unit` (milliseconds, side by side, anywhere) and `system` (real sockets, kernels
 * and peers; one file at a time, nothing is tried twice). Invariant: every `*.test.ts` of the tree
 * belongs to exactly one of them.
 */

import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { cacheDir } from './tools/cache-dir.ts';

const SYSTEM = ['test/system/**/*.test.ts', 'test/interop/**/*.test.ts'];

export default defineConfig({
  cacheDir: cacheDir('vitest'),
  test: {
    globals: false,
    retry: 0,
    fsModuleCachePath: cacheDir('vitest/modules'),
    passWithNoTests: false,
    // Hundreds of daemons, clients and tools are started: what Node makes of our TypeScript is made once.
    env: { NODE_COMPILE_CACHE: cacheDir('node-compile') },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{src,tools,bench,test}/**/*.test.ts'],
          exclude: [...SYSTEM, '**/node_modules/**'],
          // Files share a worker's modules: half of the time was loading them anew for each file (69 s → 29 s on
          // two cores). What a file changes outside itself it puts back; shuffled runs prove it.
          isolate: false,
          // Vitest leaves one core to others; on two that is a third of the time (63 → 42 s).
          maxWorkers: availableParallelism(),
          // ms; a unit test that needs more belongs in `system`, and properties at night have no end but their own.
          testTimeout: process.env['GODWIT_PROPERTY_FACTOR'] === undefined ? 10_000 : 0,
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: SYSTEM,
          // Namespaces, ports and the two cores of a small machine are shared: one file at a time.
          fileParallelism: false,
          testTimeout: 120_000, // ms; peers such as GoBGP wait seconds before they connect
          hookTimeout: 120_000, // ms; setup starts several daemons
          maxConcurrency: 6, // cells of the interop matrix at a time
        },
      },
    ],
  },
});
