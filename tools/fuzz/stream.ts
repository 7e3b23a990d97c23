/**
 * The octets of one peer as TCP would deliver them: messages in one piece, in two, drop by drop, and pieces of two
 * messages in one chunk. The framer must not care.
 */

import type { Action } from './action.ts';

type Message = Extract<Action, { op: 'message' }>;

export class Stream {
  #held = new Uint8Array(0);

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /** The connection is another one. */
  reset(): void {
    if (this.#held.length > 0) this.#held = new Uint8Array(0);
  }

  /** Gives `feed` what arrives, in order; what waits for the next message is kept. */
  deliver({ octets, cut, hold }: Message, feed: (chunk: Uint8Array) => void): void {
    const chunk = this.#held.length > 0 ? this.#joined(octets) : octets;
    if (cut === 0 || (cut > 0 && cut >= chunk.length)) return feed(chunk);
    if (cut < 0) {
      for (let at = 0; at < chunk.length; at -= cut) feed(chunk.subarray(at, at - cut));
      return;
    }
    if (hold === true) this.#held = chunk.slice(cut);
    feed(chunk.subarray(0, cut));
    if (hold !== true) feed(chunk.subarray(cut));
  }

  #joined(octets: Uint8Array): Uint8Array {
    const held = this.#held;
    const chunk = new Uint8Array(held.length + octets.length);
    chunk.set(held);
    chunk.set(octets, held.length);
    this.#held = new Uint8Array(0);
    return chunk;
  }
}
