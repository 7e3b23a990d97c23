/**
 * From queued rows to batches of netlink requests; `batch-answers.ts` takes the acknowledgements back to the rows.
 *
 * First install CREATE|EXCL, so that nobody's route is overwritten; REPLACE only what we hold; a new metric is added
 * before the old one is deleted. Invariant: a row has at most one request in flight, and is `IN_FLIGHT` then; at most
 * `BATCHES_IN_FLIGHT_MAX` batches are, carried out in order.
 */

import type { Millis } from '../base/units.ts';
import type { RouteOperation } from '../netlink/route-request.ts';
import { type AckOutcome, BatchAnswers, Flight } from './batch-answers.ts';
import { IN_FLIGHT, QUEUED_DELETE, QUEUED_UPDATE, RECORDED } from './fib-table.ts';
import type { KernelView } from './kernel-view.ts';
import { Need, type Reconciler } from './reconciler.ts';
import { NO_SHAPE } from './route-shape.ts';
import type { RouteBatch } from './types.ts';

/** Rows looked at for one batch: most may turn out to need nothing, and a step has 10 ms. */
const ROWS_PER_BATCH_MAX = 4096;
/** An acknowledgement that does not come in this time is taken for lost, and the kernel read again. */
const ACK_TIMEOUT = 10_000;

/**
 * Those that the kernel works on while the loop is in one turn: answers are heard once a turn, which takes up to 10 ms
 * while a table loads, and the writer's thread does a batch in 2 ms. With two it stood idle half of the time, with 4
 * and 8 less, beyond 16 nothing is gained (decision 0011).
 */
const BATCHES_IN_FLIGHT_MAX = 16;

/** By need; `none` asks for nothing. */
const OPERATIONS: readonly (RouteOperation | undefined)[] = [
  undefined,
  'add',
  'replace',
  'delete',
  'delete',
];

