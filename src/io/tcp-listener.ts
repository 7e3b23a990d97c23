/**
 * A listening TCP socket, shared by all peers of a family: full backlog, MD5 keys by peer or prefix, and every
 * caller handed over unread.
 *
 * Invariant: it sends TTL 255 always, since the kernel answers a SYN before anyone can know whose it is
 * (RFC 5082 §3: GTSM peers drop less); the minimum TTL is set on the accepted connection.
 */

import type { SystemError } from '../base/errors.ts';
import { type IpAddress, ipFamily } from '../net/ip-address.ts';
import type { Prefix } from '../net/prefix.ts';
import { AddressFamily } from '../netlink/codes.ts';
import { Errno } from '../netlink/errno.ts';
import { nativeSockets, PollEvents, type PollHandle } from './native.ts';
import {
  decodeSockaddr,
  type Endpoint,
  encodeSockaddr,
  formatEndpoint,
  SOCKADDR_STORAGE_OCTETS,
} from './sockaddr.ts';
import {
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  intOption,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_SAVE_SYN,
} from './socket-options.ts';
import { systemError } from './system-error.ts';
import { PendingConnection } from './tcp.ts';
import { applyTcpOptions, setAoKey, setMd5Key } from './tcp-options.ts';

export interface TcpListenOptions {
  /** `0.0.0.0` and `::` listen on all; `::` takes IPv6 only. */
  readonly address: IpAddress;
  /** 0 lets the kernel choose, see `local`. */
  readonly port: number;
  readonly scopeId?: number;
  readonly bindDevice?: string;
  readonly freeBind?: boolean;
}

export interface TcpListenerHandlers {
  /** Open or refuse it before returning, or soon after: until then it is nobody's. */
  onIncoming(connection: PendingConnection): void;
  /** Accepting failed for want of something; it goes on by itself after a pause. */
  onError(error: SystemError): void;
  /** It goes on: after `onError`, callers are accepted again. */
  onRecovered?(): void;
}

/** Callers that may wait for accept; the kernel cuts this to net.core.somaxconn (4096 since 5.4). */
const BACKLOG = 4096;
/** Milliseconds of a turn of the loop in which callers are taken: each is a session that begins, some 0.1 ms. */
const ACCEPT_TURN_MS = 3;
/** Milliseconds without accepting after running out of fds or memory. */
const ACCEPT_PAUSE_MS = 100;
/** RFC 5082 §3. */
const GTSM_TTL = 255;

export class TcpListener {
  readonly local: Endpoint;
  readonly #handlers: TcpListenerHandlers;
  readonly #sockaddr = new Uint8Array(SOCKADDR_STORAGE_OCTETS);
  #fd: number;
  #poll: PollHandle | undefined;
  #pauseTimer: NodeJS.Timeout | undefined;
  #isFailing = false;

  private constructor(fd: number, local: Endpoint, handlers: TcpListenerHandlers) {
    this.#fd = fd;
    this.local = local;
    this.#handlers = handlers;
  }

  /** Listens at once. */
  static open(options: TcpListenOptions, handlers: TcpListenerHandlers): TcpListener | SystemError {
    const native = nativeSockets();
    const family = ipFamily(options.address) === 4 ? AddressFamily.INET : AddressFamily.INET6;
    const fd = native.socket(family, SOCK_STREAM, 0);
    if (fd < 0) return systemError('socket', fd);
    const refused = listenOn(fd, options);
    if (refused !== undefined) {
      native.close(fd);
      return refused;
    }
    const name = new Uint8Array(SOCKADDR_STORAGE_OCTETS);
    native.getsockname(fd, name);
    const listener = new TcpListener(fd, decodeSockaddr(name) ?? options, handlers);
    const failed = listener.#startPolling();
    if (failed === undefined) return listener;
    listener.close();
    return failed;
  }

