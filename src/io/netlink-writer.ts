/**
 * Route requests to the kernel by a thread of the native shim: the kernel does the work of a request inside sendmsg
 * (4 µs a route), and the loop must not be held meanwhile. At most `WRITER_BATCHES_MAX` are under way:
 * one in the kernel, the others behind it.
 *
 * Invariant: every batch gets exactly one outcome, in order, unless the writer is closed first; its journal octets are
 * on disk before its requests are sent.
 */

import type { SystemError } from '../base/errors.ts';
import { Errno, errnoName } from '../netlink/errno.ts';
import { decodeAcknowledgement, MessageCursor } from '../netlink/message.ts';
import type { KernelRequestBatch } from '../netlink/route-request.ts';
import { nativeSockets, WRITER_BATCHES_MAX, type WriterHandle } from './native.ts';
import { openNetlink } from './netlink-raw.ts';
import { encodeNetlinkSockaddr, netlinkPort } from './sockaddr.ts';
import { systemError } from './system-error.ts';

/** One request that the kernel refused. */
export interface RequestFailure {
  /** Place in the batch, from 0. */
  readonly index: number;
  /** Positive. */
  readonly errno: number;
  /** `EEXIST`, `ESRCH` … */
  readonly name: string;
  /** The kernel's own words, where it has some. */
  readonly text?: string;
}

export interface BatchOutcome {
  /** In the order of the answers; every request not named here was carried out. */
  readonly failures: readonly RequestFailure[];
  /**
   * The batch as a whole went wrong, e.g. EPERM, or ENOBUFS for lost answers: what was carried out
   * is unknown, read the kernel back.
   */
  readonly error?: SystemError;
  /** The journal's octets could not be written; the requests were sent all the same. */
  readonly journalError?: SystemError;
}

/** What is to be on disk before the requests are sent. */
export interface JournalPart {
  readonly octets: Uint8Array;
  readonly fd: number;
}

type Done = (outcome: BatchOutcome) => void;

const NO_OCTETS = new Uint8Array(0);

export class RouteWriter {
  /** The kernel's name for the writing socket: `nlmsg_pid` of the events that its requests cause. */
  readonly port: number;
  readonly #message = new MessageCursor();
  #underWay: Done[] = [];
  #handle: WriterHandle | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static open(): RouteWriter | SystemError {
    const native = nativeSockets();
    const fd = openNetlink({ groups: [] });
    if (typeof fd !== 'number') return fd;
    const name = encodeNetlinkSockaddr();
    native.getsockname(fd, name);
    const writer = new RouteWriter(netlinkPort(name));
    const handle = native.writerStart(fd, (status, journal, refusals) =>
      writer.#onWritten(status, journal, refusals),
    );
    if (typeof handle === 'number') {
      native.close(fd);
      return systemError('pthread_create(kernel writer)', handle);
    }
    writer.#handle = handle;
    return writer;
  }

  /** Batches whose outcome is not known yet. */
  get underWay(): number {
    return this.#underWay.length;
  }

  get full(): boolean {
    return this.#underWay.length >= WRITER_BATCHES_MAX;
  }

  /**
   * Gives a batch to the thread; everything is copied.
   *
   * @param done  Called once, later, if the batch was taken.
   * @returns undefined when it was taken.
   */
  send(batch: KernelRequestBatch, done: Done, journal?: JournalPart): SystemError | undefined {
    const { octets, count } = batch;
    const { octets: record, fd } = journal ?? { octets: NO_OCTETS, fd: -1 };
    const native = nativeSockets();
    const handle = this.#handle;
    const sent =
      handle === undefined ? -Errno.EBADF : native.writerSend(handle, octets, count, record, fd);
    if (sent < 0) return systemError('send(kernel writer)', sent);
    this.#underWay.push(done);
    return undefined;
  }

  /** Does not wait; what was given is still written. */
  close(): void {
    if (this.#handle !== undefined) nativeSockets().writerStop(this.#handle);
    this.#handle = undefined;
    this.#underWay = [];
  }

  #onWritten(status: number, journal: number, refusals: Uint8Array | undefined): void {
    const done = this.#underWay.shift();
    const failures = refusals === undefined ? [] : this.#failuresIn(refusals);
    const error = status < 0 ? systemError('sendmsg(AF_NETLINK)', status) : lackOfRights(failures);
    done?.({
      failures,
      ...(error === undefined ? {} : { error }),
      ...(journal < 0 ? { journalError: systemError('write', journal) } : {}),
    });
  }

  #failuresIn(refusals: Uint8Array): RequestFailure[] {
    const failures: RequestFailure[] = [];
    const message = this.#message.reset(refusals, refusals.length);
    while (message.next()) {
      const answer = decodeAcknowledgement(message);
      if (answer === undefined || answer.errno === 0) continue;
      const { sequence: index, errno, text } = answer;
      const failure = { index, errno, name: errnoName(errno) };
      failures.push(text === undefined ? failure : { ...failure, text });
    }
    return failures;
  }
}

/** EPERM is never about one route: the process may not write any. */
function lackOfRights(failures: readonly RequestFailure[]): SystemError | undefined {
  if (!failures.some(({ errno }) => errno === Errno.EPERM)) return undefined;
  const remedy =
    'writing routes needs CAP_NET_ADMIN: run as root, or give the service that capability';
  return systemError('sendmsg(AF_NETLINK)', -Errno.EPERM, remedy);
}
