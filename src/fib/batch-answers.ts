/**
 * What the kernel answered to a batch, taken back to the rows: held, gone, parked, refused, or unknown.
 *
 * Invariant: a row stays `IN_FLIGHT` until all that its answer says of it is noted.
 */

import type { Millis } from '../base/units.ts';
import { Errno, errnoName } from '../netlink/errno.ts';
import { BATCH_REQUESTS_MAX, RouteRequestWriter } from '../netlink/route-request.ts';
import { REFUSAL_PACE } from './back-offs.ts';
import {
  type FibTable,
  HELD,
  IN_FLIGHT,
  RECORDED,
  REFUSED,
  RESTORING,
  UNEXPLAINED,
  WANTED,
} from './fib-table.ts';
import { Need, type Reconciler } from './reconciler.ts';
import { NO_SHAPE } from './route-shape.ts';

/** What was asked for in one batch, by request, and the octets that ask: lent to whoever sends them. */
export class Flight {
  id = 0;
  count = 0;
  /** Before the first time a fraction, as most times are: what V8 compiled for whole numbers it would throw away. */
  sentAt: Millis = 0.5;
  readonly writer = new RouteRequestWriter();
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

export class BatchAnswers {
  readonly #rec: Reconciler;
  /** Whose answer is taken in. */
  #flight = new Flight();
  #now: Millis = 0;

  constructor(reconciler: Reconciler) {
    this.#rec = reconciler;
  }

  /** @param errnos  By request, 0 for success; negative or missing where the answer was lost. */
  take(flight: Flight, errnos: Int32Array, now: Millis): AckOutcome {
    this.#flight = flight;
    this.#now = now;
    let outcome: AckOutcome = {};
    for (let i = 0; i < flight.count; i++) {
      const ref = flight.refs[i]!;
      const errno = i < errnos.length ? errnos[i]! : -1;
      const asked = errno === 0 ? this.#succeeded(i) : this.#failed(i, errno, now);
      if (asked !== undefined) outcome = { ...outcome, ...asked };
      // Only now: a row in flight is neither queued nor freed, whatever the lines above did to it.
      this.#rec.tableOf(ref).flags[ref >> 1]! &= ~IN_FLIGHT;
      this.#rec.consider(ref);
    }
    return outcome;
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
    rec.setHeld(ref, table.sentShape[row]!, metric);
    rec.noteAcknowledged(ref, table.sentShape[row]!, metric);
    table.flags[row]! |= RECORDED;
    // The wish may have gone back meanwhile to the route that stands beside this one.
    if ((table.flags[row]! & WANTED) !== 0 && table.wantedMetric[row] !== metric) {
      rec.promoteExtra(ref);
    }
    if (rec.isFulfilled(table, row)) {
      // `since` wraps after 49 days; the difference does not mind.
      // A product, not a quotient: V8 takes 0 / 1000 for whole numbers, and compiles anew at the first that is not.
      rec.lag.observe(((Math.trunc(this.#now) - table.since[row]!) >>> 0) * 0.001);
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
    if (table.ackedMetric[row] === metric) rec.noteAcknowledged(ref, NO_SHAPE, 0);
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
      rec.park(ref, `${name}: the kernel does not reach the next hop yet`);
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
