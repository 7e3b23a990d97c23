/**
 * What the kernel says about prefixes of ours, by event and by dump: adopts, notices what others did, finds foreign
 * owners, and after a dump marks as gone what it did not name.
 *
 * Invariant: nothing is taken for gone before a dump is complete; a protocol-12 route that is neither in a pool nor
 * in the journal is somebody else's. Own writes need not be told; an echo of one does no harm beyond a spare write.
 */

import type { Millis } from '../base/units.ts';
import { formatRouteProtocol, RouteProtocol, RouteScope } from '../netlink/codes.ts';
import type { KernelRoute, RouteShape } from '../netlink/kernel-route.ts';
import { culpritName, culpritRemedy } from './culprits.ts';
import {
  ADOPTED,
  type FibTable,
  HELD,
  HOLD,
  IN_FLIGHT,
  RECORDED,
  REFUSED,
  TOUCHED,
  UNEXPLAINED,
  WANTED,
} from './fib-table.ts';
import type { KernelView } from './kernel-view.ts';
import { routePrefixOf } from './ownership.ts';
import type { Reconciler } from './reconciler.ts';
import type { ShapeHop, ShapeId } from './route-shape.ts';
import type { RouteChange } from './types.ts';

/** What is remembered of a route of somebody else. */
type ForeignShape = Pick<KernelRoute, 'metric' | 'protocol'> & RouteShape;

export class KernelObserver {
  readonly #rec: Reconciler;
  readonly #view: KernelView;
  /** By family: routes found go on standing until `sweepAdopted`. */
  readonly adopting = { 4: true, 6: true };
  #dumping = false;
  /** Whose doing the event at hand is, where that is known. */
  #by: string | undefined;
  /** Next row to look at after a dump, by table; undefined when no sweep runs. */
  #sweep: { table: 0 | 1; row: number } | undefined;

  constructor(reconciler: Reconciler, view: KernelView) {
    this.#rec = reconciler;
    this.#view = view;
  }

  get sweeping(): boolean {
    return this.#sweep !== undefined;
  }

