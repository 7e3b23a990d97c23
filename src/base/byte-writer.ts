/** A growing buffer of octets with length fields that are patched afterwards. All numbers big-endian. */

export class ByteWriter {
  #octets: Uint8Array;
  #length = 0;

  constructor(capacity = 256) {
    this.#octets = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    const at = this.#grow(1);
    this.#octets[at] = value;
  }

  u16(value: number): void {
    const at = this.#grow(2);
    this.#octets[at] = value >>> 8;
    this.#octets[at + 1] = value;
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#octets[at] = value >>> 24;
    this.#octets[at + 1] = value >>> 16;
    this.#octets[at + 2] = value >>> 8;
    this.#octets[at + 3] = value;
  }

  bytes(octets: Uint8Array): void {
    const at = this.#grow(octets.length);
    this.#octets.set(octets, at);
  }

  /** Copies `octets[start..end)` without making a view. */
  copy(octets: Uint8Array, start: number, end: number): void {
    const at = this.#grow(end - start);
    const target = this.#octets;
    for (let from = start, to = at; from < end; from++, to++) target[to] = octets[from]!;
  }

  /** Appends `length` octets, whatever they hold, and returns their index: all are to be written, by `patchU8` and its like. */
  reserve(length: number): number {
    return this.#grow(length);
  }

  patchU8(at: number, value: number): void {
    this.#octets[at] = value;
  }

  patchU16(at: number, value: number): void {
    this.#octets[at] = value >>> 8;
    this.#octets[at + 1] = value;
  }

  /** Forgets everything after `length`; the buffer is kept. */
  truncate(length: number): void {
    this.#length = Math.min(length, this.#length);
  }

  reset(): void {
    this.#length = 0;
  }

  /** The buffer itself: `length` octets of it count, and the next write may replace it. Spares a view. */
  get octets(): Uint8Array {
    return this.#octets;
  }

  /** What was written, as a view that the next write may overwrite. */
  view(): Uint8Array {
    return this.#octets.subarray(0, this.#length);
  }

  /** Puts what was written into `target` from `at` on, where there must be room. */
  copyTo(target: Uint8Array, at: number): void {
    const octets = this.#octets;
    const length = this.#length;
    for (let i = 0; i < length; i++) target[at + i] = octets[i]!;
  }

  /** What was written, as a copy that stays. */
  finish(): Uint8Array {
    return this.#octets.slice(0, this.#length);
  }

  #grow(length: number): number {
    const at = this.#length;
    const needed = at + length;
    if (needed > this.#octets.length) {
      const larger = new Uint8Array(Math.max(needed, this.#octets.length * 2));
      larger.set(this.#octets.subarray(0, at));
      this.#octets = larger;
    }
    this.#length = needed;
    return at;
  }
}
