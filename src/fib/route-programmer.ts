/**
 * Wished routes against what the kernel holds: gives batches, takes acknowledgements and events, asks for dumps.
 * No I/O. Safe by order (add or replace before delete), by knowledge (nothing is deleted by a stale picture, only
 * what is ours is ever overwritten), by calm (park, back off, never fight at line rate).
 *
 * The parts: `reconciler.ts` columns and what a row needs · `wishes.ts` · `batch-writer.ts` requests, `batch-answers.ts` answers ·
 * `kernel-access.ts` whether we may write · `kernel-observer.ts` events and dumps · `dump-schedule.ts` when to read the kernel again · `fib-views.ts`.
 */

import type { SystemError } from '../base/errors.ts';
import type { HistogramCell } from '../base/metrics.ts';
import { type Millis, millis } from '../base/units.ts';
import type { Prefix } from '../net/prefix.ts';
import type { InterfaceAddress } from '../netlink/address.ts';
import { RouteProtocol } from '../netlink/codes.ts';
import type { KernelRoute } from '../netlink/kernel-route.ts';
import type { Link } from '../netlink/link.ts';
import { BatchWriter } from './batch-writer.ts';
import { DumpSchedule } from './dump-schedule.ts';
import { ADOPTED, BACKOFF, type FibTable, REFUSED, ROW_OCTETS } from './fib-table.ts';
import { countsOf, divergenceOf, routesOf } from './fib-views.ts';
import { type InstallState, installStateOf } from './installs.ts';
import { readJournal } from './journal.ts';
import { exportJournal, loadJournal } from './journal-state.ts';
import { KernelAccess } from './kernel-access.ts';
import { KernelObserver } from './kernel-observer.ts';
import { KernelProof } from './kernel-proof.ts';
import type { KernelRules } from './kernel-rules.ts';
import type { KernelView } from './kernel-view.ts';
import { ParkedRoutes } from './parked-routes.ts';
import { Reconciler } from './reconciler.ts';
import { RefQueue } from './ref-queue.ts';
import type { RouteShapes } from './route-shape.ts';
import type {
  DivergenceKind,
  DivergenceReason,
  FibCounts,
  FibEvent,
  FibQuery,
  FibRouteView,
  FibTotals,
  HoldWish,
  ProofView,
  RouteBatch,
  RouteChange,
  RoutePrefix,
  RouteWish,
} from './types.ts';
import { Wishes } from './wishes.ts';

/** Rows looked at in one slice: about 1 ms where most need something. */
export const ROWS_PER_SLICE = 16_384;
/** The kernel tells of a link's end before it drops the routes: a dump in between would still see them. */
const SILENT_LOSS_SETTLE = 50;

export interface RouteProgrammerOptions {
  readonly view: KernelView;
  readonly shapes: RouteShapes;
  /** Seeds the hash of prefixes, which peers choose. */
  readonly seed: number;
  /** False: the kernel is read for next hops, and never written. */
  readonly enabled?: boolean;
}

/** RT_TABLE_UNSPEC, in which no route is. */
const NO_TABLE = 0;

export class RouteProgrammer {
  readonly view: KernelView;
  readonly shapes: RouteShapes;
  readonly #enabled: boolean;
  readonly #rec: Reconciler;
  readonly #batches: BatchWriter;
  readonly #observer: KernelObserver;
  readonly #dumps = new DumpSchedule();
  readonly #parked: ParkedRoutes;
  readonly #access: KernelAccess;
  readonly #wishes: Wishes;
  readonly #proof: KernelProof;
  #restart = false;
  #began = false;
  /** Why nothing can be written for want of a VRF. */
  #unusable: string | undefined;
  #vrfTable = NO_TABLE;
  /** A dump is due as soon as nothing is in flight. */
  #yieldsToDump = false;
  #journal: Uint8Array | undefined;
  readonly #adoptedCursor = { 4: 1, 6: 1 };