export class BatchWriter {
  readonly #rec: Reconciler;
  readonly #view: KernelView;
  readonly #answers: BatchAnswers;
  readonly #spare = Array.from({ length: BATCHES_IN_FLIGHT_MAX }, () => new Flight());
  /** Oldest first. Emptied, not empty: for V8 an array that never held an object is of another kind. */
  readonly #flights = [this.#spare[0]!];
  /** The one that is built. */
  #flight = this.#spare[0]!;
  #batchId = 0;
  #usableShape = NO_SHAPE;
  /** Reused for every request. */
  readonly #key = {
    family: 4 as 4 | 6,
    octets: new Uint8Array(0) as Uint8Array,
    octetsAt: 0,
    length: 0,
    table: 0,
    metric: 0,
  };

  constructor(reconciler: Reconciler, view: KernelView) {
    this.#rec = reconciler;
    this.#view = view;
    this.#answers = new BatchAnswers(reconciler);
    this.#flights.pop();
  }

  get inFlight(): boolean {
    return this.#flights.length > 0;
  }

  /** No further batch can be built before one is answered. */
  get full(): boolean {
    return this.#spare.length === 0;
  }

  /** When the oldest batch in flight counts as lost. */
  timeout(): Millis | undefined {
    const oldest = this.#flights[0];
    return oldest === undefined ? undefined : ((oldest.sentAt + ACK_TIMEOUT) as Millis);
  }

  /** @param deletes  Whether routes may be deleted now. */
  build(now: Millis, deletes: boolean): RouteBatch | undefined {
    const { updates, deletes: leaving } = this.#rec;
    const flight = this.#spare[this.#spare.length - 1];
    if (flight === undefined) return undefined;
    this.#flight = flight;
    flight.count = 0;
    const { writer } = flight;
    writer.reset();
    this.#usableShape = NO_SHAPE;
    let looked = 0;
    // Before deletes: what moves from one prefix to another is never absent.
    while (updates.size > 0 && !writer.full && looked++ < ROWS_PER_BATCH_MAX) {
      const ref = updates.shift()!;
      this.#rec.tableOf(ref).flags[ref >> 1]! &= ~QUEUED_UPDATE;
      this.#update(ref);
    }
    const mayDelete = deletes && updates.size === 0;
    while (mayDelete && leaving.size > 0 && !writer.full && looked++ < ROWS_PER_BATCH_MAX) {
      const ref = leaving.shift()!;
      this.#rec.tableOf(ref).flags[ref >> 1]! &= ~QUEUED_DELETE;
      this.#remove(ref);
    }
    if (writer.count === 0) return undefined;
    this.#spare.pop();
    this.#flights.push(flight);
    flight.sentAt = now;
    flight.id = ++this.#batchId;
    this.#rec.totals.requests += flight.count;
    return { id: flight.id, octets: writer.batch().octets, count: flight.count, firstSequence: 0 };
  }

  /** @param errnos  By request, 0 for success; negative or missing where the answer was lost. */
  acknowledge(batch: number, errnos: Int32Array, now: Millis): AckOutcome {
    const at = this.#flights.findIndex(({ id }) => id === batch);
    if (at < 0) return {};
    const flight = this.#flights.splice(at, 1)[0]!;
    const outcome = this.#answers.take(flight, errnos, now);
    this.#spare.push(flight);
    return outcome;
  }

  /** What is in flight will not be answered: its rows are tried again after the kernel was read. */
  abandon(now: Millis): AckOutcome {
    let outcome: AckOutcome = {};
    for (let oldest = this.#flights[0]; oldest !== undefined; oldest = this.#flights[0]) {
      outcome = { ...outcome, ...this.acknowledge(oldest.id, new Int32Array(0), now) };
    }
    return outcome;
  }

  #update(ref: number): void {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    const need = rec.need(ref);
    if (need !== Need.add && need !== Need.replace) {
      rec.consider(ref);
      return;
    }
    const shape = table.wantedShape[row]!;
    const trouble = shape === this.#usableShape ? undefined : this.#shapeTrouble(shape);
    if (trouble !== undefined) {
      rec.park(ref, trouble);
      return;
    }
    this.#usableShape = shape;
    const metric = table.wantedMetric[row]!;
    const flags = table.flags[row]!;
    const recorded = (flags & RECORDED) !== 0 && table.heldMetric[row] === metric;
    if (!recorded) {
      const key = rec.journalKey(table, row, metric);
      if (need === Need.add) rec.journal.intends(key, rec.shapes.hash(shape));
      else rec.journal.wrote(key);
    }
    if (need === Need.replace) table.flags[row]! |= RECORDED;
    this.#key.metric = metric;
    this.#send(ref, need, shape);
    if (!recorded) this.#flight.fresh[this.#flight.count - 1] = 1;
  }

  #remove(ref: number): void {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    const need = rec.need(ref);
    if (need === Need.removeExtra) {
      const extra = rec.extras.get(ref)![0]!;
      this.#key.metric = extra.metric;
      this.#send(ref, need, extra.shape);
      return;
    }
    if (need === Need.remove) {
      if (rec.mayRemove(table, row)) {
        this.#key.metric = table.heldMetric[row]!;
        this.#send(ref, need, table.heldShape[row]!);
        return;
      }
      // Its pool is gone and we did not write it: it is somebody else's now.
      rec.clearHeld(table, row);
    }
    rec.consider(ref);
  }

  /** One request of the batch, for the metric in `#key`; not taken for one that the journal names only since. */
  #send(ref: number, need: Need, shape: number): void {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    const operation = OPERATIONS[need]!;
    const key = this.#key;
    key.family = table.family;
    key.octets = table.address(row);
    key.length = table.prefixes.lengthOf(row);
    key.table = rec.table;
    const { metric } = key;
    const flight = this.#flight;
    const i = flight.writer.add(operation, key, rec.shapes.encoded(shape));
    flight.refs[i] = ref;
    flight.needs[i] = need;
    flight.metrics[i] = metric;
    flight.fresh[i] = 0;
    flight.count = i + 1;
    rec.noteSent(ref, shape, metric);
    table.sentDelete[row] = operation === 'delete' ? 1 : 0;
    table.flags[row]! |= IN_FLIGHT;
    rec.consider(ref);
  }

  /** Why a shape cannot be written now. The kernel would refuse it; asking for every prefix is no use. */
  #shapeTrouble(shape: number): string | undefined {
    for (const hop of this.#rec.shapes.spec(shape).hops) {
      const trouble = this.#view.linkTrouble(hop.interfaceIndex);
      if (trouble !== undefined) return trouble;
    }
    return undefined;
  }
}
