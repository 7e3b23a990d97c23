/**
 * What only large tables meet: an index that is emptied while it moves to another array, a queue of several blocks. The
 * tables of the warm-up are too small for it, and code that has not met it is thrown away when the first large one does.
 */

import { RefQueue } from '../../fib/ref-queue.ts';
import { IdIndex } from '../../net/id-index.ts';
import { IdQueue } from '../../rib/id-queue.ts';

/** More than a block of an `IdQueue` and some stages of an `IdIndex`. */
const ROWS = 10_000;

/** More than a `RefQueue` keeps. */
const RING_MAX = 4097;

/** V8 takes no notes of what a function meets in its first few calls. */
const TIMES = 8;

/** @returns Of the ids that went in those that came out again, so that nobody leaves the work out. */
export function warmTables(): number {
  let out = 0;
  for (let time = 0; time < TIMES; time++) {
    out += throughQueue() + throughRefQueue() + throughIndex();
  }
  return out;
}

function throughQueue(): number {
  const queue = new IdQueue();
  let taken = 0;
  for (let id = 1; id <= ROWS; id++) queue.push(id);
  for (let id = queue.shift(); id !== 0; id = queue.shift()) taken++;
  return taken;
}

/** A ring that is large is given up when it runs empty. */
function throughRefQueue(): number {
  const queue = new RefQueue();
  let taken = 0;
  for (let ref = 1; ref <= RING_MAX; ref++) queue.push(ref);
  while (queue.shift() !== undefined) taken++;
  return taken;
}

/** Some are removed while it grows, the others until it has shrunk again. */
function throughIndex(): number {
  const index = new IdIndex();
  let removed = 0;
  for (let id = 1; id <= ROWS; id++) {
    index.insert(tagOf(id), 0, id);
    if (id % 4 !== 0) continue;
    index.remove(tagOf(id - 1), 0, id - 1);
    removed++;
  }
  for (let id = 1; id <= ROWS; id++) {
    if (index.first(tagOf(id), 0) !== id) continue;
    index.remove(tagOf(id), 0, id);
    removed++;
  }
  return removed;
}

function tagOf(id: number): number {
  return Math.imul(id, 0x9e3779b1);
}