  /** RFC 2385: from the next SYN on; connections that stand keep the key they were made with. */
  setMd5Key(peer: IpAddress | Prefix, key: string): SystemError | undefined {
    return setMd5Key(this.#fd, peer, key);
  }

  /** RFC 5925: from the next SYN on; an empty key removes it. */
  setAoKey(peer: IpAddress, key: string): SystemError | undefined {
    return setAoKey(this.#fd, peer, key);
  }

  /** Removing a key that is not there is no error. */
  removeMd5Key(peer: IpAddress | Prefix): SystemError | undefined {
    const error = setMd5Key(this.#fd, peer, '');
    return error?.errno === 'ENOENT' ? undefined : error;
  }

  close(): void {
    if (this.#fd < 0) return;
    clearTimeout(this.#pauseTimer);
    if (this.#poll !== undefined) nativeSockets().pollStop(this.#poll);
    this.#poll = undefined;
    nativeSockets().close(this.#fd);
    this.#fd = -1;
  }

  #startPolling(): SystemError | undefined {
    const poll = nativeSockets().pollStart(this.#fd, PollEvents.READABLE, () => this.#onReady());
    if (typeof poll === 'number') return systemError('poll(listen)', poll);
    this.#poll = poll;
    return undefined;
  }

  #onReady(): void {
    const end = performance.now() + ACCEPT_TURN_MS;
    while (this.#fd >= 0 && performance.now() < end) {
      const fd = nativeSockets().accept(this.#fd, this.#sockaddr);
      if (this.#isFailing && (fd >= 0 || fd === -Errno.EAGAIN)) {
        this.#isFailing = false;
        this.#handlers.onRecovered?.();
      }
      if (fd >= 0) this.#onAccepted(fd);
      else if (fd === -Errno.EAGAIN) return;
      else if (!PASSING_ERRORS.has(-fd)) {
        this.#pause(systemError('accept', fd, ACCEPT_REMEDIES.get(-fd)));
        return;
      }
    }
  }

  #onAccepted(fd: number): void {
    const remote = decodeSockaddr(this.#sockaddr);
    nativeSockets().getsockname(fd, this.#sockaddr);
    const local = decodeSockaddr(this.#sockaddr);
    if (remote === undefined || local === undefined) {
      nativeSockets().close(fd); // the caller was gone before we asked who it was
      return;
    }
    this.#handlers.onIncoming(new PendingConnection(fd, { local, remote }));
  }

  /** The poll is level-triggered: without a pause it would spin while there is no fd to accept into. */
  #pause(error: SystemError): void {
    if (this.#poll !== undefined) nativeSockets().pollStop(this.#poll);
    this.#poll = undefined;
    this.#pauseTimer = setTimeout(() => {
      const failed = this.#startPolling();
      if (failed !== undefined) this.#handlers.onError(failed);
    }, ACCEPT_PAUSE_MS);
    this.#isFailing = true;
    this.#handlers.onError(error);
  }
}

function listenOn(fd: number, options: TcpListenOptions): SystemError | undefined {
  const { address, port } = options;
  const native = nativeSockets();
  const place = formatEndpoint(options);
  native.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, intOption(1));
  if (ipFamily(address) === 6) {
    native.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, intOption(1));
  }
  const refused = applyTcpOptions(fd, address, { ...options, ttl: GTSM_TTL });
  if (refused !== undefined) return refused;
  // Without it (Linux before 4.2) only what comes after accept() is checked for its TTL.
  native.setsockopt(fd, IPPROTO_TCP, TCP_SAVE_SYN, intOption(1));
  const bound = native.bind(fd, encodeSockaddr(options));
  if (bound < 0) return systemError('bind', bound, bindRemedy(-bound, place, port));
  const listening = native.listen(fd, BACKLOG);
  if (listening < 0) return systemError('listen', listening, bindRemedy(-listening, place, port));
  return undefined;
}

function bindRemedy(errno: number, place: string, port: number): string {
  if (errno === Errno.EADDRINUSE) {
    return `${place} is taken: stop what listens there (\`ss -ltnp 'sport = :${port}'\` names it), or choose another listenPort`;
  }
  if (errno === Errno.EACCES) {
    return `${place} needs CAP_NET_BIND_SERVICE: run as root, or give the service that capability`;
  }
  if (errno === Errno.EADDRNOTAVAIL) return `${place} is no address of this machine`;
  return place;
}

/** The caller's trouble, not ours: the next one may be fine (accept(2)). */
const PASSING_ERRORS: ReadonlySet<number> = new Set([
  Errno.ECONNABORTED,
  Errno.EINTR,
  Errno.ENETDOWN,
  Errno.EHOSTDOWN,
  Errno.EHOSTUNREACH,
  Errno.ENETUNREACH,
]);

const ACCEPT_REMEDIES: ReadonlyMap<number, string> = new Map([
  [Errno.EMFILE, 'no file descriptor left: raise LimitNOFILE'],
  [Errno.ENFILE, 'the machine has no file descriptor left: raise fs.file-max'],
]);
