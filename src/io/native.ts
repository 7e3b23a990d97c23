/**
 * Finds and loads the native shim (`native/sock.c`, `native/writer.c`, `native/memory.c`) and gives its functions types.
 *
 * Invariant: nothing else in the tree calls `require`; a missing or unfit shim is one sentence that says what
 * to do. A function is one system call, or gives work to the writer's thread: what the host refuses comes back as a
 * negative errno.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { join } from 'node:path';

declare const handle: unique symbol;
/** A running poll; kept alive by libuv, not by this value. */
export type PollHandle = object & { readonly [handle]?: 'PollHandle' };

declare const writer: unique symbol;
/** A running writer thread; kept alive by libuv until it is stopped. */
export type WriterHandle = object & { readonly [writer]?: 'WriterHandle' };

/**
 * What became of a batch: 0 or a negative errno for requests and journal each; the NLMSG_ERRORs of refused requests,
 * their sequence numbers being places in the batch.
 */
export type OnWritten = (status: number, journal: number, refusals: Uint8Array | undefined) => void;

export const PollEvents = { READABLE: 1, WRITABLE: 2 } as const;

/** Numbers are results or negative errno. Addresses are `sockaddr` octets, see `sockaddr.ts`. */
export interface NativeSockets {
  /** Non-blocking and close-on-exec. */
  socket(domain: number, type: number, protocol: number): number;
  close(fd: number): number;
  /** Exclusive and without waiting; `-EWOULDBLOCK` when another open file has it. */
  flock(fd: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  /** @returns octets of `value` that were filled. */
  getsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  bind(fd: number, address: Uint8Array): number;
  connect(fd: number, address: Uint8Array): number;
  listen(fd: number, backlog: number): number;
  /** @returns the fd of the connection; `address` is filled with the caller's. */
  accept(fd: number, address: Uint8Array): number;
  getsockname(fd: number, address: Uint8Array): number;
  getpeername(fd: number, address: Uint8Array): number;
  send(fd: number, octets: Uint8Array, start: number, length: number): number;
  /** @returns octets of the datagram; more than `length` means that it was cut. */
  recv(fd: number, octets: Uint8Array, start: number, length: number, from: Uint8Array): number;
  /** Level-triggered; `onReady` gets the events, or a negative errno. A number is a refusal. */
  pollStart(fd: number, events: number, onReady: (events: number) => void): PollHandle | number;
  /** Gives back what malloc holds free, where the C library knows how. */
  trim(): number;
  /** Gives back the pages of the program's own files, on another thread. */
  forgetProgram(): number;
  /**
   * The same as often as more than `octets` of files are resident, looked at after each `milliseconds` of CPU, until the
   * process ends or another call says otherwise. From the first call on less comes back around what is wanted again.
   */
  keepProgramBelow(octets: number, milliseconds: number): number;
  /** Harmless when stopped already. The fd is free for another owner as soon as it returns. */
  pollStop(handle: PollHandle): number;
  /** `program`: classic BPF, 8 octets an instruction. What it returns 0 for is never queued. */
  attachFilter(fd: number, program: Uint8Array): number;
  /** Starts a thread that writes to `fd` and owns it from then on. A number is a refusal. */
  writerStart(fd: number, onWritten: OnWritten): WriterHandle | number;
  /**
   * Whole requests, ACK on the last; copied. `journal` goes to `journalFd` (negative: nothing to write) before.
   *
   * @returns -EAGAIN while `WRITER_BATCHES_MAX` batches are not told of yet.
   */
  writerSend(
    handle: WriterHandle,
    requests: Uint8Array,
    count: number,
    journal: Uint8Array,
    journalFd: number,
  ): number;
  /** Does not wait: the thread writes what it was given, and ends. Nothing is called back any more. */
  writerStop(handle: WriterHandle): number;
  /** `status` of adjtimex(2). */
  clockStatus(): number;
  /** Fills 8 octets with a double: CPU seconds of the calling thread. */
  threadCpuTime(seconds: Uint8Array): number;
}

/** `SLOTS` of `native/writer.c`, `BATCHES_IN_FLIGHT_MAX` of `fib/batch-writer.ts`. */
export const WRITER_BATCHES_MAX = 16;

/** The shim is not there or does not load. `message` ends with the remedy. */
class NativeShimError extends Error {
  override readonly name = 'NativeShimError';
  readonly code = 'ERR_GODWIT_NATIVE_SHIM';
}

let loaded: NativeSockets | undefined;

/**
 * The shim, loaded once: from `GODWIT_NATIVE`, then beside compiled code, then `build/` of a checkout.
 *
 * @throws {NativeShimError}
 */
export function nativeSockets(): NativeSockets {
  loaded ??= loadNativeSockets({ override: process.env['GODWIT_NATIVE'] });
  return loaded;
}

/** `nativeSockets` without the cache. @throws {NativeShimError} */
export function loadNativeSockets({ override }: { override: string | undefined }): NativeSockets {
  if (endianness() !== 'LE' || process.platform !== 'linux') {
    throw new NativeShimError(
      `godwit needs little-endian Linux (x64, arm64), this is ${process.platform} ${process.arch}`,
    );
  }
  const candidates = override === undefined ? DEFAULT_PATHS : [override];
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new NativeShimError(
      `The native socket shim is not there (looked at ${candidates.join(', ')}). ${REMEDY}`,
    );
  }
  try {
    return createRequire(import.meta.url)(path) as NativeSockets;
  } catch (cause) {
    throw new NativeShimError(
      `The native socket shim ${path} does not load: ${(cause as Error).message}. ${REMEDY}`,
      { cause },
    );
  }
}

const SHIM_NAME = 'godwit_native.node';
const REMEDY =
  'Build it with `npm run build:native` (needs a C compiler: apt-get install gcc libc6-dev), or name one in GODWIT_NATIVE';
const DEFAULT_PATHS = [
  join(import.meta.dirname, '..', SHIM_NAME),
  join(import.meta.dirname, '..', '..', 'build', SHIM_NAME),
];
