/**
 * Routes that wait for a link or an address: found again, in slices, when their interface has news, and now and then
 * in case that the event which would free them never comes.
 */

import { type Millis, millis } from '../base/units.ts';
import { Kind, PARKED, WANTED } from './fib-table.ts';
import type { Reconciler } from './reconciler.ts';

/** Parked routes are tried again without an event: first after, doubling up to. */
export const PARKED_RETRY_FIRST = 1_000;
const PARKED_RETRY_LONGEST = 30_000;

export class ParkedRoutes {
  readonly #rec: Reconciler;
  /** Interfaces with news. */
  #interfaces = new Set<number>();
  #all = false;
  #retryAt: Millis | undefined;
  #delay = PARKED_RETRY_FIRST;
  /** Next row of the running scan; `only` undefined frees all. */
  #scan: { table: 0 | 1; row: number; readonly only: ReadonlySet<number> | undefined } | undefined;

  constructor(reconciler: Reconciler) {
    this.#rec = reconciler;
  }

  /** When all are tried again without an event. */
  get retryAt(): Millis | undefined {
    return this.#retryAt;
  }

  /** Whether `run` has rows to look at. */
  get due(): boolean {
    if (this.#scan !== undefined) return true;
    return this.#any() && (this.#all || this.#interfaces.size > 0);
  }

  /** The interface came up, or has a new address or connected route. */
  freeInterface(index: number, now: Millis): void {
    this.#interfaces.add(index);
    this.#delay = PARKED_RETRY_FIRST;
    // What follows the event may still be on its way in the kernel: once more soon after.
    const soon = millis(now + PARKED_RETRY_FIRST);
    if (this.#retryAt !== undefined && this.#retryAt > soon) this.#retryAt = soon;
  }

  /** @param options.mayPark  An answer on its way may still park routes. */
  run(now: Millis, options: { readonly rows: number; readonly mayPark: boolean }): void {
    if (this.#retryAt !== undefined && now >= this.#retryAt) {
      this.#retryAt = undefined;
      this.#all = true;
    }
    if (this.#scan === undefined && this.due) {
      this.#scan = { table: 0, row: 1, only: this.#all ? undefined : this.#interfaces };
      this.#forgetNews();
    } else if (this.#scan === undefined && !options.mayPark) this.#forgetNews();
    this.#planRetry(now);
    this.#look(options.rows);
  }

  #forgetNews(): void {
    this.#interfaces = new Set();
    this.#all = false;
  }

  #planRetry(now: Millis): void {
    if (!this.#any()) {
      this.#retryAt = undefined;
      this.#delay = PARKED_RETRY_FIRST;
    } else if (this.#retryAt === undefined) {
      this.#retryAt = millis(now + this.#delay);
      this.#delay = Math.min(PARKED_RETRY_LONGEST, this.#delay * 2);
    }
  }

  #look(rows: number): void {
    const scan = this.#scan;
    if (scan === undefined) return;
    for (let left = rows; left > 0; left--) {
      const table = this.#rec.tables[scan.table];
      if (scan.row > table.prefixes.top) {
        if (scan.table === 1) {
          this.#scan = undefined;
          return;
        }
        scan.table = 1;
        scan.row = 1;
        continue;
      }
      const row = scan.row++;
      const parked = (table.flags[row]! & (PARKED | WANTED)) === (PARKED | WANTED);
      if (!table.prefixes.isLive(row) || !parked) continue;
      if (scan.only !== undefined && !this.#uses(table.wantedShape[row]!, scan.only)) continue;
      table.flags[row]! &= ~PARKED;
      this.#rec.consider(this.#rec.refOf(table, row));
    }
  }

  #uses(shape: number, interfaces: ReadonlySet<number>): boolean {
    return this.#rec.shapes.spec(shape).hops.some((hop) => interfaces.has(hop.interfaceIndex));
  }

  #any(): boolean {
    return this.#rec.counts[Kind.parked]! > 0;
  }
}
