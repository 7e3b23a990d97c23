/**
 * FIFO of integers in blocks: no copy when it grows, no memory kept for what it once held.
 * Invariant: an owner that must not queue an id twice keeps its own mark.
 */

const BLOCK = 4096;
/** The first block is small: most queues of a node with many peers never hold more. */
const FIRST_BLOCK = 64;
/** Empty blocks kept for reuse. */
const SPARE_BLOCKS_MAX = 4;

/**
 * Linked, not in an array: for V8 an array that is empty is of another kind than one that holds objects, and what had met the one
 * only was compiled again when it met the other, in the middle of the first large table.
 */
class Block {
  readonly ids: Int32Array;
  next: Block | undefined = undefined;

  constructor(ids: Int32Array) {
    this.ids = ids;
  }
}

export class IdQueue {
  #first = new Block(new Int32Array(FIRST_BLOCK));
  #last = this.#first;
  #out = this.#first.ids;
  #in = this.#first.ids;
  #head = 0; // within the first block
  #tail = 0; // within the last block
  #size = 0;
  #spare: Block | undefined = undefined;
  #spares = 0;

  get size(): number {
    return this.#size;
  }

  push(id: number): void {
    if (this.#tail === this.#in.length) this.#extend();
    this.#in[this.#tail++] = id;
    this.#size++;
  }

  /** The oldest id; 0 when empty. */
  shift(): number {
    if (this.#size === 0) return 0;
    const id = this.#out[this.#head++]!;
    this.#size--;
    if (this.#size === 0) {
      // What was pushed last stood in the block at hand: it is the first and the last.
      this.#head = 0;
      this.#tail = 0;
    } else if (this.#head === this.#out.length) this.#retire();
    return id;
  }

  #extend(): void {
    let block = this.#spare;
    if (block === undefined) block = new Block(new Int32Array(BLOCK));
    else {
      this.#spare = block.next;
      this.#spares--;
      block.next = undefined;
    }
    this.#last.next = block;
    this.#last = block;
    this.#in = block.ids;
    this.#tail = 0;
  }

  #retire(): void {
    const gone = this.#first;
    this.#first = gone.next!;
    this.#out = this.#first.ids;
    this.#head = 0;
    if (gone.ids.length !== BLOCK || this.#spares === SPARE_BLOCKS_MAX) return;
    gone.next = this.#spare;
    this.#spare = gone;
    this.#spares++;
  }
}
