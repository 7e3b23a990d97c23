/**
 * Datagrams to the service manager (sd_notify(3)): `READY=1`, `WATCHDOG=1`, `STATUS=…`, `STOPPING=1`.
 *
 * Node has no Unix datagram sockets, so they go through the shim. A service manager that does not listen is no
 * reason to stop routing: a refusal is a value.
 */

import type { SystemError } from '../base/errors.ts';
import { nativeSockets } from './native.ts';
import { AF_UNIX, encodeUnixSockaddr } from './sockaddr.ts';
import { systemError } from './system-error.ts';

const SOCK_DGRAM = 2;
/** `errno.h`. */
const ENAMETOOLONG = 36;

export class NotifySocket {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** @param path  As `NOTIFY_SOCKET` gives it: absolute, or `@name` for the abstract namespace. */
  static open(path: string): NotifySocket | SystemError {
    const address = encodeUnixSockaddr(path);
    if (address === undefined) return systemError('connect', -ENAMETOOLONG, path);
    const sockets = nativeSockets();
    const fd = sockets.socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0) return systemError('socket', fd);
    const connected = sockets.connect(fd, address);
    if (connected < 0) {
      sockets.close(fd);
      return systemError('connect', connected, path);
    }
    return new NotifySocket(fd);
  }

  /** @param lines  `NAME=value`; control characters in values would be read as further lines. */
  send(...lines: readonly string[]): SystemError | undefined {
    const octets = new TextEncoder().encode(lines.join('\n'));
    const sent = nativeSockets().send(this.#fd, octets, 0, octets.length);
    return sent < 0 ? systemError('send', sent) : undefined;
  }

  close(): void {
    nativeSockets().close(this.#fd);
  }
}
