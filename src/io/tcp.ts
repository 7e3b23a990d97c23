/**
 * A TCP connection as the speaker sees it: octets in, octets out, closed once with a reason. No policy and no BGP.
 *
 * Reads land in one static buffer that all connections share (`onread`), because a `data` event would
 * allocate per read. Node gives `onread` only to sockets it did not accept itself, so fds come from
 * the native shim, accepted and dialled alike, and go into `new net.Socket({ fd, onread })`: public API
 * only, tested on Node 22, 24, 26 by `test/system/tcp.test.ts`.
 * Invariant: `onClosed` is the last call and comes at most once; none comes after `close` or `reset`.
 */

import { Socket } from 'node:net';
import type { SystemError } from '../base/errors.ts';
import { nativeSockets } from './native.ts';
import { BULK_OCTETS, READ_SIZES, type Reader, ReadTurns } from './read-turns.ts';
import type { Endpoint } from './sockaddr.ts';
import { setMd5Key, setMinTtl, ttlOfSyn } from './tcp-options.ts';
import { threadCpuClock } from './thread-cpu.ts';

/** Why a connection ended that we did not end. */
export type TcpClosed =
  /**
   * The peer closed in order (FIN). All that it sent was delivered. On Node 22 a reset that came
   * right behind octets may look like this (its libuv takes the hang-up for an end).
   */
  { readonly by: 'peer' } | { readonly by: 'error'; readonly error: SystemError };

export interface TcpHandlers {
  /** Received octets: a view into a buffer that the next read of any connection overwrites. */
  onOctets(octets: Uint8Array): void;
  /** After `write` said false: there is room again. */
  onWritable(): void;
  onClosed(reason: TcpClosed): void;
}

/** Octets that may wait in our process for a slow peer before `write` says false. */
const WRITE_HIGH_WATER_OCTETS = 131_072;
/** Milliseconds that `close` waits for the peer to take what was written, then the connection is cut. */
const CLOSE_LINGER_MS = 1_000;
/** The most that is read at once, from all connections into the same place. */
const READ_OCTETS = Math.max(...READ_SIZES);
/** Spare octets behind the read buffer: word reads of NLRI may look a few octets past the end. */
const READ_SLACK_OCTETS = 8;

const turns = new ReadTurns(threadCpuClock());
const readMemory = new Uint8Array(READ_OCTETS + READ_SLACK_OCTETS);
/** Of that memory, by what a peer is read at once. */
const readBuffers = new Map(
  READ_SIZES.map((size) => [size as number, readMemory.subarray(0, size)]),
);

