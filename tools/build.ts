/**
 * `npm run build`: compiled JavaScript in `dist/`, the protocol files beside it, and the socket
 * shim. What users run: no TypeScript, no tests, no compiler.
 */

import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { toolArguments } from './arguments.ts';
import { giveToOwner, REPOSITORY } from './cache-dir.ts';
import { runStep, TOOL } from './steps.ts';

const DIST = join(REPOSITORY, 'dist');
/** What the daemon reads at run time and no compiler copies: from the root to `dist`. */
const COPIED = ['proto'];
const PROGRAMS = ['bin/godwitd.js', 'bin/godwit.js'];

toolArguments({
  usage: `npm run build

Compiled JavaScript in dist/, with the socket shim. Takes no options.
`,
});

rmSync(DIST, { recursive: true, force: true });
const compiled = await runStep({ name: 'compile', args: [TOOL.tsc, '-p', 'tsconfig.build.json'] });
const shim = await runStep({ name: 'shim', program: 'sh', args: ['tools/build-native.sh'] });
if (compiled.ok && shim.ok) {
  for (const folder of COPIED) {
    cpSync(join(REPOSITORY, folder), join(DIST, folder), { recursive: true });
  }
  const addon = shim.output.trim().split('\n').at(-1)!;
  cpSync(addon, join(DIST, 'godwit_native.node')); // where `io/native.ts` looks first
  for (const program of PROGRAMS) {
    const path = join(DIST, program);
    if (existsSync(path)) chmodSync(path, 0o755);
  }
  giveToOwner(DIST);
  console.log(`built ${DIST}`);
} else process.exitCode = 1;
