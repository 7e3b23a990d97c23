/**
 * `npm run build`: compiled JavaScript in `dist/`, the protocol files beside it, and the socket shim. What users run: no
 * TypeScript, no tests, no compiler. One file a program (decision 0037): V8 knows what a constant of the same file is.
 */

import { chmodSync, cpSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { rolldown } from 'rolldown';
import { toolArguments } from './arguments.ts';
import { giveToOwner, REPOSITORY } from './cache-dir.ts';
import { runStep } from './steps.ts';

const DIST = join(REPOSITORY, 'dist');
/** What the daemon reads at run time and no compiler copies: from the root to `dist`. */
const COPIED = ['proto'];
/** Each a file of `src/bin`. */
const PROGRAMS = ['godwitd', 'godwit', 'planner'];

toolArguments({
  usage: `npm run build

Compiled JavaScript in dist/, with the socket shim. Takes no options.
`,
});

rmSync(DIST, { recursive: true, force: true });
const shim = await runStep({ name: 'shim', program: 'sh', args: ['tools/build-native.sh'] });
if (shim.ok) {
  for (const program of PROGRAMS) await compile(program);
  for (const folder of COPIED) {
    cpSync(join(REPOSITORY, folder), join(DIST, folder), { recursive: true });
  }
  const addon = shim.output.trim().split('\n').at(-1)!;
  cpSync(addon, join(DIST, 'godwit_native.node')); // where `io/native.ts` looks first
  giveToOwner(DIST);
  console.log(`built ${DIST}`);
} else process.exitCode = 1;

/** Each by itself: what two programs share would be a third file, and no constant across it. Libraries stay outside. */
async function compile(program: string): Promise<void> {
  const bundle = await rolldown({
    input: join(REPOSITORY, 'src/bin', `${program}.ts`),
    platform: 'node',
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
  });
  await bundle.write({
    dir: DIST,
    format: 'esm',
    entryFileNames: 'bin/[name].js',
    // What is loaded when it is asked for only. As deep as `bin`: a file finds the shim beside its folder.
    chunkFileNames: `chunks/${program}-[name].js`,
    sourcemap: true,
  });
  await bundle.close();
  chmodSync(join(DIST, 'bin', `${program}.js`), 0o755);
}
