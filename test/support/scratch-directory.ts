/** A directory of the running test, gone when the test is over. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Its absolute path. `name` says whose it is, to whoever finds one while a test runs. */
export function scratchDirectory(name: string): string {
  const path = mkdtempSync(join(tmpdir(), `godwit-${name}-`));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
