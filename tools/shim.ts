/** The native socket shim of this checkout: every command that starts a daemon from sources builds it first. */

import { join } from 'node:path';
import { REPOSITORY } from './cache-dir.ts';
import { runOk } from './fabric/process.ts';

/** @returns Where it is. Built only when it is older than its sources, in a second. */
export async function buildShim(): Promise<string> {
  const said = await runOk(['sh', join(REPOSITORY, 'tools/build-native.sh')]);
  return said.trim().split('\n').at(-1)!;
}
