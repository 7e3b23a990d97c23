/** The quick checks that `npm run ok` is made of and `npm test` begins with. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from './cache-dir.ts';
import { type Case, NO_RESULTS, type Results, readResults } from './results.ts';
import { runSideBySide, runStep, type Step, TOOL, vitestRun } from './steps.ts';

/** Format, lint, types, structure, documents, unit and property tests; counted in test cases. */
export async function quickChecks(): Promise<Results> {
  // The shim first: some unit tests load it. Everything else side by side.
  const shim = await runStep({
    name: 'shim',
    program: 'sh',
    args: ['tools/build-native.sh'],
    remedy: 'npm run build:native',
  });
  const report = join(cacheDir('reports'), 'unit.json');
  rmSync(report, { force: true }); // never count the report of an earlier run
  const [unit, ...others] = await runSideBySide([unitTests(report), ...STATIC]);
  const tests = readResults('unit tests', report);
  // An exit code that the report does not explain is a failure of its own.
  const unexplained = !unit!.ok && tests.failed.length === 0 ? [unit!] : [];
  const failed: Case[] = [shim, ...others, ...unexplained]
    .filter(({ ok }) => !ok)
    .map(({ name }) => ({ name, reason: 'see above' }));
  return { ...NO_RESULTS, ...tests, failed: [...failed, ...tests.failed] };
}

const STATIC: readonly Step[] = [
  {
    name: 'format+lint',
    args: [TOOL.biome, 'ci', '--error-on-warnings', '--colors=off', '--max-diagnostics=50', '.'],
    remedy: 'npm run format mends what can be mended without thought',
  },
  { name: 'types', args: [TOOL.tsc, '--noEmit', '-p', '.'] },
  { name: 'structure', args: ['tools/tidy/main.ts'], remedy: 'npm run tidy' },
  { name: 'documents', args: ['tools/docs.ts', '--check'], remedy: 'npm run docs' },
  { name: 'reference', args: ['tools/reference/main.ts', '--check'], remedy: 'npm run docs' },
];

function unitTests(report: string): Step {
  return {
    name: 'unit tests',
    args: vitestRun('unit', 'dot', report),
    remedy: 'npx vitest run --project unit <file>',
  };
}
