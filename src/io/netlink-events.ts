/**
 * The socket that hears the kernel's news, and its place among all that do.
 *
 * The kernel gives a message to its listeners one by one, whoever came last before the others. The first is lent the
 * message itself, those behind it a copy each, made before their filter is asked. What our own requests cause is dropped
 * by our filter: from another place than the first each of our routes costs a copy for nothing (decision 0035).
 * Invariant: whatever happens after `open` is told once, in the kernel's order, or `onFailure` is.
 */

import type { SystemError } from '../base/errors.ts';
import { type RawNetlinkOptions, RawNetlinkSocket } from './netlink-raw.ts';

export class EventSocket {
  readonly #options: RawNetlinkOptions;
  #socket: RawNetlinkSocket | undefined;
  #heard = false;

  private constructor(options: RawNetlinkOptions) {
    this.#options = {
      ...options,
      onOctets: (octets, length) => {
        this.#heard = true;
        options.onOctets(octets, length);
      },
      onFailure: (error) => {
        this.#heard = true;
        options.onFailure(error);
      },
    };
  }

  static open(options: RawNetlinkOptions): EventSocket | SystemError {
    const events = new EventSocket(options);
    const socket = RawNetlinkSocket.open(events.#options);
    if ('kind' in socket) return socket;
    events.#socket = socket;
    return events;
  }

  /**
   * Goes to the head of the listeners, by a new socket in place of the old one. For the loop: what waits is told.
   * When something waited both have heard it, and the old one stays; also when there is no other to be had.
   *
   * @returns Whether it stands at the head now.
   */
  renew(): boolean {
    const old = this.#socket;
    if (old === undefined) return false; // closed meanwhile
    const newer = RawNetlinkSocket.open(this.#options);
    if ('kind' in newer) return false;
    this.#heard = false;
    const isEmpty = !old.drain() && !this.#heard;
    // Whoever was told something may have closed all.
    if (isEmpty) this.#socket = newer;
    (isEmpty ? old : newer).close();
    return isEmpty;
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}
