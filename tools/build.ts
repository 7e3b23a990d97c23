/**
 * `npm run build`: compiled JavaScript in `dist/`, the protocol files beside it, and the socket shim. What users run: no
 * TypeScript, no tests, no compiler, no `node_modules`. One file a program (decisions 0037, 0038): V8 knows what a
 * constant of the same file is, and loads one text instead of three hundred.
 */

import { chmodSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { toolArguments } from './arguments.ts';
import { licensesOf } from './bundled-licenses.ts';
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
  const modules = new Set<string>();
  for (const program of PROGRAMS) for (const id of await compile(program)) modules.add(id);
  writeFileSync(join(DIST, 'LICENSES.txt'), licensesOf(modules));
  for (const folder of COPIED) {
    cpSync(join(REPOSITORY, folder), join(DIST, folder), { recursive: true });
  }
  const addon = shim.output.trim().split('\n').at(-1)!;
  cpSync(addon, join(DIST, 'godwit_native.node')); // where `io/native.ts` looks first
  giveToOwner(DIST);
  console.log(`built ${DIST}`);
} else process.exitCode = 1;

/**
 * Each by itself: what two programs share would be a third file, and no constant across it.
 *
 * @returns the files that went into it.
 */
async function compile(program: string): Promise<string[]> {
  const bundle = await rolldown({
    input: join(REPOSITORY, 'src/bin', `${program}.ts`),
    platform: 'node',
    // What is not there must not become an import that fails at a user's.
    onLog: (level, log, tell) => {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      tell(level, log);
    },
  });
  const { output } = await bundle.write({
    dir: DIST,
    format: 'esm',
    entryFileNames: 'bin/[name].js',
    // What is loaded when it is asked for only. As deep as `bin`: a file finds the shim beside its folder.
    chunkFileNames: `chunks/${program}-[name].js`,
    sourcemap: true,
    comments: false, // they are in the sources, and would be in the daemon's memory
  });
  await bundle.close();
  const chunks = output.filter((file) => file.type === 'chunk');
  for (const { fileName, code } of chunks) writeFileSync(join(DIST, fileName), asciiOnly(code));
  chmodSync(join(DIST, 'bin', `${program}.js`), 0o755);
  return chunks.flatMap(({ moduleIds }) => moduleIds);
}

/**
 * V8 keeps a text in two octets a letter when one letter of it is not of Latin-1: a megabyte for three arrows. Without
 * comments they stand in literals and names only, where an escape means the same.
 */
function asciiOnly(code: string): string {
  return code.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
