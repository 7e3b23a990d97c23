/**
 * First in, first out, of row references, in a ring that doubles and is given back when it runs empty. A row stands
 * in it once (the owner keeps a flag), so it is bounded by the rows; the last doubling, at a million, copies 4 MB.
 */

const CAPACITY_MIN = 64;
/** What a queue has that nothing was put into. */
const NO_RING = new Uint32Array(0);
/** 16 KiB. */
const KEPT_MAX = 4096;

export class RefQueue {
  #ring = NO_RING;
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(ref: number): void {
    if (this.#size === this.#ring.length) this.#enlarge();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = ref;
    this.#size++;
  }

  /** The oldest; undefined when empty. */
  shift(): number | undefined {
    if (this.#size === 0) return undefined;
    const ref = this.#ring[this.#head]!;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
    if (this.#size === 0 && this.#ring.length > KEPT_MAX) {
      this.#ring = NO_RING;
      this.#head = 0;
    }
    return ref;
  }

  #enlarge(): void {
    const old = this.#ring;
    const larger = new Uint32Array(Math.max(CAPACITY_MIN, old.length * 2));
    larger.set(old.subarray(this.#head));
    larger.set(old.subarray(0, this.#head), old.length - this.#head);
    this.#ring = larger;
    this.#head = 0;
  }
}
