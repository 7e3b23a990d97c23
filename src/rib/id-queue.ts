/**
 * FIFO of integers in blocks: no copy when it grows, no memory kept for what it once held.
 * Invariant: an owner that must not queue an id twice keeps its own mark.
 */

const BLOCK = 4096;
/** The first block is small: most queues of a node with many peers never hold more. */
const FIRST_BLOCK = 64;
/** Empty blocks kept for reuse. */
const SPARE_BLOCKS_MAX = 4;

export class IdQueue {
  // Never without a block: for V8 an array that is empty at first is of another kind than one that holds objects, and
  // the hot path that pushes would be compiled twice.
  readonly #blocks: Int32Array[] = [new Int32Array(FIRST_BLOCK)];
  readonly #spare: Int32Array[] = [];
  #last = this.#blocks[0]!;
  #first = 0; // index of the oldest block still in use; earlier ones are gone
  #head = 0; // within the first block
  #tail = 0; // within the last block
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(id: number): void {
    if (this.#tail === this.#last.length) {
      this.#last = this.#spare.pop() ?? new Int32Array(BLOCK);
      this.#blocks.push(this.#last);
      this.#tail = 0;
    }
    this.#last[this.#tail++] = id;
    this.#size++;
  }

  /** The oldest id; 0 when empty. */
  shift(): number {
    if (this.#size === 0) return 0;
    const block = this.#blocks[this.#first]!;
    const id = block[this.#head++]!;
    this.#size--;
    if (this.#size === 0) this.#startAfresh();
    else if (this.#head === block.length) this.#retire(block);
    return id;
  }

  /** Empty: the last block is the first again. */
  #startAfresh(): void {
    this.#head = 0;
    this.#tail = 0;
    this.#blocks[0] = this.#last;
    this.#blocks.length = 1;
    this.#first = 0;
  }

  #retire(block: Int32Array): void {
    this.#head = 0;
    if (block.length === BLOCK && this.#spare.length < SPARE_BLOCKS_MAX) this.#spare.push(block);
    this.#first++;
    if (this.#first >= 64) {
      this.#blocks.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
