/** The place of a Unix socket: its directory, its name, and that no other daemon answers there. */

import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { SystemError } from '../../base/errors.ts';

/** Owner and group may talk to the daemon. */
export const SOCKET_MODE = 0o660;
/** sockaddr_un's sun_path without its terminating zero. */
const SOCKET_PATH_OCTETS_MAX = 107;

/**
 * The directory is there and the name is free, or why not. A socket that nobody answers on is removed.
 *
 * @param setting  The key of godwit.yaml that names the place, for the remedy.
 */
export async function makeRoom(path: string, setting: string): Promise<SystemError | undefined> {
  if (Buffer.byteLength(path) > SOCKET_PATH_OCTETS_MAX) {
    const detail = `${path} is longer than the ${SOCKET_PATH_OCTETS_MAX} octets of a socket's name; set ${setting}`;
    return bindError('ENAMETOOLONG', detail);
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const present = lstatSync(path, { throwIfNoEntry: false });
    if (present === undefined) return undefined;
    if (!present.isSocket()) {
      const detail = `${path} is there and is no socket; move it away or set ${setting}`;
      return bindError('EEXIST', detail);
    }
    if (await answers(path)) {
      const detail = `another daemon answers on ${path}; stop it or set ${setting}`;
      return bindError('EADDRINUSE', detail);
    }
    rmSync(path, { force: true });
    return undefined;
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? 'EIO';
    return bindError(errno, `${path}: ${errno}; mind the permissions or set ${setting}`);
  }
}

export function bindError(errno: string, detail: string): SystemError {
  return { kind: 'SystemError', call: 'bind', errno, detail };
}

/** Whether somebody listens on the Unix socket. Only a refusal says that nobody does. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}
