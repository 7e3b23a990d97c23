/** User-mode Linux: on this machine, or unpacked from its Debian package into the cache. Nothing is installed. */

import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { cacheDir, giveToOwner } from '../cache-dir.ts';
import { Unpacker } from '../peers/debian.ts';

const PACKAGE = 'user-mode-linux';

export interface UserModeLinux {
  readonly kernel: string;
  /** The folder with `kernel/` in it. */
  readonly modules: string;
}

/** @throws {PackageError} when there is none and the package cannot be had. */
export function findUserModeLinux(): UserModeLinux {
  const installed = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'linux.uml'))
    .find(isProgram);
  if (installed !== undefined) {
    const found = { kernel: installed, modules: modulesBelow('/usr/lib/uml/modules') };
    if (found.modules !== '') return found;
  }
  const root = cacheDir('uml');
  if (!existsSync(join(root, 'usr/bin/linux.uml'))) unpack(root);
  return {
    kernel: join(root, 'usr/bin/linux.uml'),
    modules: modulesBelow(join(root, 'usr/lib/uml/modules')),
  };
}

/** Aside, then into place: half an unpacking is never used. */
function unpack(root: string): void {
  const scratch = `${root}.${process.pid}`;
  mkdirSync(cacheDir('peers/packages'), { recursive: true });
  new Unpacker(cacheDir('peers/packages')).unpack(PACKAGE, scratch);
  rmSync(root, { recursive: true, force: true });
  renameSync(scratch, root);
  giveToOwner(root);
}

function modulesBelow(folder: string): string {
  const [version] = existsSync(folder) ? readdirSync(folder).sort().reverse() : [];
  return version === undefined ? '' : join(folder, version);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not ours to run
  }
}
