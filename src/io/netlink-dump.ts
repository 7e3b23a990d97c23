/**
 * Dumps from the kernel: one at a time, read as the loop has turns (the kernel produces the next part when we
 * have read the last, so a big table costs no memory).
 *
 * Invariant: every dump gets exactly one outcome, unless the queue is closed first.
 */

import type { SystemError } from '../base/errors.ts';
import { MessageFlag, MessageType } from '../netlink/codes.ts';
import { encodeDumpRequest, type KernelDump } from '../netlink/dump-request.ts';
import { Errno } from '../netlink/errno.ts';
import { type KernelVisitor, visitKernelMessage } from '../netlink/events.ts';
import { type Acknowledgement, decodeAcknowledgement, MessageCursor } from '../netlink/message.ts';
import { RawNetlinkSocket } from './netlink-raw.ts';
import { systemError } from './system-error.ts';

export interface DumpOutcome {
  /** The kernel changed while it was read (NLM_F_DUMP_INTR): rows may be missing or double; repeat. */
  readonly interrupted: boolean;
  /** The dump failed; what was visited is incomplete. */
  readonly error?: SystemError;
}

/** Dumps that wait: callers repeat after an outcome, so more than a handful means a loop. */
const QUEUED_DUMPS_MAX = 64;

interface Queued {
  readonly dump: KernelDump;
  readonly visitor: KernelVisitor;
  readonly done: (outcome: DumpOutcome) => void;
}

export class DumpQueue {
  #socket: RawNetlinkSocket | undefined;
  readonly #message = new MessageCursor();
  readonly #queue: Queued[] = [];
  #running: Queued | undefined;
  #interrupted = false;
  #sequence = 0;
  #turn: NodeJS.Immediate | undefined;
  #closed = false;

  /** @param octetsPerTurn  What one turn of the loop reads at most; the kernel's messages are never cut. */
  static open(octetsPerTurn?: number): DumpQueue | SystemError {
    const queue = new DumpQueue();
    const socket = RawNetlinkSocket.open({
      groups: [],
      ...(octetsPerTurn === undefined ? {} : { octetsPerTurn }),
      onOctets: (octets, length) => queue.#onOctets(octets, length),
      onFailure: (error) => queue.#settle(error),
    });
    if ('kind' in socket) return socket;
    queue.#socket = socket;
    return queue;
  }

  dump(dump: KernelDump, visitor: KernelVisitor, done: (outcome: DumpOutcome) => void): void {
    if (this.#queue.length >= QUEUED_DUMPS_MAX) {
      const error = systemError('dump', -Errno.ENOBUFS, 'too many dumps wait');
      setImmediate(() => this.#closed || done({ interrupted: false, error }));
      return;
    }
    this.#queue.push({ dump, visitor, done });
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#queue.length = 0;
    this.#running = undefined;
    this.#socket?.close();
  }

  #schedule(): void {
    if (this.#closed || this.#turn !== undefined || this.#running !== undefined) return;
    if (this.#queue.length === 0) return;
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.#start(this.#queue.shift()!);
    });
  }

  #start(next: Queued): void {
    this.#running = next;
    this.#interrupted = false;
    this.#sequence = (this.#sequence + 1) >>> 0;
    const request = encodeDumpRequest(next.dump, this.#sequence);
    const sent = this.#socket!.send(request, request.length);
    if (sent < 0) this.#settle(systemError('sendmsg(dump)', sent));
  }

  #onOctets(octets: Uint8Array, length: number): void {
    const message = this.#message.reset(octets, length);
    while (message.next()) {
      const running = this.#running;
      if (running === undefined || message.sequence !== this.#sequence) continue; // given up
      if ((message.flags & MessageFlag.DUMP_INTR) !== 0) this.#interrupted = true;
      if (message.type === MessageType.DONE || message.type === MessageType.ERROR) {
        this.#onEnd(running.dump, decodeAcknowledgement(message));
      } else visitKernelMessage(message, running.visitor);
    }
  }

  #onEnd(dump: KernelDump, answer: Acknowledgement | undefined): void {
    const errno = answer?.errno ?? 0;
    // A table that nobody has written to yet does not exist; that is an empty table.
    const noSuchTable =
      errno === Errno.ENOENT && dump.kind === 'routes' && dump.table !== undefined;
    if (errno === 0 || noSuchTable) this.#settle();
    else this.#settle(systemError(`dump(${dump.kind})`, -errno, answer?.text));
  }

  #settle(error?: SystemError): void {
    const running = this.#running;
    if (running === undefined || this.#closed) return;
    this.#running = undefined;
    this.#schedule();
    const interrupted = this.#interrupted;
    running.done(error === undefined ? { interrupted } : { interrupted, error });
  }
}
