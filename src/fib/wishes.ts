/** What the speaker wants of the kernel, put into the columns. Invariant: an equal wish changes nothing. */

import type { Millis } from '../base/units.ts';
import { kernelMetric } from '../netlink/kernel-route.ts';
import {
  ADOPTED,
  type FibTable,
  HOLD,
  PARKED,
  REFUSED,
  RESTORING,
  UNEXPLAINED,
  WANTED,
} from './fib-table.ts';
import type { KernelObserver } from './kernel-observer.ts';
import type { Reconciler } from './reconciler.ts';
import { NO_SHAPE } from './route-shape.ts';
import type { HoldWish, RoutePrefix, RouteWish } from './types.ts';

export class Wishes {
  readonly #rec: Reconciler;
  readonly #observer: KernelObserver;

  constructor(reconciler: Reconciler, observer: KernelObserver) {
    this.#rec = reconciler;
    this.#observer = observer;
  }

  want(prefix: RoutePrefix, wish: RouteWish, now: Millis): void {
    const rec = this.#rec;
    const table = this.#tableOf(prefix);
    const row = table.intern(prefix);
    if (row === 0) return this.#full(prefix);
    const ref = rec.refOf(table, row);
    const metric = kernelMetric(prefix.family, wish.metric);
    const flags = table.flags[row]!;
    const wanted = (flags & WANTED) !== 0;
    table.origin[row] = rec.texts.idOf(wish.origin);
    const same =
      wanted && table.wantedShape[row] === wish.shape && table.wantedMetric[row] === metric;
    if (same) return;
    rec.shapes.retain(wish.shape);
    if (wanted) rec.shapes.release(table.wantedShape[row]!);
    table.wantedShape[row] = wish.shape;
    table.wantedMetric[row] = metric;
    table.since[row] = Math.trunc(now);
    // A fight's delay stays: another wish does not calm a second writer.
    if ((flags & REFUSED) !== 0) rec.backOffs.forget(ref);
    table.flags[row] = (flags & ~(HOLD | ADOPTED | PARKED | REFUSED)) | WANTED;
    rec.promoteExtra(ref);
    if (!wanted) this.#observer.noteStanding(ref);
    rec.checkForeign(ref);
    rec.consider(ref);
  }

  hold(prefix: RoutePrefix, wish: HoldWish): void {
    const rec = this.#rec;
    const table = this.#tableOf(prefix);
    const row = table.intern(prefix);
    if (row === 0) return;
    this.#drop(table, row);
    table.origin[row] = rec.texts.idOf(wish.origin);
    table.note[row] = rec.texts.idOf(wish.reason);
    table.flags[row] = (table.flags[row]! & ~(ADOPTED | RESTORING)) | HOLD;
    rec.consider(rec.refOf(table, row));
  }

  unwant(prefix: RoutePrefix): void {
    const table = this.#tableOf(prefix);
    const row = table.find(prefix);
    if (row === 0 || (table.flags[row]! & (WANTED | HOLD)) === 0) return;
    this.#drop(table, row);
    table.flags[row]! &= ~(HOLD | RESTORING);
    this.#rec.consider(this.#rec.refOf(table, row));
  }

  #drop(table: FibTable, row: number): void {
    if ((table.flags[row]! & WANTED) === 0) return;
    this.#rec.shapes.release(table.wantedShape[row]!);
    table.wantedShape[row] = NO_SHAPE;
    table.flags[row]! &= ~(WANTED | PARKED | UNEXPLAINED);
    this.#rec.checkForeign(this.#rec.refOf(table, row));
  }

  #full(prefix: RoutePrefix): void {
    this.#rec.publish({
      event: 'route-error',
      prefix: `${prefix.length} bits`,
      errno: 'ENOSPC',
      reason: 'The table of kernel routes is full',
    });
  }

  #tableOf(prefix: RoutePrefix): FibTable {
    return this.#rec.tables[prefix.family === 4 ? 0 : 1];
  }
}