/** TCP is up and no octet has been read: the moment to look who it is, and to take it or not. */
export class PendingConnection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  #fd: number;

  /** @param fd  Connected, non-blocking; this object owns it. */
  constructor(fd: number, ends: { readonly local: Endpoint; readonly remote: Endpoint }) {
    this.#fd = fd;
    this.local = ends.local;
    this.remote = ends.remote;
  }

  /** RFC 5082 §3, for this connection only; before `open`, so that no octet is read without it. */
  setMinTtl(minTtl: number): SystemError | undefined {
    return setMinTtl(this.#fd, this.remote.address, minTtl);
  }

  /** TTL with which its SYN came; undefined where the kernel has not kept it. Answers once. */
  ttlOfSyn(): number | undefined {
    return ttlOfSyn(this.#fd);
  }

  /** RFC 2385: what is not signed with it is dropped, also what came with the handshake. */
  setMd5Key(key: string): SystemError | undefined {
    return setMd5Key(this.#fd, this.remote.address, key);
  }

  open(handlers: TcpHandlers): TcpConnection {
    const fd = this.#take();
    return new TcpConnection(fd, this, handlers);
  }

  /** Closes it unread. */
  refuse(): void {
    nativeSockets().close(this.#take());
  }

  #take(): number {
    const fd = this.#fd;
    if (fd < 0) throw new TypeError('This connection was opened or refused before');
    this.#fd = -1;
    return fd;
  }
}

export class TcpConnection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #fd: number;
  readonly #socket: Socket;
  readonly #handlers: TcpHandlers;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #failure: SystemError | undefined;
  #isPaused = false;
  readonly #reader: Reader;
  #lingerTimer: NodeJS.Timeout | undefined;

  /** Use `PendingConnection.open`. */
  constructor(
    fd: number,
    ends: { readonly local: Endpoint; readonly remote: Endpoint },
    handlers: TcpHandlers,
  ) {
    this.#fd = fd;
    this.local = ends.local;
    this.remote = ends.remote;
    this.#handlers = handlers;
    this.#reader = {
      readOctets: BULK_OCTETS,
      pause: () => this.#socket.pause(),
      resume: () => {
        if (!this.#isPaused) this.#socket.resume();
      },
    };
    this.#socket = new Socket({
      fd,
      readable: true,
      writable: true,
      writableHighWaterMark: WRITE_HIGH_WATER_OCTETS,
      onread: {
        // Asked before the first read, and after each for the next one.
        buffer: () => readBuffers.get(this.#reader.readOctets),
        callback: (length, buffer) => this.#onRead(length, buffer),
      },
    } as ConstructorParameters<typeof Socket>[0]);
    const socket = this.#socket;
    socket.on('drain', () => this.#state === 'open' && handlers.onWritable());
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = toSystemError(error);
    });
    socket.on('close', () => this.#onClose());
  }

  /** Nothing is left to send, and no answer is awaited. */
  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Octets accepted by `write` that the kernel has not taken yet. */
  get unsentOctets(): number {
    return this.#socket.writableLength;
  }

  /**
   * Takes all of `octets`. They must not change until `unsentOctets` is 0, which it often is at once.
   *
   * @returns false when enough waits: write no more until `onWritable`. Also after the end.
   */
  write(octets: Uint8Array): boolean {
    if (this.#state !== 'open' || this.#socket.destroyed) return false;
    return this.#socket.write(octets);
  }

  /**
   * RFC 2385, RFC 4808: another key on a connection that has one. Segments that the peer drops meanwhile are sent again.
   * After the end nothing happens.
   */
  setMd5Key(key: string): SystemError | undefined {
    // The number may be somebody else's once the socket is closed.
    if (this.#state === 'closed' || this.#socket.destroyed) return undefined;
    return setMd5Key(this.#fd, this.remote.address, key);
  }

  /** Reads no more; TCP's window then stops the peer. */
  pauseReading(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Sends what was written, then FIN. A peer that does not take it within `CLOSE_LINGER_MS` is cut. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    turns.forget(this.#reader);
    // What the peer still sends is read and dropped: a socket closed over unread octets sends RST,
    // which may overtake the NOTIFICATION just written.
    this.#socket.resume();
    this.#socket.end();
    this.#lingerTimer = setTimeout(() => this.reset(), CLOSE_LINGER_MS);
  }

  /** Cuts at once with RST; what was written may be lost. */
  reset(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    turns.forget(this.#reader);
    clearTimeout(this.#lingerTimer);
    this.#socket.resetAndDestroy();
  }

  #onRead(length: number, buffer: Uint8Array): boolean {
    if (this.#state !== 'open') return true;
    turns.begin(length);
    this.#handlers.onOctets(buffer.subarray(0, length));
    if (!this.#isOpen()) return true; // hung up over what was read
    return turns.goesOn(this.#reader, length) && !this.#isPaused;
  }

  /** Asked anew: a handler may have changed it. */
  #isOpen(): boolean {
    return this.#state === 'open';
  }

  /** FIN from the peer. BGP knows no half-closed connection: what we still had to say is moot. */
  #onEnd(): void {
    const wasOpen = this.#state === 'open';
    this.#state = 'closed';
    turns.forget(this.#reader);
    clearTimeout(this.#lingerTimer);
    this.#socket.destroy();
    if (wasOpen) this.#handlers.onClosed({ by: 'peer' });
  }

  #onClose(): void {
    const wasOpen = this.#state === 'open';
    this.#state = 'closed';
    turns.forget(this.#reader);
    clearTimeout(this.#lingerTimer);
    if (!wasOpen) return;
    const error = this.#failure;
    this.#handlers.onClosed(error === undefined ? { by: 'peer' } : { by: 'error', error });
  }
}

function toSystemError(error: NodeJS.ErrnoException): SystemError {
  const call = error.syscall ?? 'tcp';
  return { kind: 'SystemError', call, errno: error.code ?? error.message };
}
