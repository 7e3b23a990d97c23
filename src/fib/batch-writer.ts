/**
 * From queued rows to batches of netlink requests, and from their acknowledgements back to the rows.
 *
 * First install CREATE|EXCL, so that nobody's route is overwritten; REPLACE only what we hold; a new metric is added
 * before the old one is deleted. Invariant: a row has at most one request in flight, and is `IN_FLIGHT` then; at most
 * `BATCHES_IN_FLIGHT_MAX` batches are, carried out in order.
 */

import type { Millis } from '../base/units.ts';
import { Errno, errnoName } from '../netlink/errno.ts';
import { BATCH_REQUESTS_MAX, RouteRequestWriter } from '../netlink/route-request.ts';
import { REFUSAL_PACE } from './back-offs.ts';
import {
  type FibTable,
  HELD,
  IN_FLIGHT,
  PARKED,
  QUEUED_DELETE,
  QUEUED_UPDATE,
  RECORDED,
  REFUSED,
  RESTORING,
  UNEXPLAINED,
  WANTED,
} from './fib-table.ts';
import type { KernelView } from './kernel-view.ts';
import { Need, type Reconciler } from './reconciler.ts';
import { NO_SHAPE } from './route-shape.ts';
import type { RouteBatch } from './types.ts';

/** Rows looked at for one batch: most may turn out to need nothing, and a step has 10 ms. */
const ROWS_PER_BATCH_MAX = 4096;
/** An acknowledgement that does not come in this time is taken for lost, and the kernel read again. */
const ACK_TIMEOUT = 10_000;

/**
 * One that the kernel works on, and one behind it: the writer's thread finds the next when it has done one, while the
 * loop decodes (decision 0011).
 */
const BATCHES_IN_FLIGHT_MAX = 2;

/** What was asked for in one batch, by request. */
class Flight {
  id = 0;
  count = 0;
  sentAt: Millis = 0;
  readonly refs = new Uint32Array(BATCH_REQUESTS_MAX);
  readonly needs = new Uint8Array(BATCH_REQUESTS_MAX);
  readonly metrics = new Uint32Array(BATCH_REQUESTS_MAX);
  /** Whether the journal names the key only since this request. */
  readonly fresh = new Uint8Array(BATCH_REQUESTS_MAX);
}

/** What an acknowledgement asks of the programmer beyond its rows. */
export interface AckOutcome {
  /** Read the kernel again, because of this. */
  readonly dump?: string;
  /** Write nothing for a while: the whole kernel, not a route, is the trouble. */
  readonly pause?: { readonly errno: string; readonly denied: boolean };
}

export class BatchWriter {
  readonly #rec: Reconciler;
  readonly #view: KernelView;
  readonly #writer = new RouteRequestWriter();
  /** Oldest first. */
  readonly #flights: Flight[] = [];
  readonly #spare = Array.from({ length: BATCHES_IN_FLIGHT_MAX }, () => new Flight());
  /** The one that is built, or whose answer is taken in. */
  #flight = this.#spare[0]!;
  #batchId = 0;
  #usableShape = NO_SHAPE;
  #now: Millis = 0;
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
    this.#writer.reset();
    this.#usableShape = NO_SHAPE;
    let looked = 0;
    // Before deletes: what moves from one prefix to another is never absent.
    while (updates.size > 0 && !this.#writer.full && looked++ < ROWS_PER_BATCH_MAX) {
      const ref = updates.shift()!;
      this.#rec.tableOf(ref).flags[ref >> 1]! &= ~QUEUED_UPDATE;
      this.#update(ref);
    }
    const mayDelete = deletes && updates.size === 0;
    while (mayDelete && leaving.size > 0 && !this.#writer.full && looked++ < ROWS_PER_BATCH_MAX) {
      const ref = leaving.shift()!;
      this.#rec.tableOf(ref).flags[ref >> 1]! &= ~QUEUED_DELETE;
      this.#remove(ref);
    }
    if (this.#writer.count === 0) return undefined;
    this.#spare.pop();
    this.#flights.push(flight);
    flight.sentAt = now;
    flight.id = ++this.#batchId;
    this.#rec.totals.requests += flight.count;
    const octets = this.#writer.batch().octets.slice();
    return { id: flight.id, octets, count: flight.count, firstSequence: 0 };
  }

