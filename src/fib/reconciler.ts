/**
 * The state that wishes, observations and batches share, and the one question they all end with: what does this row
 * need now? `consider` answers it, queues the row once, keeps the counters, and frees rows that nothing keeps.
 *
 * A *ref* names a row of either family: PrefixId × 2 + (1 for IPv6). Invariant: after any change of a row, `consider`.
 */

import { HistogramCell, powers } from '../base/metrics.ts';
import type { Millis } from '../base/units.ts';
import type { RouteShape } from '../netlink/kernel-route.ts';
import { BackOffs, FIGHT_PACE } from './back-offs.ts';
import { DeleteQueue } from './delete-queue.ts';
import {
  ADOPTED,
  BACKOFF,
  EXTRAS,
  FibTable,
  FOREIGN,
  HELD,
  HOLD,
  IN_FLIGHT,
  KINDS,
  Kind,
  PARKED,
  QUEUED_DELETE,
  QUEUED_UPDATE,
  RECORDED,
  REFUSED,
  RESTORING,
  UNEXPLAINED,
  UNPROVABLE,
  WANTED,
} from './fib-table.ts';
import { type JournalKey, JournalWriter } from './journal.ts';
import { Ownership } from './ownership.ts';
import type { RefQueue } from './ref-queue.ts';
import { NO_SHAPE, type RouteShapes } from './route-shape.ts';
import { SecondWriters } from './second-writers.ts';
import { SpreadQueue } from './spread-queue.ts';
import { TextTable } from './text-table.ts';
import type { FibEvent, FibTotals, RoutePrefix } from './types.ts';

/** What a row needs. `add` also where the metric changes: the old one is deleted afterwards. */
export const Need = { none: 0, add: 1, replace: 2, remove: 3, removeExtra: 4 } as const;
export type Need = (typeof Need)[keyof typeof Need];

/** One more route of ours to a prefix, by metric. */
export interface Extra {
  metric: number;
  shape: number;
  recorded: boolean;
  epoch: number;
}

/** Another program's route to one of our prefixes. */
export interface ForeignKey {
  metric: number;
  protocol: number;
  text: string;
  epoch: number;
}

/** What somebody did to a route of ours, and who, where that is known. */
export interface Disturbance {
  readonly reason: string;
  readonly by: string | undefined;
}

/** A key whose add was sent and whose outcome is not known. */
export interface Intent {
  readonly metric: number;
  readonly shapeHash: number;
}

/** Seconds: 100 µs … 26 s, factor 4. */
const KERNEL_LAG_BOUNDS = powers({ from: 0.0001, factor: 4, count: 10 });
/** Events given out between two `takeEvents`; what comes beyond is counted in one of them. */
const EVENTS_MAX = 64;