  /** @returns a reason to read the kernel again, when the event leaves doubt. */
  onRoute({ route, removed, by }: RouteChange, now: Millis): string | undefined {
    if (route.table !== this.#rec.table) return undefined;
    this.#by = by;
    if (route.protocol !== RouteProtocol.BIRD) return this.#onForeign(route, removed);
    return removed ? this.#onOurRemoved(route, now) : this.#onOurs(route, now);
  }

  /** A proof did not find what we hold. */
  onMissing(ref: number, now: Millis): void {
    this.#by = undefined;
    this.#lost(ref, 'It was missing from the kernel, and no event said so', now);
    this.#rec.consider(ref);
  }

  /** In iproute2's words. */
  textOf(shape: ShapeId): string {
    return this.#rec.shapes.text(shape, (index) => this.#view.interfaceName(index));
  }

  dumpStarted(): void {
    this.#dumping = true;
    this.#sweep = undefined;
    this.#rec.epoch = (this.#rec.epoch + 1) & 255;
  }

  dumpFailed(): void {
    this.#dumping = false;
    this.#sweep = undefined;
  }

  dumpDone(): void {
    if (!this.#dumping) return;
    this.#dumping = false;
    this.#sweep = { table: 0, row: 1 };
  }

  /** Looks at up to `rows` rows after a dump. @returns whether the sweep is done with this call. */
  sweepSome(rows: number, now: Millis): boolean {
    const sweep = this.#sweep;
    if (sweep === undefined) return false;
    let left = rows;
    while (left > 0) {
      const table = this.#rec.tables[sweep.table];
      if (sweep.row > table.prefixes.top) {
        if (sweep.table === 1) {
          this.#sweep = undefined;
          this.#rec.intents.clear();
          return true;
        }
        sweep.table = 1;
        sweep.row = 1;
        continue;
      }
      const row = sweep.row++;
      left--;
      if (table.prefixes.isLive(row)) this.#afterDump(table, row, now);
    }
    return false;
  }

  #afterDump(table: FibTable, row: number, now: Millis): void {
    const rec = this.#rec;
    const ref = rec.refOf(table, row);
    const unseen = (table.flags[row]! & HELD) !== 0 && table.epoch[row] !== rec.epoch;
    table.flags[row]! &= ~(TOUCHED | UNEXPLAINED);
    for (const extra of [...(rec.extras.get(ref) ?? [])]) {
      if (extra.epoch !== rec.epoch) rec.removeExtra(ref, extra.metric, true);
    }
    const foreign = rec.foreign.get(ref)?.filter((key) => key.epoch === rec.epoch);
    if (foreign !== undefined) {
      if (foreign.length === 0) rec.foreign.delete(ref);
      else rec.foreign.set(ref, foreign);
    }
    this.#by = undefined;
    if (unseen) this.#lost(ref, 'It was missing from the kernel', now);
    if ((table.flags[row]! & (HELD | RECORDED)) === RECORDED) {
      rec.clearRecord(table, row);
      this.#adoptExtra(ref);
    }
    // A refusal without a timer (too many at once) is tried again with every dump.
    if ((table.flags[row]! & REFUSED) !== 0 && rec.backOffs.deadlineOf(ref) === undefined) {
      table.flags[row]! &= ~REFUSED;
    }
    rec.checkForeign(ref);
    rec.consider(ref);
  }

  #onForeign(route: KernelRoute, removed: boolean): string | undefined {
    const rec = this.#rec;
    const table = rec.tables[route.family === 4 ? 0 : 1];
    const row = table.prefixes.findPrefix(route.prefix);
    if (row === 0) return undefined;
    const ref = rec.refOf(table, row);
    const known = rec.foreign.get(ref)?.some((key) => isKeyOf(key, route)) ?? false;
    if (removed) this.#forgetForeign(ref, route);
    else this.#noteForeign(ref, route);
    rec.checkForeign(ref);
    // A replace is told as the new route only: ours with this key may be gone.
    const holding = (table.flags[row]! & HELD) !== 0 && table.heldMetric[row] === route.metric;
    const doubt = holding || this.#isBeingWritten(table, row, route.metric);
    rec.consider(ref);
    // In a dump, one that stood beside ours before says nothing new; a new one may be an event meanwhile.
    if (!doubt || removed || (this.#dumping && known)) return undefined;
    const owner = formatRouteProtocol(route.protocol);
    return `Protocol ${owner} wrote a route with the key of our ${route.prefix}`;
  }

  /** Routes of others that stood there before anything was wished for the prefix, and so before it had a row. */
  noteStanding(ref: number): void {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const { family } = table;
    const { foreign } = this.#view;
    // Pods' blocks are of lengths that few others have: most wishes end here.
    if (!foreign.hasLength(family, table.prefixes.lengthOf(ref >> 1))) return;
    if (rec.foreign.has(ref)) return;
    for (const route of foreign.at(table.prefixes.prefixOf(ref >> 1)) ?? []) {
      if (route.table === rec.table) {
        this.#noteForeign(ref, { ...route, family, scope: RouteScope.UNIVERSE, flags: 0 });
      }
    }
  }

  #noteForeign(ref: number, route: ForeignShape): void {
    const rec = this.#rec;
    const keys = rec.foreign.get(ref)?.filter((key) => !isKeyOf(key, route)) ?? [];
    const text = rec.describe(route, (index) => this.#view.interfaceName(index));
    keys.push({ metric: route.metric, protocol: route.protocol, text, epoch: rec.epoch });
    rec.foreign.set(ref, keys);
  }

  #forgetForeign(ref: number, route: KernelRoute): void {
    const keys = this.#rec.foreign.get(ref)?.filter((key) => !isKeyOf(key, route));
    if (keys === undefined) return;
    if (keys.length === 0) this.#rec.foreign.delete(ref);
    else this.#rec.foreign.set(ref, keys);
  }

  #onOurs(route: KernelRoute, now: Millis): string | undefined {
    const rec = this.#rec;
    const table = rec.tables[route.family === 4 ? 0 : 1];
    const found = table.prefixes.findPrefix(route.prefix);
    const inPool = rec.ownership.poolOf(routePrefixOf(route.prefix)) !== undefined;
    if (found === 0 && !inPool) return undefined; // a stock BIRD's
    const row = found === 0 ? table.internText(route.prefix) : found;
    if (row === 0) return undefined; // The table is full: nothing can be said about it.
    const ref = rec.refOf(table, row);
    const flags = table.flags[row]!;
    if (this.#dumping && (flags & TOUCHED) !== 0) return undefined;
    const shape = rec.shapes.fromKernel(route);
    const { metric } = route;
    if (this.#isBeingWritten(table, row, metric)) {
      table.epoch[row] = rec.epoch;
      if (table.sentDelete[row] === 1)
        return `Another program wrote ${route.prefix} while we deleted it`;
      if (table.sentShape[row] === shape || table.heldShape[row] === shape) return undefined;
      return `Another program wrote ${route.prefix} while we did`;
    }
    if ((flags & HELD) !== 0 && table.heldMetric[row] === metric) this.#seen(ref, shape, now);
    else if (!inPool && !this.#isRecorded(ref, shape, metric)) this.#noteForeign(ref, route);
    else this.#found(ref, shape, metric);
    rec.checkForeign(ref);
    rec.consider(ref);
    return undefined;
  }

  /** The key that we hold, seen again: as we know it, or changed behind our back. */
  #seen(ref: number, shape: ShapeId, now: Millis): void {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    table.epoch[row] = rec.epoch;
    if (table.heldShape[row] === shape) return;
    const wasRight = rec.isFulfilled(table, row);
    rec.setHeld(ref, shape, table.heldMetric[row]!);
    if (!wasRight) return;
    this.#disturbed(ref, `changed it to ${this.textOf(shape)}`, now);
  }

  /** A route of ours that the columns did not have. */
  #found(ref: number, shape: ShapeId, metric: number): void {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    const flags = table.flags[row]!;
    const extra = rec.extras.get(ref)?.find((other) => other.metric === metric);
    if (extra !== undefined) {
      extra.epoch = rec.epoch;
      rec.shapes.retain(shape);
      rec.shapes.release(extra.shape);
      extra.shape = shape;
    } else if ((flags & HELD) !== 0) {
      rec.addExtra(ref, { metric, shape, recorded: false, epoch: rec.epoch });
    }
    if (extra !== undefined || (flags & HELD) !== 0) {
      if ((flags & WANTED) !== 0 && table.wantedMetric[row] === metric) rec.promoteExtra(ref);
      return;
    }
    if ((flags & RECORDED) !== 0 && table.heldMetric[row] !== metric) rec.clearRecord(table, row);
    rec.setHeld(ref, shape, metric);
    const unknown = (flags & (WANTED | HOLD)) === 0;
    if (unknown && this.adopting[table.family]) table.flags[row]! |= ADOPTED;
  }

