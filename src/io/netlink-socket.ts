/**
 * The kernel over AF_NETLINK, and the only file that knows its fds: one socket for events, one for requests,
 * one for dumps, so that neither a flood of events nor a dump holds up or loses an acknowledgement.
 *
 * Invariant: callbacks come from the loop, never from inside a call; a failure is a value with its errno.
 */

import type { SystemError } from '../base/errors.ts';
import { MulticastGroup } from '../netlink/codes.ts';
import type { KernelDump } from '../netlink/dump-request.ts';
import { type KernelVisitor, visitKernelMessages } from '../netlink/events.ts';
import type { KernelRequestBatch } from '../netlink/route-request.ts';
import { type DumpOutcome, DumpQueue } from './netlink-dump.ts';
import { RawNetlinkSocket } from './netlink-raw.ts';
import { type BatchOutcome, RequestQueue } from './netlink-requests.ts';

export interface KernelSocketHandlers {
  /**
   * News, in the kernel's order, our own requests' echoes included: those have
   * `route.portId === socket.requestPort`.
   */
  readonly events: KernelVisitor;
  /** Events were lost (ENOBUFS): what is known must be dumped again. */
  onOverrun(): void;
  /** The event socket failed for good. */
  onError(error: SystemError): void;
}

export class KernelSocket {
  readonly #events: RawNetlinkSocket;
  readonly #requests: RequestQueue;
  readonly #dumps: DumpQueue;

  private constructor(parts: {
    events: RawNetlinkSocket;
    requests: RequestQueue;
    dumps: DumpQueue;
  }) {
    this.#events = parts.events;
    this.#requests = parts.requests;
    this.#dumps = parts.dumps;
  }

  /** Opens the three sockets and follows links, addresses and routes of both families at once. */
  static open(handlers: KernelSocketHandlers): KernelSocket | SystemError {
    const events = RawNetlinkSocket.open({
      groups: FOLLOWED_GROUPS,
      onOctets: (octets, length) => visitKernelMessages(octets, length, handlers.events),
      onFailure: (error) => {
        if (error.errno === 'ENOBUFS') handlers.onOverrun();
        else handlers.onError(error);
      },
    });
    if ('kind' in events) return events;
    const requests = RequestQueue.open();
    if ('kind' in requests) {
      events.close();
      return requests;
    }
    const dumps = DumpQueue.open();
    if ('kind' in dumps) {
      events.close();
      requests.close();
      return dumps;
    }
    return new KernelSocket({ events, requests, dumps });
  }

  /** `portId` of events that our own requests caused. */
  get requestPort(): number {
    return this.#requests.port;
  }

  /**
   * Queues a batch; its octets are copied. Batches go out in order, one per turn of the loop.
   *
   * @param done  Called once, later. Which requests failed and why.
   */
  send(batch: KernelRequestBatch, done: (outcome: BatchOutcome) => void): void {
    this.#requests.send(batch, done);
  }

  /** Queues a dump; one runs at a time. Rows go to `visitor` over several turns of the loop. */
  dump(dump: KernelDump, visitor: KernelVisitor, done: (outcome: DumpOutcome) => void): void {
    this.#dumps.dump(dump, visitor, done);
  }

  /** Nothing is called back after this. */
  close(): void {
    this.#events.close();
    this.#requests.close();
    this.#dumps.close();
  }
}

const FOLLOWED_GROUPS: readonly number[] = [
  MulticastGroup.LINK,
  MulticastGroup.IPV4_IFADDR,
  MulticastGroup.IPV6_IFADDR,
  MulticastGroup.IPV4_ROUTE,
  MulticastGroup.IPV6_ROUTE,
];
