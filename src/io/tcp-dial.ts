/**
 * Calls a peer: options first, then bind, then connect with our own timer, because a wrong MD5 key or a filter is
 * silence and the kernel would try for two minutes.
 *
 * Invariant: exactly one of the two handlers is called, later, unless `abort` came first.
 */

import type { SystemError } from '../base/errors.ts';
import { type IpAddress, ipFamily } from '../net/ip-address.ts';
import { AddressFamily } from '../netlink/codes.ts';
import { Errno } from '../netlink/errno.ts';
import { readU32 } from '../netlink/host-order.ts';
import { nativeSockets, PollEvents, type PollHandle } from './native.ts';
import {
  decodeSockaddr,
  type Endpoint,
  encodeSockaddr,
  formatEndpoint,
  SOCKADDR_STORAGE_OCTETS,
} from './sockaddr.ts';
import { SO_ERROR, SOCK_STREAM, SOL_SOCKET } from './socket-options.ts';
import { systemError } from './system-error.ts';
import { PendingConnection } from './tcp.ts';
import { applyTcpOptions, setAoKey, setMd5Key, type TcpOptions } from './tcp-options.ts';

export interface DialOptions extends TcpOptions {
  readonly remote: Endpoint;
  /** Source address; the kernel chooses by the route otherwise. */
  readonly local?: IpAddress;
  /** RFC 2385. */
  readonly md5Key?: string;
  /** RFC 5925, instead of RFC 2385. */
  readonly aoKey?: string;
  readonly connectTimeoutMs: number;
}

export interface DialHandlers {
  onConnected(connection: PendingConnection): void;
  onFailed(error: SystemError): void;
}

/** Starts a call; see the invariant above. */
export function dial(options: DialOptions, handlers: DialHandlers): DialAttempt {
  return new DialAttempt(options, handlers);
}

export class DialAttempt {
  readonly #options: DialOptions;
  readonly #handlers: DialHandlers;
  #fd = -1;
  #poll: PollHandle | undefined;
  #timer: NodeJS.Timeout | undefined;
  #done = false;

  /** Use `dial`. */
  constructor(options: DialOptions, handlers: DialHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    const refused = this.#start();
    if (refused !== undefined) setImmediate(() => this.#fail(refused));
  }

  /** Gives up; nothing is called back. Harmless after the end. */
  abort(): void {
    this.#done = true;
    this.#release();
    if (this.#fd >= 0) nativeSockets().close(this.#fd);
    this.#fd = -1;
  }

  /** RFC 2385: the call goes on with another key. */
  setMd5Key(key: string): SystemError | undefined {
    if (this.#fd < 0) return undefined;
    return setMd5Key(this.#fd, this.#options.remote.address, key);
  }

  #start(): SystemError | undefined {
    const { remote, connectTimeoutMs } = this.#options;
    const native = nativeSockets();
    const family = ipFamily(remote.address) === 4 ? AddressFamily.INET : AddressFamily.INET6;
    const fd = native.socket(family, SOCK_STREAM, 0);
    if (fd < 0) return systemError('socket', fd);
    this.#fd = fd;
    const refused = this.#prepare(fd);
    if (refused !== undefined) return refused;
    const result = native.connect(fd, encodeSockaddr(remote));
    if (result < 0 && result !== -Errno.EINPROGRESS) return this.#connectError(result);
    const poll = native.pollStart(fd, PollEvents.WRITABLE, () => this.#onReady());
    if (typeof poll === 'number') return systemError('poll(connect)', poll);
    this.#poll = poll;
    this.#timer = setTimeout(() => this.#onTimeout(), connectTimeoutMs);
    return undefined;
  }

  #prepare(fd: number): SystemError | undefined {
    const { remote, local, md5Key, aoKey } = this.#options;
    const refused = applyTcpOptions(fd, remote.address, this.#options);
    if (refused !== undefined) return refused;
    const keyRefused =
      (md5Key === undefined ? undefined : setMd5Key(fd, remote.address, md5Key)) ??
      (aoKey === undefined ? undefined : setAoKey(fd, remote.address, aoKey));
    if (keyRefused !== undefined || local === undefined) return keyRefused;
    const scope = remote.scopeId === undefined ? {} : { scopeId: remote.scopeId };
    const bound = nativeSockets().bind(fd, encodeSockaddr({ address: local, port: 0, ...scope }));
    if (bound === 0) return undefined;
    const detail =
      bound === -Errno.EADDRNOTAVAIL ? `${local} is no address of this machine` : local;
    return systemError('bind', bound, detail);
  }

  #onReady(): void {
    if (this.#done) return;
    const value = new Uint8Array(4);
    nativeSockets().getsockopt(this.#fd, SOL_SOCKET, SO_ERROR, value);
    const errno = readU32(value, 0);
    if (errno !== 0) {
      this.#fail(this.#connectError(-errno));
      return;
    }
    const name = new Uint8Array(SOCKADDR_STORAGE_OCTETS);
    nativeSockets().getsockname(this.#fd, name);
    const local = decodeSockaddr(name);
    if (local === undefined) {
      this.#fail(systemError('getsockname', -Errno.ENOTCONN));
      return;
    }
    this.#done = true;
    this.#release();
    const fd = this.#fd;
    this.#fd = -1;
    this.#handlers.onConnected(new PendingConnection(fd, { local, remote: this.#options.remote }));
  }

  #onTimeout(): void {
    const { connectTimeoutMs, md5Key } = this.#options;
    const hint = md5Key === undefined ? '' : '; a wrong MD5 password is silence too';
    const detail = `no answer within ${connectTimeoutMs} ms${hint}`;
    this.#fail(systemError('connect', -Errno.ETIMEDOUT, detail));
  }

  #fail(error: SystemError): void {
    if (this.#done) return;
    this.abort();
    this.#handlers.onFailed(error);
  }

  /** The poll must be gone before the fd gets another owner. */
  #release(): void {
    clearTimeout(this.#timer);
    if (this.#poll !== undefined) nativeSockets().pollStop(this.#poll);
    this.#poll = undefined;
  }

  #connectError(result: number): SystemError {
    return systemError('connect', result, formatEndpoint(this.#options.remote));
  }
}
