/**
 * The kernel over AF_NETLINK: one socket for events, one for requests (written by a thread), one for dumps, so that
 * neither a flood of events nor a dump holds up or loses an acknowledgement.
 *
 * Invariant: callbacks come from the loop, never from inside a call; a failure is a value with its errno.
 */

import type { SystemError } from '../base/errors.ts';
import { MulticastGroup } from '../netlink/codes.ts';
import type { KernelDump } from '../netlink/dump-request.ts';
import { echoFilter } from '../netlink/echo-filter.ts';
import { type KernelVisitor, visitKernelMessages } from '../netlink/events.ts';
import type { KernelRequestBatch } from '../netlink/route-request.ts';
import { type DumpOutcome, DumpQueue } from './netlink-dump.ts';
import { EventSocket } from './netlink-events.ts';
import { type BatchOutcome, type JournalPart, RouteWriter } from './netlink-writer.ts';

export interface KernelSocketHandlers {
  /**
   * News, in the kernel's order, without what our own requests caused: the kernel drops those.
   */
  readonly events: KernelVisitor;
  /** Events were lost (ENOBUFS): what is known must be dumped again. */
  onOverrun(): void;
  /** The event socket failed for good. */
  onError(error: SystemError): void;
}

export class KernelSocket {
  readonly #events: EventSocket;
  readonly #writer: RouteWriter;
  readonly #dumps: DumpQueue;
  /** Opened with the first proof: a second pair of eyes, which no dump of the first holds up. */
  #proofs: DumpQueue | undefined;
  #renewedAt = Number.NEGATIVE_INFINITY;

  private constructor(parts: {
    events: EventSocket;
    writer: RouteWriter;
    dumps: DumpQueue;
  }) {
    this.#events = parts.events;
    this.#writer = parts.writer;
    this.#dumps = parts.dumps;
  }

  /** Opens the three sockets and follows links, addresses and routes of both families at once. */
  static open(handlers: KernelSocketHandlers): KernelSocket | SystemError {
    const writer = RouteWriter.open();
    if ('kind' in writer) return writer;
    const events = EventSocket.open({
      groups: FOLLOWED_GROUPS,
      filter: echoFilter(writer.port),
      onOctets: (octets, length) => visitKernelMessages(octets, length, handlers.events),
      onFailure: (error) => {
        if (error.errno === 'ENOBUFS') handlers.onOverrun();
        else handlers.onError(error);
      },
    });
    if ('kind' in events) {
      writer.close();
      return events;
    }
    const dumps = DumpQueue.open();
    if ('kind' in dumps) {
      events.close();
      writer.close();
      return dumps;
    }
    return new KernelSocket({ events, writer, dumps });
  }

  /** `portId` of events that our own requests caused. */
  get requestPort(): number {
    return this.#writer.port;
  }

  /** Batches whose outcome is not known yet; a dump that runs meanwhile may tell of either side of them. */
  get underWay(): number {
    return this.#writer.underWay;
  }

  /**
   * Gives a batch to the writer's thread; at most `WRITER_BATCHES_MAX` are under way.
   *
   * @param done  Called once, later, if the batch was taken. Which requests failed and why.
   * @returns undefined when it was taken.
   */
  send(
    batch: KernelRequestBatch,
    done: (outcome: BatchOutcome) => void,
    journal?: JournalPart,
  ): SystemError | undefined {
    if (this.#writer.underWay === 0 && batch.count >= RUN_REQUESTS) this.#renewEvents();
    return this.#writer.send(batch, done, journal);
  }

  /** Many routes are about to be written: what that costs depends on who hears of it first. */
  #renewEvents(): void {
    const now = performance.now();
    if (now - this.#renewedAt < RENEWED_MS) return;
    this.#renewedAt = now;
    setImmediate(() => this.#events.renew());
  }

  /** Queues a dump; one runs at a time. Rows go to `visitor` over several turns of the loop. */
  dump(dump: KernelDump, visitor: KernelVisitor, done: (outcome: DumpOutcome) => void): void {
    this.#dumps.dump(dump, visitor, done);
  }

  /** As `dump`, through a socket of its own and in smaller turns: for proofs, which are in no hurry. */
  prove(dump: KernelDump, visitor: KernelVisitor, done: (outcome: DumpOutcome) => void): void {
    if (this.#proofs === undefined) {
      const opened = DumpQueue.open(PROOF_OCTETS_PER_TURN);
      if ('kind' in opened) return done({ interrupted: false, error: opened });
      this.#proofs = opened;
    }
    this.#proofs.dump(dump, visitor, done);
  }

  /** Nothing is called back after this. */
  close(): void {
    this.#events.close();
    this.#writer.close();
    this.#dumps.close();
    this.#proofs?.close();
  }
}

/** About 500 routes: some milliseconds with all that is done about them. */
const PROOF_OCTETS_PER_TURN = 32_768;

/** Requests in the first batch of what is taken for a long run: the copies that they would cost are those of a new socket. */
const RUN_REQUESTS = 256;
/** Milliseconds between two moves of the event socket to the head of the kernel's listeners. */
const RENEWED_MS = 10_000;

const FOLLOWED_GROUPS: readonly number[] = [
  MulticastGroup.LINK,
  MulticastGroup.IPV4_IFADDR,
  MulticastGroup.IPV6_IFADDR,
  MulticastGroup.IPV4_ROUTE,
  MulticastGroup.IPV6_ROUTE,
];