export class Reconciler {
  readonly shapes: RouteShapes;
  readonly tables: readonly [FibTable, FibTable];
  readonly updates = new SpreadQueue();
  readonly deletes = new DeleteQueue();
  readonly extras = new Map<number, Extra[]>();
  readonly foreign = new Map<number, ForeignKey[]>();
  /** Wished rows to whose prefix somebody else has a route that the kernel prefers. */
  readonly shadowed = new Set<number>();
  /** Recorded keys of which nobody knows whether we came to write them. Empty once the kernel is read. */
  readonly intents = new Map<number, Intent[]>();
  readonly backOffs = new BackOffs();
  readonly writers = new SecondWriters();
  readonly ownership = new Ownership();
  readonly journal = new JournalWriter();
  readonly texts = new TextTable();
  readonly counts = new Int32Array(KINDS);
  readonly lag = new HistogramCell(KERNEL_LAG_BOUNDS);
  readonly totals: FibTotals = {
    requests: 0,
    errors: 0,
    restored: 0,
    overruns: 0,
    dumps: 0,
    errorsByErrno: new Map(),
  };
  /** Routing table written to. */
  table = 254;
  /** Modulo 256, moves with every dump. */
  epoch = 0;
  /** Rows whose state changed, while somebody watches; some stand in it more than once. */
  moved: RefQueue | undefined;
  readonly #key = {
    family: 4 as 4 | 6,
    address: new Uint8Array(0) as Uint8Array,
    length: 0,
    metric: 0,
    table: 0,
  };
  #events: FibEvent[] = [];
  #eventsLost = 0;

  constructor(shapes: RouteShapes, seed: number) {
    this.shapes = shapes;
    this.tables = [new FibTable(4, seed), new FibTable(6, seed ^ 0x5bd1e995)];
  }

  tableOf(ref: number): FibTable {
    return this.tables[ref & 1]!;
  }

  refOf(table: FibTable, row: number): number {
    return row * 2 + (table.family === 4 ? 0 : 1);
  }

  need(ref: number): Need {
    const table = this.tableOf(ref);
    const row = ref >> 1;
    const flags = table.flags[row]!;
    if ((flags & (IN_FLIGHT | HOLD)) !== 0) return Need.none;
    if ((flags & WANTED) !== 0) {
      if (this.isFulfilled(table, row)) return flags & EXTRAS ? Need.removeExtra : Need.none;
      if ((flags & (PARKED | REFUSED | FOREIGN | BACKOFF | UNEXPLAINED)) !== 0) return Need.none;
      const sameKey = (flags & HELD) !== 0 && table.heldMetric[row] === table.wantedMetric[row];
      return sameKey ? Need.replace : Need.add;
    }
    if ((flags & (ADOPTED | BACKOFF | REFUSED)) !== 0) return Need.none;
    if ((flags & HELD) !== 0) return Need.remove;
    return flags & EXTRAS ? Need.removeExtra : Need.none;
  }

  isFulfilled(table: FibTable, row: number): boolean {
    return (
      (table.flags[row]! & (WANTED | HELD)) === (WANTED | HELD) &&
      table.heldShape[row] === table.wantedShape[row] &&
      table.heldMetric[row] === table.wantedMetric[row]
    );
  }

  /** Counts and queues the row by what it needs now, or frees it. @returns false when it is gone. */
  consider(ref: number): boolean {
    const table = this.tableOf(ref);
    const row = ref >> 1;
    const need = this.need(ref);
    const flags = table.flags[row]!;
    table.proof[row]! |= UNPROVABLE;
    if (need === Need.add || need === Need.replace) {
      if ((flags & QUEUED_UPDATE) === 0) {
        table.flags[row] = flags | QUEUED_UPDATE;
        // A route that is replaced moves nothing in the kernel's table: those go as they came, and first.
        this.updates.push(ref, need === Need.add ? table.nearOf(row) : 0);
      }
    } else if (need !== Need.none && (flags & QUEUED_DELETE) === 0) {
      table.flags[row] = flags | QUEUED_DELETE;
      this.deletes.push(ref, table.prefixes.lengthOf(row), table.nearOf(row));
    }
    this.#count(table, row);
    const kept =
      WANTED | HOLD | HELD | RECORDED | EXTRAS | IN_FLIGHT | QUEUED_UPDATE | QUEUED_DELETE;
    if ((table.flags[row]! & kept) !== 0) return true;
    if (this.backOffs.size > 0) this.backOffs.forget(ref);
    if (this.foreign.size > 0) this.foreign.delete(ref);
    if (this.shadowed.size > 0) this.shadowed.delete(ref);
    this.shapes.release(table.sentShape[row]!);
    this.shapes.release(table.ackedShape[row]!);
    table.release(row);
    return false;
  }

  kindOf(table: FibTable, row: number): number {
    const flags = table.flags[row]!;
    if (flags & HOLD) return Kind.heldBack;
    if (flags & WANTED) {
      if (this.isFulfilled(table, row)) return Kind.installed;
      if (flags & FOREIGN) return Kind.foreign;
      if (flags & PARKED) return Kind.parked;
      if (flags & (REFUSED | UNEXPLAINED)) return Kind.refused;
      return Kind.pending;
    }
    if (flags & ADOPTED) return Kind.adopted;
    return flags & (HELD | EXTRAS) ? Kind.leaving : Kind.none;
  }

  /** Whether the kernel's route may be deleted: written by us, or in a pool of the cluster. */
  mayRemove(table: FibTable, row: number): boolean {
    if ((table.flags[row]! & RECORDED) !== 0) return true;
    return this.ownership.poolOf(this.prefixOf(table, row)) !== undefined;
  }

  /** Borrowed: valid until the next call. */
  prefixOf(table: FibTable, row: number): RoutePrefix {
    const length = table.prefixes.lengthOf(row);
    return { family: table.family, octets: table.address(row), octetsAt: 0, length };
  }

  textOf(ref: number): string {
    return this.tableOf(ref).prefixes.prefixOf(ref >> 1);
  }

  setHeld(ref: number, shape: number, metric: number): void {
    const table = this.tableOf(ref);
    const row = ref >> 1;
    this.shapes.retain(shape);
    if ((table.flags[row]! & HELD) !== 0) this.shapes.release(table.heldShape[row]!);
    table.flags[row]! |= HELD;
    table.heldShape[row] = shape;
    table.heldMetric[row] = metric;
    table.epoch[row] = this.epoch;
  }

  /** A request for the row goes out; the column keeps it until the next one does. */
  noteSent(ref: number, shape: number, metric: number): void {
    const table = this.tableOf(ref);
    const row = ref >> 1;
    this.shapes.retain(shape);
    this.shapes.release(table.sentShape[row]!);
    table.sentShape[row] = shape;
    table.sentMetric[row] = metric;
  }

  /** The kernel said yes to what was sent: it has `shape` under `metric` now, or (`NO_SHAPE`) nothing. */
  noteAcknowledged(ref: number, shape: number, metric: number): void {
    const table = this.tableOf(ref);
    const row = ref >> 1;
    this.shapes.retain(shape);
    this.shapes.release(table.ackedShape[row]!);
    table.ackedShape[row] = shape;
    table.ackedMetric[row] = metric;
  }

  /** The kernel has it no longer; what the journal says of it stays. */
  clearHeld(table: FibTable, row: number): void {
    if ((table.flags[row]! & HELD) === 0) return;
    this.shapes.release(table.heldShape[row]!);
    table.heldShape[row] = NO_SHAPE;
    table.flags[row]! &= ~(HELD | ADOPTED);
  }

  /** The journal need not name the held key any more. */
  clearRecord(table: FibTable, row: number): void {
    if ((table.flags[row]! & RECORDED) === 0) return;
    table.flags[row]! &= ~RECORDED;
    this.journal.removed(this.journalKey(table, row, table.heldMetric[row]!));
  }

  /** Borrowed: valid until the next call. */
  journalKey(table: FibTable, row: number, metric: number): JournalKey {
    const key = this.#key;
    key.family = table.family;
    key.address = table.address(row);
    key.length = table.prefixes.lengthOf(row);
    key.metric = metric;
    key.table = this.table;
    return key;
  }

  addExtra(ref: number, extra: Extra): void {
    this.shapes.retain(extra.shape);
    const list = this.extras.get(ref);
    if (list === undefined) this.extras.set(ref, [extra]);
    else list.push(extra);
    this.tableOf(ref).flags[ref >> 1]! |= EXTRAS;
  }

  /** @param forget  Whether the journal is told, too. */
  removeExtra(ref: number, metric: number, forget: boolean): void {
    const list = this.extras.get(ref);
    const at = list?.findIndex((extra) => extra.metric === metric) ?? -1;
    if (list === undefined || at < 0) return;
    const table = this.tableOf(ref);
    const [extra] = list.splice(at, 1);
    this.shapes.release(extra!.shape);
    if (extra!.recorded && forget) this.journal.removed(this.journalKey(table, ref >> 1, metric));
    if (list.length > 0) return;
    this.extras.delete(ref);
    table.flags[ref >> 1]! &= ~EXTRAS;
  }

  intend(ref: number, intent: Intent): void {
    const list = this.intents.get(ref);
    if (list === undefined) this.intents.set(ref, [intent]);
    else list.push(intent);
  }

  /** Whether a recorded key that the kernel has is ours: yes, unless it was only intended and looks otherwise. */
  confirmIntent(ref: number, metric: number, shape: number): boolean {
    const intent = this.intents.get(ref)?.find((other) => other.metric === metric);
    if (intent === undefined) return true;
    const key = this.journalKey(this.tableOf(ref), ref >> 1, metric);
    if (intent.shapeHash !== this.shapes.hash(shape)) return false;
    this.journal.wrote(key);
    const left = this.intents.get(ref)!.filter((other) => other !== intent);
    this.intents.set(ref, left);
    return true;
  }

  /** The one of our other routes with this metric, if none is given with the wished one, becomes the held one. */
  promoteExtra(ref: number, metric = this.tableOf(ref).wantedMetric[ref >> 1]!): void {
    const table = this.tableOf(ref);
    const row = ref >> 1;
    if ((table.flags[row]! & EXTRAS) === 0) return;
    const match = this.extras.get(ref)?.find((extra) => extra.metric === metric);
    if (match === undefined) return;
    const extra = { ...match };
    this.shapes.retain(extra.shape);
    this.removeExtra(ref, extra.metric, false);
    const flags = table.flags[row]!;
    if (flags & HELD) {
      const recorded = (flags & RECORDED) !== 0;
      const metric = table.heldMetric[row]!;
      this.addExtra(ref, {
        metric,
        shape: table.heldShape[row]!,
        recorded,
        epoch: table.epoch[row]!,
      });
    } else this.clearRecord(table, row);
    this.setHeld(ref, extra.shape, extra.metric);
    this.shapes.release(extra.shape);
    table.epoch[row] = extra.epoch;
    table.flags[row] = (table.flags[row]! & ~RECORDED) | (extra.recorded ? RECORDED : 0);
  }

  /** Sets `FOREIGN` by whether somebody else has prefix and wanted metric. */
  checkForeign(ref: number): void {
    const table = this.tableOf(ref);
    const row = ref >> 1;
    // Asked at every wish, and most kernels hold no route of others to a prefix of ours.
    if (this.foreign.size === 0) {
      table.flags[row]! &= ~FOREIGN;
      if (this.shadowed.size > 0) this.shadowed.delete(ref);
      return;
    }
    const owner = this.ownerOf(ref);
    const wanted = (table.flags[row]! & WANTED) !== 0;
    if (wanted && owner !== undefined) table.flags[row]! |= FOREIGN;
    else table.flags[row]! &= ~FOREIGN;
    if (wanted && this.shadowOf(ref) !== undefined) this.shadowed.add(ref);
    else if (this.shadowed.size > 0) this.shadowed.delete(ref);
  }

  /** Another program's route to the same prefix that the kernel prefers to ours. */
  shadowOf(ref: number): ForeignKey | undefined {
    const metric = this.tableOf(ref).wantedMetric[ref >> 1]!;
    return this.foreign.get(ref)?.find((key) => key.metric < metric);
  }

  /** Who else has prefix and wanted metric. */
  ownerOf(ref: number): ForeignKey | undefined {
    const metric = this.tableOf(ref).wantedMetric[ref >> 1];
    return this.foreign.get(ref)?.find((key) => key.metric === metric);
  }

  /** Somebody deleted or changed what we hold, and it is still wished for. Repaired at once, the first time. */
  disturbed(ref: number, disturbance: Disturbance, now: Millis): void {
    const table = this.tableOf(ref);
    const row = ref >> 1;
    table.note[row] = this.texts.idOf(disturbance.reason);
    table.flags[row]! |= RESTORING;
    const delay = this.backOffs.strike(ref, FIGHT_PACE, now);
    if (delay > 0) table.flags[row]! |= BACKOFF;
    const told = this.writers.strike(disturbance.by, this.backOffs.attempts(ref), now);
    if (told === undefined) return;
    const reason = `${this.textOf(ref)}: ${disturbance.reason}; written again after ${delay} ms, and later each time`;
    this.publish({ event: 'second-writer', ...told, reason });
  }

  /** Waits for a link or an address. */
  park(ref: number, reason: string): void {
    const table = this.tableOf(ref);
    const row = ref >> 1;
    table.flags[row]! |= PARKED;
    table.note[row] = this.texts.idOf(reason);
    this.publish({ event: 'route-parked', prefix: this.textOf(ref), reason });
    this.consider(ref);
  }

  /** The shape of a route as told, in iproute2's words. */
  describe(route: RouteShape, interfaceName: (index: number) => string | undefined): string {
    return this.shapes.text(this.shapes.fromKernel(route), interfaceName);
  }

  publish(event: FibEvent): void {
    if (this.#events.length < EVENTS_MAX) this.#events.push(event);
    else this.#eventsLost++;
  }

  takeEvents(): readonly FibEvent[] {
    const events = this.#events;
    if (events.length === 0) return events;
    if (this.#eventsLost > 0) {
      const last = events[events.length - 1]!;
      const reason = `${last.reason} (and ${this.#eventsLost} more events like this)`;
      events[events.length - 1] = { ...last, reason };
    }
    this.#events = [];
    this.#eventsLost = 0;
    return events;
  }

  #count(table: FibTable, row: number): void {
    const before = table.kind[row]!;
    const kind = this.kindOf(table, row);
    if (before === kind) return;
    if (before !== Kind.none) this.counts[before]!--;
    if (kind !== Kind.none) this.counts[kind]!++;
    table.kind[row] = kind;
    this.moved?.push(this.refOf(table, row));
  }
}
