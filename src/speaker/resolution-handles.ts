/**
 * A small integer for each way in which the kernel reaches next hops, so that the RIB can tell that one changed.
 *
 * Invariant: a number is never given to two ways, also not after forgetting: at worst, a way gets a new one and what
 * depends on it is decided again.
 */

/** Ways remembered, about 100 octets each; interfaces that come and go bring new ones without end. */
const HANDLES_MAX = 16_384;

export class ResolutionHandles {
  readonly #handles = new Map<string, number>();
  #last = 0;

  /** @param way  Gateways and interfaces as text. */
  handleOf(way: string): number {
    const known = this.#handles.get(way);
    if (known !== undefined) return known;
    if (this.#handles.size >= HANDLES_MAX) this.#handles.clear();
    this.#handles.set(way, ++this.#last);
    return this.#last;
  }

  get size(): number {
    return this.#handles.size;
  }
}
