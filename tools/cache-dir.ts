/**
 * Where tools may keep what can be thrown away: `.cache` in the checkout, or the user's own cache
 * when the checkout belongs to somebody else. Invariant: a first run as root leaves nothing that
 * stops a later run as an ordinary user.
 */

import {
  accessSync,
  constants,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  statSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

/** The root of this checkout. */
export const REPOSITORY: string = resolve(import.meta.dirname, '..');

/**
 * A writable folder for `purpose`, made when it is missing: under `.cache` wherever that works.
 *
 * @param root  The checkout; another one in tests.
 */
export function cacheDir(purpose: string, root = REPOSITORY): string {
  const own = join(root, '.cache', purpose);
  if (madeWritable(own)) return own;
  const user = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const checkout = basename(root);
  const fallbacks = [
    join(user, 'godwit', checkout, purpose),
    join(tmpdir(), `godwit-${process.getuid?.() ?? 0}`, checkout, purpose),
  ];
  for (const folder of fallbacks) if (madeWritable(folder)) return folder;
  throw new Error(`No writable cache folder: tried ${[own, ...fallbacks].join(', ')}`);
}

/**
 * Gives a folder that root has written to, with all that is in it, to the owner of the checkout, so
 * that they can change and delete it. Nothing happens for anyone but root, nor for what is missing.
 */
export function giveToOwner(path: string): void {
  if (process.getuid?.() !== 0 || !existsSync(path)) return;
  const { uid, gid } = statSync(REPOSITORY);
  if (uid === 0) return;
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' })) {
    lchownSync(join(path, name), uid, gid);
  }
  lchownSync(path, uid, gid);
}

function madeWritable(folder: string): boolean {
  try {
    const first = mkdirSync(folder, { recursive: true });
    if (first?.startsWith(REPOSITORY)) giveToOwner(first);
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    // Whatever the file system answers (EACCES, EROFS, ENOTDIR): this place will not do.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}
