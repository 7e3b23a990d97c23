/** Caches go to the checkout where that works, and to the user's own folder otherwise. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { cacheDir } from './cache-dir.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'godwit-cache-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it('uses .cache of the checkout', () => {
  expect(cacheDir('a/b', folder)).toBe(join(folder, '.cache/a/b'));
  expect(existsSync(join(folder, '.cache/a/b'))).toBe(true);
});

it('falls back to the cache of the user, by the name of the checkout', () => {
  // A file where the folder should be stops everybody, root included.
  writeFileSync(join(folder, '.cache'), '');
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'xdg'));
  const expected = join(folder, 'xdg/godwit', folder.split('/').at(-1)!, 'a');
  expect(cacheDir('a', folder)).toBe(expected);
  expect(existsSync(expected)).toBe(true);
});
