/**
 * A cursor over octets that can only shrink: it never reads outside the slice that it was made for.
 *
 * Reading past the end throws `ShortReadError`; a decoder that can meet a short slice asks `remaining` first
 * and answers with its own fault, so that this error surviving to the top is our bug. All numbers big-endian.
 */

export class ShortReadError extends Error {
  override readonly name = 'ShortReadError';
  readonly code = 'ERR_SHORT_READ';
}

export class ByteReader {
  readonly octets: Uint8Array;
  #at: number;
  readonly #end: number;

  /** Reads `octets` from `start` up to, not including, `end`. */
  constructor(octets: Uint8Array, start = 0, end: number = octets.length) {
    if (start < 0 || end > octets.length || start > end)
      throw new ShortReadError('Slice outside its buffer');
    this.octets = octets;
    this.#at = start;
    this.#end = end;
  }

  /** Index into `octets` of the next octet. */
  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    const at = this.#advance(1);
    return this.octets[at]!;
  }

  u16(): number {
    const at = this.#advance(2);
    return (this.octets[at]! << 8) | this.octets[at + 1]!;
  }

  u32(): number {
    const at = this.#advance(4);
    const { octets } = this;
    return (
      ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>>
      0
    );
  }

  /** The next `length` octets as a view, not a copy. */
  take(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.octets.subarray(at, at + length);
  }

  /** A reader of the next `length` octets only; this one moves past them. */
  sub(length: number): ByteReader {
    const at = this.#advance(length);
    return new ByteReader(this.octets, at, at + length);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  /** All that is left, as a view. */
  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  #advance(length: number): number {
    const at = this.#at;
    if (length < 0 || length > this.#end - at) {
      throw new ShortReadError(`Wanted ${length} octets, ${this.#end - at} left`);
    }
    this.#at = at + length;
    return at;
  }
}
