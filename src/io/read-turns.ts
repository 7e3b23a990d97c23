/**
 * How long sockets may be read before the rest of the loop has its turn.
 *
 * libuv reads a socket up to 32 times while octets are there, and then the next: ten peers that send a table held up
 * timers, the control socket and every other peer for most of a second. Here reading has some milliseconds a turn.
 * When they are over, peers in bulk are stopped until the loop has been round; who only says KEEPALIVE is always read,
 * so that no HoldTimer runs out over octets that wait in the kernel.
 * One read is the least that a turn has: 16 KiB are 4,000 prefixes, which take 1 ms or, into memory that is touched for the
 * first time, 10. So each peer is read as many octets at once as take it 2 ms, by what its last read took (decision 43).
 * Invariant: peers in bulk are read in turn, the one that waited longest first.
 */

export interface Reader {
  /** How many octets are read of it at once, from the next read on: one of `READ_SIZES`. */
  readOctets: number;
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
/** What may be read at once, the least first. */
export const READ_SIZES = [BULK_OCTETS, 4096, 8192, 16_384] as const;
const READ_OCTETS_MAX = READ_SIZES[3];
/**
 * A read that took more milliseconds of CPU is half as large next time; one that was full and took a third of it, twice.
 * Not of the clock on the wall: who waits for a processor would wait as long for less.
 */
const READ_MS_MAX = 2;

export class ReadTurns {
  /** Peers in bulk, the one that waited longest first. */
  readonly #bulk = new Set<Reader>();
  readonly #now: () => number;
  readonly #cpuSeconds: () => number;
  #beganAt: number | undefined;
  #cpuThen = 0;
  #halted = false;

  /** @param cpuSeconds  CPU time of this thread. @param now  Monotonic milliseconds. */
  constructor(cpuSeconds: () => number, now: () => number = () => performance.now()) {
    this.#cpuSeconds = cpuSeconds;
    this.#now = now;
  }

  /** Before `octets` that were read are handled. */
  begin(octets: number): void {
    // A few octets cost nothing worth an immediate.
    if (octets < BULK_OCTETS) return;
    this.#cpuThen = this.#cpuSeconds();
    if (this.#beganAt !== undefined) return;
    this.#beganAt = this.#now();
    setImmediate(() => this.#end());
  }

  /** After `octets` of `reader` were handled. @returns whether it may be read again in this turn. */
  goesOn(reader: Reader, octets: number): boolean {
    this.#bulk.delete(reader);
    if (octets < BULK_OCTETS) {
      reader.readOctets = BULK_OCTETS;
      return true;
    }
    this.#bulk.add(reader);
    const ms = (this.#cpuSeconds() - this.#cpuThen) * 1000;
    const isFull = octets >= reader.readOctets;
    reader.readOctets = nextSize(reader.readOctets, isFull, ms);
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

/** After a read in bulk of at most `octets` that took `ms` of CPU. One that was not full says little of one that is. */
function nextSize(octets: number, isFull: boolean, ms: number): number {
  let size = octets;
  if (ms > READ_MS_MAX) size = octets / 2;
  else if (isFull && ms * 3 < READ_MS_MAX) size = octets * 2;
  return Math.min(Math.max(size, BULK_OCTETS), READ_OCTETS_MAX);
}
