/**
 * One daemon a state directory: a lock of the kernel's (flock) on a file in it, held as long as the process lives.
 *
 * It ends with the process however that ends, so that no kill -9 leaves a stale one, and it is seen across network
 * namespaces and containers that share the directory. What the file holds is for people only.
 */

import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import type { SystemError } from '../base/errors.ts';
import { nativeSockets } from './native.ts';

const FILE = 'lock';

export interface StateLock {
  /** Somebody else may have the directory. */
  release(): void;
}

/** @param node  Ours; said to whoever comes later. */
export function lockStateDir(directory: string, node: string): StateLock | SystemError {
  const path = join(directory, FILE);
  let fd: number;
  try {
    fd = openSync(path, 'a+', 0o600);
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? 'EIO';
    return { kind: 'SystemError', call: 'open', errno, detail: path };
  }
  const refused = nativeSockets().flock(fd);
  if (refused < 0) {
    const holder = readFileSync(fd, 'utf8').trim();
    closeSync(fd);
    const errno = getSystemErrorName(refused);
    return {
      kind: 'SystemError',
      call: 'flock',
      errno,
      ...(holder === '' ? {} : { detail: holder }),
    };
  }
  ftruncateSync(fd, 0);
  writeSync(fd, `process ${process.pid}, node ${node}\n`);
  return { release: () => closeSync(fd) };
}
