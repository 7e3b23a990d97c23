/**
 * Route requests to the kernel: batches go out in order, one per turn of the loop, because the kernel does the
 * work inside our sendmsg (0.4 ms for 128). Its answers are queued by then and are read at once.
 *
 * Invariant: every batch gets exactly one outcome, unless the queue is closed first.
 */

import type { SystemError } from '../base/errors.ts';
import { MessageType } from '../netlink/codes.ts';
import { Errno, errnoName } from '../netlink/errno.ts';
import { decodeAcknowledgement, MessageCursor } from '../netlink/message.ts';
import { type KernelRequestBatch, rebaseSequences } from '../netlink/route-request.ts';
import { RawNetlinkSocket } from './netlink-raw.ts';
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
  /** In the order of the batch; every request not named here was carried out. */
  readonly failures: readonly RequestFailure[];
  /**
   * The batch as a whole went wrong, e.g. EPERM, or ENOBUFS for lost answers: what was carried out
   * is unknown, read the kernel back.
   */
  readonly error?: SystemError;
}

/** Batches waiting: 4096 × 128 requests is half a million routes; a caller that exceeds it does not wait for outcomes. */
const QUEUED_BATCHES_MAX = 4096;

interface Queued {
  readonly octets: Uint8Array;
  readonly count: number;
  readonly done: (outcome: BatchOutcome) => void;
}

interface InFlight {
  readonly first: number;
  readonly count: number;
  readonly failures: RequestFailure[];
  readonly done: (outcome: BatchOutcome) => void;
}

export class RequestQueue {
  #socket: RawNetlinkSocket | undefined;
  readonly #message = new MessageCursor();
  readonly #queue: Queued[] = [];
  #queueHead = 0;
  #inFlight: InFlight | undefined;
  #sequence = 1;
  #turn: NodeJS.Immediate | undefined;
  #closed = false;

  static open(): RequestQueue | SystemError {
    const queue = new RequestQueue();
    const socket = RawNetlinkSocket.open({
      groups: [],
      onOctets: (octets, length) => queue.#onOctets(octets, length),
      onFailure: (error) => queue.#settle(error),
    });
    if ('kind' in socket) return socket;
    queue.#socket = socket;
    return queue;
  }

  get port(): number {
    return this.#socket?.port ?? 0;
  }

  send(batch: KernelRequestBatch, done: (outcome: BatchOutcome) => void): void {
    if (this.#queue.length - this.#queueHead >= QUEUED_BATCHES_MAX) {
      const error = systemError('send(AF_NETLINK)', -Errno.ENOBUFS, 'too many batches wait');
      setImmediate(() => this.#closed || done({ failures: [], error }));
      return;
    }
    this.#queue.push({ octets: batch.octets.slice(), count: batch.count, done });
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#queue.length = 0;
    this.#queueHead = 0;
    this.#inFlight = undefined;
    this.#socket?.close();
  }

  #schedule(): void {
    if (this.#closed || this.#turn !== undefined || this.#inFlight !== undefined) return;
    if (this.#queueHead === this.#queue.length) return;
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.#sendNext();
    });
  }

  #sendNext(): void {
    const next = this.#queue[this.#queueHead++]!;
    if (this.#queueHead === this.#queue.length) {
      this.#queue.length = 0;
      this.#queueHead = 0;
    }
    const first = this.#sequence;
    this.#sequence = (first + next.count) % SEQUENCE_WRAP || 1;
    rebaseSequences(next.octets, next.octets.length, first);
    this.#inFlight = { first, count: next.count, failures: [], done: next.done };
    const sent = this.#socket!.send(next.octets, next.octets.length);
    if (sent < 0) {
      this.#settle(systemError('sendmsg(AF_NETLINK)', sent));
      return;
    }
    // The acknowledgements are queued already. Reading them now, before any event, keeps the
    // order of what we did and what others did after it.
    while (this.#inFlight !== undefined && this.#socket!.drain());
  }

  #onOctets(octets: Uint8Array, length: number): void {
    const message = this.#message.reset(octets, length);
    while (message.next()) {
      if (message.type === MessageType.ERROR) this.#onAcknowledgement(message);
    }
  }

  #onAcknowledgement(message: MessageCursor): void {
    const inFlight = this.#inFlight;
    const answer = decodeAcknowledgement(message);
    if (inFlight === undefined || answer === undefined) return;
    const index = answer.sequence - inFlight.first;
    if (index < 0 || index >= inFlight.count) return; // of a batch that was given up
    const { errno, text } = answer;
    if (errno !== 0) {
      const failure = { index, errno, name: errnoName(errno) };
      inFlight.failures.push(text === undefined ? failure : { ...failure, text });
    }
    if (index === inFlight.count - 1) this.#settle();
  }

  #settle(error?: SystemError): void {
    const inFlight = this.#inFlight;
    if (inFlight === undefined || this.#closed) return;
    this.#inFlight = undefined;
    this.#schedule();
    const { failures } = inFlight;
    const cause = error ?? lackOfRights(failures);
    inFlight.done(cause === undefined ? { failures } : { failures, error: cause });
  }
}

/** Sequence numbers start again well below 2^32; one batch never straddles. */
const SEQUENCE_WRAP = 0x4000_0000;

/** EPERM is never about one route: the process may not write any. */
function lackOfRights(failures: readonly RequestFailure[]): SystemError | undefined {
  if (!failures.some(({ errno }) => errno === Errno.EPERM)) return undefined;
  const remedy =
    'writing routes needs CAP_NET_ADMIN: run as root, or give the service that capability';
  return systemError('sendmsg(AF_NETLINK)', -Errno.EPERM, remedy);
}