  constructor(options: RouteProgrammerOptions) {
    this.view = options.view;
    this.shapes = options.shapes;
    this.#enabled = options.enabled ?? true;
    this.#rec = new Reconciler(options.shapes, options.seed);
    this.#batches = new BatchWriter(this.#rec, options.view);
    this.#observer = new KernelObserver(this.#rec, options.view);
    this.#parked = new ParkedRoutes(this.#rec);
    this.#access = new KernelAccess(this.#rec);
    this.#wishes = new Wishes(this.#rec, this.#observer);
    this.#proof = new KernelProof(this.#rec, this.#observer);
  }

  get totals(): FibTotals {
    return this.#rec.totals;
  }

  /** Seconds from a wish to the acknowledgement that fulfils it. */
  get lag(): HistogramCell {
    return this.#rec.lag;
  }

  /** Table, pools and service CIDRs: what may be adopted and swept. Call before `begin` and at every plan. */
  setRules(rules: KernelRules): void {
    this.#rec.table = rules.vrf === undefined ? rules.table : this.#vrfTable;
    const changed = this.#rec.ownership.setRules(rules);
    if (changed && this.#dumps.syncedOnce) this.#dumps.need('The pools changed');
  }

  /**
   * Octets of `exportJournal`, or of `takeJournal`s appended to it; takes effect with `begin`, when the table is known.
   *
   * @returns how much can be read: damage, such as a torn tail, ends the reading.
   */
  loadJournal(octets: Uint8Array): { readonly entries: number; readonly damaged: boolean } {
    this.#journal = octets.slice();
    return readJournal(octets, () => undefined);
  }

  /** Starts, after `setRules`; a first dump is due at once. `restart` only changes the words shown for adopted routes. */
  begin(options: { readonly restart: boolean }): void {
    this.#restart = options.restart;
    this.#began = true;
    this.#readJournal();
    this.#dumps.need('Start');
  }

  /** Routing table written to; 0 while the VRF that is to say it is not there. */
  get table(): number {
    return this.#rec.table;
  }

  /** The VRF can be used, and has this table. @param reread  A dump that runs was begun without it. */
  useTable(table: number, reread: boolean): void {
    this.#vrfTable = table;
    this.#rec.table = table;
    this.#unusable = undefined;
    this.view.useTable(table);
    if (this.#began) this.#readJournal();
    if (reread) this.#dumps.need('The VRF came');
  }

  /** The VRF went: nothing is written, and what was there is gone or out of reach. */
  loseTable(reason: string): void {
    this.#unusable = reason;
    if (this.#dumps.syncedOnce) this.#dumps.need(reason);
  }

  /** The prefix is to be in the kernel so. Equal to what is held: no write at all. */
  want(prefix: RoutePrefix, wish: RouteWish, now: Millis): void {
    this.#wishes.want(prefix, wish, now);
  }

  /** Leave what is there (`KernelDecision.action` is `hold`). */
  hold(prefix: RoutePrefix, wish: HoldWish): void {
    this.#wishes.hold(prefix, wish);
  }

  /** The prefix is not wanted any more (`skip`, or no route is left). What was only adopted stays until swept. */
  unwant(prefix: RoutePrefix): void {
    this.#wishes.unwant(prefix);
  }

  /** Whether changes of state are kept for `takeMoved`. */
  watchInstalls(on: boolean): void {
    this.#rec.moved = on ? (this.#rec.moved ?? new RefQueue()) : undefined;
  }

  installState(prefix: RoutePrefix): InstallState {
    return installStateOf(this.#rec.tables[prefix.family === 4 ? 0 : 1], prefix);
  }

  /** Prefixes whose state may have changed since the last call; at most `budget`. */
  takeMoved(budget: number, visit: (family: 4 | 6, prefix: Prefix) => void): boolean {
    const { moved } = this.#rec;
    if (moved === undefined) return false;
    for (let i = 0; i < budget && moved.size > 0; i++) {
      const ref = moved.shift()!;
      const table = this.#rec.tableOf(ref);
      if (table.prefixes.isLive(ref >> 1)) visit(table.family, table.prefixes.prefixOf(ref >> 1));
    }
    return moved.size > 0;
  }

  /** Requests are on their way to the kernel. */
  get isWriting(): boolean {
    return this.#batches.inFlight;
  }

  /** The next requests; undefined when nothing is due, or enough batches or a dump are on their way. */
  nextBatch(now: Millis): RouteBatch | undefined {
    if (!this.#enabled || this.#batches.full || this.#access.isPaused(now)) return undefined;
    // A dump waits until nothing is in flight: more batches would put it off for ever.
    this.#yieldsToDump = this.#batches.inFlight && this.#dumps.isDue(now);
    if (this.#yieldsToDump) return undefined;
    if (this.#dumps.underWay || !this.#dumps.syncedOnce || this.#observer.sweeping)
      return undefined;
    if (this.#unusable !== undefined) return undefined;
    this.shapes.collect();
    const batch = this.#batches.build(now, !this.#dumps.needed);
    const { updates, deletes } = this.#rec;
    // What was denied is not wanted any more: nothing is wrong that anybody could see.
    if (batch === undefined && updates.size + deletes.size === 0) this.#access.forgive();
    return batch;
  }

  /** What must be on disk before the last `nextBatch` is sent: append it, at once, for it is lent. Undefined when nothing changed. */
  takeJournal(): Uint8Array | undefined {
    return this.#rec.journal.take();
  }

  /**
   * All that we wrote, compact, a slice of the rows at a time: with what `takeJournal` gave since the first slice, it
   * replaces the appended file.
   *
   * @param cursor  0 to begin, then `next`, which is absent at the end.
   */
  exportJournal(cursor: number): { readonly octets: Uint8Array; readonly next?: number } {
    return exportJournal(this.#rec, cursor);
  }

  /** @param errnos  By request of the batch, 0 for success; missing or negative where no answer came. */
  onAck(batch: number, errnos: Int32Array, now: Millis): void {
    if (!this.#batches.inFlight) return;
    const outcome = this.#batches.acknowledge(batch, errnos, now);
    if (outcome.dump !== undefined) this.#dumps.need(outcome.dump);
    if (outcome.pause !== undefined) this.#access.pause(outcome.pause, now);
    else this.#access.accepted();
  }

  onLink(link: Link, removed: boolean, now: Millis): void {
    const silentLoss = this.view.onLink(link, removed);
    if (silentLoss && this.shapes.shapesUsingInterface(link.index).length > 0) {
      const reason = `Link ${link.name} went down, which drops IPv4 routes without a word`;
      this.#dumps.need(reason, millis(now + SILENT_LOSS_SETTLE));
    }
    if (!removed && link.up) this.#parked.freeInterface(link.index, now);
  }

  onAddress(address: InterfaceAddress, removed: boolean, now: Millis): void {
    const silentLoss = this.view.onAddress(address, removed);
    const { interfaceIndex } = address;
    if (silentLoss && this.shapes.shapesUsingInterface(interfaceIndex).length > 0) {
      const reason = `Address ${address.address} went, which drops routes without a word`;
      this.#dumps.need(reason, millis(now + SILENT_LOSS_SETTLE));
    }
    if (!removed) this.#parked.freeInterface(interfaceIndex, now);
  }

  /** Any route of any table and protocol. Events of our own requests (by port id) are best left out. */
  onKernelRoute(change: RouteChange, now: Millis): void {
    const { route, removed } = change;
    this.view.onRoute(route, removed);
    if (!removed && route.protocol === RouteProtocol.KERNEL) {
      // A connected route, which may come long after its link and address (IPv6 waits for the carrier).
      for (const { interfaceIndex } of route.nextHops)
        this.#parked.freeInterface(interfaceIndex ?? 0, now);
    }
    const doubt = this.#observer.onRoute(change, now);
    if (doubt !== undefined) this.#dumps.need(doubt);
  }

  onDumpStarted(now: Millis): void {
    this.#dumps.started(now);
    this.view.dumpStarted();
    this.#observer.dumpStarted();
    this.#proof.restart();
  }

  onDumpDone(now: Millis): void {
    if (!this.#dumps.done(now)) return; // events were lost meanwhile: another follows
    this.#access.reached();
    this.view.dumpDone();
    this.#observer.dumpDone();
    this.#rec.totals.dumps++;
  }

  onOverrun(reason: string): void {
    this.#rec.totals.overruns++;
    this.#failDump();
    this.#dumps.need(reason);
    this.#rec.publish({ event: 'kernel-overrun', reason });
  }

  onUnavailable(error: SystemError, now: Millis): void {
    this.#failDump();
    this.#abandonBatch(now);
    this.#access.lost(error, now);
    this.#proof.abort('The kernel is out of reach', now);
    this.#dumps.need('The kernel was out of reach');
  }

  /** A reason when a dump (links, addresses, routes) is to be made now; given once. */
  takeDumpRequest(now: Millis): string | undefined {
    if (this.#batches.inFlight || this.#access.isPaused(now)) return undefined;
    return this.#dumps.take(now);
  }

  /** Somebody wants the kernel proven now; `takeProofEnd` tells the end. */
  requestProof(): void {
    this.#proof.request();
  }

  /** Whether protocol 12 of our table is to be read now, for `onProofRoutes` and `onProofRead`; said once. */
  takeProofRequest(now: Millis): boolean {
    return this.#mayProve && this.#proof.take(now);
  }

  onProofRoutes(routes: readonly KernelRoute[]): void {
    this.#proof.onRoutes(routes);
  }

  onProofRead(
    outcome: { readonly interrupted: boolean; readonly error?: SystemError },
    now: Millis,
  ): void {
    this.#proof.onRead(outcome, now);
  }

  /** A proof has ended: empty when it was made, else why it was not. Told once. */
  takeProofEnd(): string | undefined {
    return this.#proof.takeEnd();
  }

  proof(now: Millis): ProofView {
    return this.#proof.view(now);
  }

  /** Divergences found, by kind, since start. */
  get divergencesFound(): Readonly<Record<DivergenceKind, number>> {
    return this.#proof.found;
  }

  divergence(): Readonly<Record<DivergenceReason, number>> {
    return divergenceOf(this.#rec, this.#proof.openDivergences());
  }

  /** Timers and sliced work that are due; call on every wake. */
  onWake(now: Millis): void {
    const timeout = this.#batches.timeout();
    if (timeout !== undefined && now >= timeout) this.#abandonBatch(now);
    for (let ref = this.#rec.backOffs.takeDue(now); ref !== undefined; ) {
      this.#rec.tableOf(ref).flags[ref >> 1]! &= ~(BACKOFF | REFUSED);
      if (this.#rec.tableOf(ref).prefixes.isLive(ref >> 1)) this.#rec.consider(ref);
      ref = this.#rec.backOffs.takeDue(now);
    }
    this.#access.isPaused(now);
    this.#runSlices(now);
  }

  /** Slices of work remain, or requests may be due: come again as soon as I/O has had its turn. */
  get morePending(): boolean {
    if (this.#observer.sweeping || this.#parked.due || this.#proof.judging) return true;
    const { updates, deletes } = this.#rec;
    const waits = this.#batches.full || (this.#batches.inFlight && this.#yieldsToDump);
    const unable = this.#unusable !== undefined || !this.#dumps.syncedOnce;
    const blocked = waits || this.#dumps.underWay || unable;
    if (!this.#enabled || blocked || this.#access.pausedUntil !== undefined) return false;
    return updates.size > 0 || (deletes.size > 0 && !this.#dumps.needed);
  }

  /** When to come with `onWake` at the latest. */
  deadline(): Millis | undefined {
    let earliest = this.#rec.backOffs.nextDeadline();
    let dump = this.#batches.inFlight ? undefined : this.#dumps.deadline();
    if (dump !== undefined && this.#access.pausedUntil !== undefined) {
      dump = millis(Math.max(dump, this.#access.pausedUntil));
    }
    for (const at of [
      dump,
      this.#batches.timeout(),
      this.#access.pausedUntil,
      this.#parked.retryAt,
    ]) {
      if (at !== undefined && (earliest === undefined || at < earliest)) earliest = at;
    }
    return earliest;
  }

  /**
   * Deletes adopted routes that nobody has wished for: the peers have said what they have, or their time is over.
   * Call until it returns false; from then on strays in our pools go as soon as they are seen.
   */
  sweepAdopted(options: { readonly family: 4 | 6; readonly budget: number }): boolean {
    const { family, budget } = options;
    const table = this.#rec.tables[family === 4 ? 0 : 1];
    let row = this.#adoptedCursor[family];
    for (let left = budget; left > 0 && row <= table.prefixes.top; left--, row++) {
      if (!table.prefixes.isLive(row) || (table.flags[row]! & ADOPTED) === 0) continue;
      table.flags[row]! &= ~ADOPTED;
      this.#rec.consider(this.#rec.refOf(table, row));
    }
    const more = row <= table.prefixes.top;
    this.#adoptedCursor[family] = more ? row : 1;
    if (!more) this.#observer.adopting[family] = false;
    return more;
  }

  /** Nothing is to be written and nothing is on its way. */
  get isQuiet(): boolean {
    const { updates, deletes } = this.#rec;
    return updates.size + deletes.size === 0 && !this.#batches.inFlight;
  }

  /** Of the rows that were ever used, in octets. */
  get octetsInUse(): number {
    const of = ({ prefixes }: FibTable): number => prefixes.octetsInUse + prefixes.top * ROW_OCTETS;
    return this.#rec.tables.reduce((sum, table) => sum + of(table), 0);
  }

  counts(): FibCounts {
    return countsOf(this.#rec, this.#state());
  }

  /** Rows in table order from `cursor` (0 to begin); `next` undefined at the end. */
  routes(query: FibQuery): { readonly routes: readonly FibRouteView[]; readonly next?: number } {
    const source = { rec: this.#rec, view: this.view, restart: this.#restart };
    return routesOf({ ...source, unusable: this.#unusable }, query);
  }

  takeEvents(): readonly FibEvent[] {
    return this.#rec.takeEvents();
  }

  #state(): { readonly state: FibCounts['state']; readonly reason?: string } {
    if (!this.#enabled) return { state: 'disabled', reason: 'kernel.enabled is false' };
    const unavailable = this.#unusable ?? this.#access.unavailable;
    if (unavailable !== undefined) return { state: 'unavailable', reason: unavailable };
    const reason = this.#dumps.reason;
    if (reason !== undefined) return { state: 'syncing', reason };
    if (this.#observer.sweeping || !this.#dumps.syncedOnce) return { state: 'syncing' };
    return { state: 'synced' };
  }

  /** There is a picture to prove, and nobody is about to make another. */
  get #mayProve(): boolean {
    const reading = this.#dumps.underWay || this.#dumps.needed || this.#observer.sweeping;
    const able = this.#enabled && this.#unusable === undefined;
    return able && this.#dumps.syncedOnce && !reading;
  }

  /** Once the table is known, whose records alone count. */
  #readJournal(): void {
    if (this.#journal === undefined || this.#rec.table === NO_TABLE) return;
    loadJournal(this.#rec, this.#journal);
    this.#journal = undefined;
  }

  #failDump(): void {
    this.#dumps.failed();
    this.view.dumpFailed();
    this.#observer.dumpFailed();
  }

  #abandonBatch(now: Millis): void {
    const { dump } = this.#batches.abandon(now);
    if (dump !== undefined) this.#dumps.need(dump);
  }

  #runSlices(now: Millis): void {
    if (this.#observer.sweeping) {
      if (this.#observer.sweepSome(ROWS_PER_SLICE, now)) this.#synced();
      return;
    }
    const doubt = this.#proof.run(ROWS_PER_SLICE, now);
    if (doubt !== undefined) this.#dumps.need(doubt);
    this.#parked.run(now, { rows: ROWS_PER_SLICE, mayPark: this.#batches.inFlight });
  }

  #synced(): void {
    if (this.#unusable !== undefined) return;
    const counts = countsOf(this.#rec, { state: 'synced' });
    const reason = `The kernel was read: ${counts.installed} routes as wished, ${counts.adopted} adopted`;
    this.#rec.publish({ event: 'kernel-synced', reason });
  }
}