  /** A request for this key is on its way: what events say of it may be older or newer. */
  #isBeingWritten(table: FibTable, row: number, metric: number): boolean {
    return (table.flags[row]! & IN_FLIGHT) !== 0 && table.sentMetric[row] === metric;
  }

  #isRecorded(ref: number, shape: ShapeId, metric: number): boolean {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    const held = (table.flags[row]! & RECORDED) !== 0 && table.heldMetric[row] === metric;
    const known = held || (rec.extras.get(ref)?.some((extra) => extra.metric === metric) ?? false);
    return known && rec.confirmIntent(ref, metric, shape);
  }

  #onOurRemoved(route: KernelRoute, now: Millis): string | undefined {
    const rec = this.#rec;
    const table = rec.tables[route.family === 4 ? 0 : 1];
    const row = table.prefixes.findPrefix(route.prefix);
    if (row === 0) return undefined;
    const ref = rec.refOf(table, row);
    const { metric } = route;
    if (this.#dumping) table.flags[row]! |= TOUCHED;
    this.#forgetForeign(ref, route);
    const flags = table.flags[row]!;
    let doubt: string | undefined;
    if (this.#isBeingWritten(table, row, metric)) {
      // What was sent counts, not what is wished by now: that may have changed twice meanwhile.
      if (table.sentDelete[row] === 0)
        doubt = `Another program deleted ${route.prefix} while we wrote it`;
    } else if ((flags & HELD) !== 0 && table.heldMetric[row] === metric) {
      doubt = this.#removedHeld(ref, route, now);
    } else rec.removeExtra(ref, metric, true);
    rec.checkForeign(ref);
    rec.consider(ref);
    return doubt;
  }

  #removedHeld(ref: number, route: KernelRoute, now: Millis): string | undefined {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    const removed = rec.shapes.fromKernel(route);
    if (removed === table.heldShape[row]) {
      this.#lost(ref, `${this.#culprit} deleted it${culpritRemedy(this.#by)}`, now);
      return undefined;
    }
    const left = this.#hopsLeft(table.heldShape[row]!, removed);
    // Of another's route, which went before ours took its key: told late.
    if (left === undefined) {
      return `Another program deleted a route to ${route.prefix} that is not as ours`;
    }
    const wasRight = rec.isFulfilled(table, row);
    const shape = rec.shapes.unicast(table.family, left);
    rec.setHeld(ref, shape, route.metric);
    if (wasRight) this.#disturbed(ref, 'deleted some of its next hops', now);
    return undefined;
  }

  /** IPv6 may tell the end of one next hop of several. Undefined when nothing stays. */
  #hopsLeft(held: ShapeId, removed: ShapeId): ShapeHop[] | undefined {
    const spec = this.#rec.shapes.spec(held);
    const gone = this.#rec.shapes.spec(removed).hops;
    if (spec.family === 4 || spec.hops.length < 2) return undefined;
    const left = spec.hops.filter(
      (hop) =>
        !gone.some(
          (other) => other.gateway === hop.gateway && other.interfaceIndex === hop.interfaceIndex,
        ),
    );
    return left.length === 0 || left.length === spec.hops.length ? undefined : left;
  }

  /**
   * Of two routes to a prefix that a daemon before us wrote, the one named first is gone: the other is what carries
   * the packets, and stands as that one would have.
   */
  #adoptExtra(ref: number): void {
    const table = this.#rec.tableOf(ref);
    const row = ref >> 1;
    const [extra] = this.#rec.extras.get(ref) ?? [];
    if (extra === undefined || (table.flags[row]! & (WANTED | HOLD)) !== 0) return;
    this.#rec.promoteExtra(ref, extra.metric);
    if (this.adopting[table.family]) table.flags[row]! |= ADOPTED;
  }

  #lost(ref: number, reason: string, now: Millis): void {
    const rec = this.#rec;
    const table = rec.tableOf(ref);
    const row = ref >> 1;
    const flags = table.flags[row]!;
    const wasRight = rec.isFulfilled(table, row);
    rec.clearHeld(table, row);
    if ((flags & WANTED) === 0) rec.clearRecord(table, row);
    if ((flags & ADOPTED) !== 0) this.#adoptExtra(ref);
    if (wasRight) rec.disturbed(ref, { reason, by: this.#by }, now);
  }

  #disturbed(ref: number, did: string, now: Millis): void {
    const reason = `${this.#culprit} ${did}${culpritRemedy(this.#by)}`;
    this.#rec.disturbed(ref, { reason, by: this.#by }, now);
  }

  get #culprit(): string {
    return this.#by === undefined ? 'Another program' : culpritName(this.#by);
  }
}

function isKeyOf(
  key: { readonly metric: number; readonly protocol: number },
  route: Pick<KernelRoute, 'metric' | 'protocol'>,
): boolean {
  return key.metric === route.metric && key.protocol === route.protocol;
}