  /** @param errnos  By request, 0 for success; negative or missing where the answer was lost. */
  acknowledge(batch: number, errnos: Int32Array, now: Millis): AckOutcome {
    const at = this.#flights.findIndex(({ id }) => id === batch);
    if (at < 0) return {};
    const flight = this.#flights.splice(at, 1)[0]!;
    this.#flight = flight;
    this.#now = now;
    let outcome: AckOutcome = {};
    for (let i = 0; i < flight.count; i++) {
      const ref = flight.refs[i]!;
      const errno = i < errnos.length ? errnos[i]! : -1;
      const asked = errno === 0 ? this.#succeeded(i) : this.#failed(i, errno, now);
      if (asked !== undefined) outcome = { ...outcome, ...asked };
      this.#endSent(ref);
      // Only now: a row in flight is neither queued nor freed, whatever the lines above did to it.
      this.#rec.tableOf(ref).flags[ref >> 1]! &= ~IN_FLIGHT;
      this.#rec.consider(ref);
    }
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
      this.#park(ref, trouble);
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
    const operation = need === Need.add ? 'add' : 'replace';
    this.#send(ref, need, { operation, shape, metric, fresh: !recorded });
  }

  #remove(ref: number): void {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    const need = rec.need(ref);
    if (need === Need.removeExtra) {
      const extra = rec.extras.get(ref)![0]!;
      this.#send(ref, need, {
        operation: 'delete',
        shape: extra.shape,
        metric: extra.metric,
        fresh: false,
      });
      return;
    }
    if (need === Need.remove) {
      if (rec.mayRemove(table, row)) {
        const shape = table.heldShape[row]!;
        const metric = table.heldMetric[row]!;
        this.#send(ref, need, { operation: 'delete', shape, metric, fresh: false });
        return;
      }
      // Its pool is gone and we did not write it: it is somebody else's now.
      rec.clearHeld(table, row);
    }
    rec.consider(ref);
  }

  #send(
    ref: number,
    need: Need,
    request: {
      readonly operation: 'add' | 'replace' | 'delete';
      readonly shape: number;
      readonly metric: number;
      readonly fresh: boolean;
    },
  ): void {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    const { operation, shape, metric } = request;
    const key = this.#key;
    key.family = table.family;
    key.octets = table.address(row);
    key.length = table.prefixes.lengthOf(row);
    key.table = rec.table;
    key.metric = metric;
    const i = this.#writer.add(operation, key, rec.shapes.encoded(shape));
    const flight = this.#flight;
    flight.refs[i] = ref;
    flight.needs[i] = need;
    flight.metrics[i] = metric;
    flight.fresh[i] = request.fresh ? 1 : 0;
    flight.count = i + 1;
    rec.shapes.retain(shape);
    table.sentShape[row] = shape;
    table.sentMetric[row] = metric;
    table.sentDelete[row] = operation === 'delete' ? 1 : 0;
    table.flags[row]! |= IN_FLIGHT;
    rec.consider(ref);
  }

  #endSent(ref: number): void {
    const table = this.#rec.tableOf(ref);
    const row = ref >> 1;
    this.#rec.shapes.release(table.sentShape[row]!);
    table.sentShape[row] = NO_SHAPE;
  }

  /** Why a shape cannot be written now. The kernel would refuse it; asking for every prefix is no use. */
  #shapeTrouble(shape: number): string | undefined {
    for (const hop of this.#rec.shapes.spec(shape).hops) {
      const trouble = this.#view.linkTrouble(hop.interfaceIndex);
      if (trouble !== undefined) return trouble;
    }
    return undefined;
  }

  #park(ref: number, reason: string): void {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    table.flags[row]! |= PARKED;
    table.note[row] = rec.texts.idOf(reason);
    rec.publish({ event: 'route-parked', prefix: rec.textOf(ref), reason });
    rec.consider(ref);
  }

  #succeeded(i: number): AckOutcome | undefined {
    const rec = this.#rec;
    const ref = this.#flight.refs[i]!;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    const metric = this.#flight.metrics[i]!;
    table.errno[row] = 0;
    switch (this.#flight.needs[i]) {
      case Need.removeExtra:
        this.#gone(ref, metric);
        // The kernel takes IPv4 metric 0 for any: had ours vanished meanwhile, it hit the new route.
        return table.family === 4 && metric === 0
          ? { dump: 'A delete without metric may have hit another route' }
          : undefined;
      case Need.remove:
        this.#gone(ref, metric);
        return undefined;
      case Need.add:
        if (this.#flight.fresh[i] === 1) rec.journal.wrote(rec.journalKey(table, row, metric));
        break;
    }
    this.#keepOldMetric(ref, metric);
    rec.setHeld(table, row, { shape: table.sentShape[row]!, metric });
    table.flags[row]! |= RECORDED;
    // The wish may have gone back meanwhile to the route that stands beside this one.
    if ((table.flags[row]! & WANTED) !== 0 && table.wantedMetric[row] !== metric) {
      rec.promoteExtra(ref);
    }
    if (rec.isFulfilled(table, row)) {
      // `since` wraps after 49 days; the difference does not mind.
      rec.lag.observe(((Math.trunc(this.#now) - table.since[row]!) >>> 0) / 1000);
    }
    if ((table.flags[row]! & RESTORING) !== 0) this.#restored(ref);
    return undefined;
  }

  /**
   * The route with the metric before stands beside the one just written, until it is deleted. That one may itself
   * have stood beside it: the wish may have moved between metrics while it was written.
   */
  #keepOldMetric(ref: number, metric: number): void {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    const flags = table.flags[row]!;
    const old = table.heldMetric[row]!;
    if (old === metric) return;
    rec.removeExtra(ref, metric, false);
    if ((flags & HELD) !== 0) {
      const recorded = (flags & RECORDED) !== 0;
      rec.addExtra(ref, { metric: old, shape: table.heldShape[row]!, recorded, epoch: rec.epoch });
    } else rec.clearRecord(table, row);
  }

  #restored(ref: number): void {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    table.flags[row]! &= ~RESTORING;
    rec.totals.restored++;
    rec.publish({
      event: 'route-restored',
      prefix: rec.textOf(ref),
      reason: rec.texts.textOf(table.note[row]!),
      attempts: Math.max(1, rec.backOffs.attempts(ref)),
    });
  }

  /** The kernel has it no longer. Held and other routes may have changed places since the delete was sent. */
  #gone(ref: number, metric: number): void {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    if ((table.flags[row]! & HELD) === 0 || table.heldMetric[row] !== metric) {
      rec.removeExtra(ref, metric, true);
      return;
    }
    rec.clearHeld(table, row);
    rec.clearRecord(table, row);
  }

  #failed(i: number, errno: number, now: Millis): AckOutcome | undefined {
    const rec = this.#rec;
    const ref = this.#flight.refs[i]!;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    const metric = this.#flight.metrics[i]!;
    const deleting =
      this.#flight.needs[i] === Need.remove || this.#flight.needs[i] === Need.removeExtra;
    if (errno < 0) return this.#unanswered(i);
    if (deleting && (errno === Errno.ESRCH || errno === Errno.ENOENT)) {
      // Somebody was faster; gone is what was asked for.
      this.#gone(ref, metric);
      return undefined;
    }
    const name = errnoName(errno);
    rec.totals.errors++;
    rec.totals.errorsByErrno.set(name, (rec.totals.errorsByErrno.get(name) ?? 0) + 1);
    if (this.#flight.needs[i] === Need.add && this.#flight.fresh[i] === 1) {
      rec.journal.removed(rec.journalKey(table, row, metric));
    }
    table.errno[row] = Math.min(errno, 255);
    if (errno === Errno.EPERM || errno === Errno.EACCES)
      return { pause: { errno: name, denied: true } };
    if (TRANSIENT.has(errno)) return { pause: { errno: name, denied: false } };
    if (errno === Errno.EEXIST && !deleting) {
      table.flags[row]! |= UNEXPLAINED;
      return { dump: `The key of ${rec.textOf(ref)} is taken` };
    }
    if (LINK_TROUBLE.has(errno) && !deleting) {
      this.#park(ref, `${name}: the kernel does not reach the next hop yet`);
      return undefined;
    }
    this.#refuse(ref, name, now);
    return undefined;
  }

  /** Nobody knows whether it was done: it counts as not done, and the next dump tells. */
  #unanswered(i: number): AckOutcome {
    const ref = this.#flight.refs[i]!;
    const table = this.#rec.tableOf(ref);
    const row = ref >> 1;
    if (this.#flight.needs[i] === Need.add && (table.flags[row]! & (HELD | RECORDED)) === 0) {
      table.heldMetric[row] = this.#flight.metrics[i]!;
      table.flags[row]! |= RECORDED;
      const shapeHash = this.#rec.shapes.hash(table.sentShape[row]!);
      this.#rec.intend(ref, { metric: this.#flight.metrics[i]!, shapeHash });
    }
    return { dump: 'The kernel did not answer' };
  }

  #refuse(ref: number, name: string, now: Millis): void {
    const rec = this.#rec;
    const table: FibTable = rec.tableOf(ref);
    const row = ref >> 1;
    table.flags[row]! |= REFUSED;
    const reason = `The kernel refused it with ${name}`;
    table.note[row] = rec.texts.idOf(reason);
    const delay = rec.backOffs.strike(ref, REFUSAL_PACE, now);
    const again = `${reason}; tried again in ${delay / 1000} s`;
    rec.publish({ event: 'route-error', prefix: rec.textOf(ref), errno: name, reason: again });
  }
}

/** The kernel is short of something: not this route's fault. */
const TRANSIENT: ReadonlySet<number> = new Set([
  Errno.ENOBUFS,
  Errno.ENOMEM,
  Errno.EAGAIN,
  Errno.EINTR,
  Errno.EBUSY,
  Errno.ENFILE,
  Errno.EMFILE,
  Errno.ETIMEDOUT,
]);

/** Wait for the link or the address instead of trying again. */
const LINK_TROUBLE: ReadonlySet<number> = new Set([
  Errno.ENETUNREACH,
  Errno.EHOSTUNREACH,
  Errno.ENETDOWN,
  Errno.ENODEV,
  Errno.ENXIO,
]);
