/**
 * FIFO of integers in blocks: no copy when it grows, no memory kept for what it once held.
 * Invariant: an owner that must not queue an id twice keeps its own mark.
 */

const BLOCK = 4096;
/** Empty blocks kept for reuse. */
const SPARE_BLOCKS_MAX = 4;

export class IdQueue {
  #blocks: Int32Array[] = [];
  #spare: Int32Array[] = [];
  #first = 0; // index of the oldest block still in use; earlier ones are gone
  #head = 0; // within the first block
  #tail = BLOCK; // within the last block
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(id: number): void {
    if (this.#tail === BLOCK) {
      this.#blocks.push(this.#spare.pop() ?? new Int32Array(BLOCK));
      this.#tail = 0;
    }
    this.#blocks[this.#blocks.length - 1]![this.#tail++] = id;
    this.#size++;
  }

  /** The oldest id; 0 when empty. */
  shift(): number {
    if (this.#size === 0) return 0;
    const id = this.#blocks[this.#first]![this.#head++]!;
    this.#size--;
    if (this.#head === BLOCK || this.#size === 0) this.#retire();
    return id;
  }

  #retire(): void {
    if (this.#size === 0) {
      // Empty: the last block starts afresh.
      this.#head = 0;
      this.#tail = 0;
      this.#blocks = [this.#blocks[this.#blocks.length - 1]!];
      this.#first = 0;
      return;
    }
    this.#head = 0;
    const block = this.#blocks[this.#first]!;
    if (this.#spare.length < SPARE_BLOCKS_MAX) this.#spare.push(block);
    this.#first++;
    if (this.#first >= 64) {
      this.#blocks.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
