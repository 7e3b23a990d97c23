/**
 * How long sockets may be read before the rest of the loop has its turn.
 *
 * libuv reads a socket up to 32 times while octets are there, and then the next: ten peers that send a table held up
 * timers, the control socket and every other peer for most of a second. Here reading has some milliseconds a turn.
 * When they are over, peers in bulk are stopped until the loop has been round; who only says KEEPALIVE is always read,
 * so that no HoldTimer runs out over octets that wait in the kernel.
 * Invariant: peers in bulk are read in turn, the one that waited longest first.
 */

export interface Reader {
  pause(): void;
  resume(): void;
}

/** Milliseconds of a turn that reading may take before it lets others. */
const TURN_MS = 1;
/**
 * Octets in one read from which on a peer counts as in bulk: more than any exchange of messages without a table. Whoever was
 * not in bulk is read so much at once: all who begin in one turn are read once, before it is known what they are.
 */
export const BULK_OCTETS = 2048;

export class ReadTurns {
  /** Peers in bulk, the one that waited longest first. */
  readonly #bulk = new Set<Reader>();
  readonly #now: () => number;
  #beganAt: number | undefined;
  #halted = false;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Before `octets` that were read are handled. */
  begin(octets: number): void {
    // A few octets cost nothing worth an immediate.
    if (this.#beganAt !== undefined || octets < BULK_OCTETS) return;
    this.#beganAt = this.#now();
    setImmediate(() => this.#end());
  }

  /** After `octets` of `reader` were handled. @returns whether it may be read again in this turn. */
  goesOn(reader: Reader, octets: number): boolean {
    this.#bulk.delete(reader);
    if (octets < BULK_OCTETS) return true;
    this.#bulk.add(reader);
    if (this.#beganAt === undefined || this.#now() - this.#beganAt < TURN_MS) return true;
    if (!this.#halted) {
      this.#halted = true;
      // Also those that this turn has not come to: what they have sent waits for the next.
      for (const other of this.#bulk) if (other !== reader) other.pause();
    }
    return false;
  }

  forget(reader: Reader): void {
    this.#bulk.delete(reader);
  }

  #end(): void {
    this.#beganAt = undefined;
    if (!this.#halted) return;
    this.#halted = false;
    for (const reader of this.#bulk) reader.resume();
  }
}
