/**
 * The proof that the kernel holds what the columns say: protocol 12 of our table, read through a socket of its own
 * while everything else goes on, compared row by row, and looked at twice before anything counts (decision 0021).
 *
 * Invariant: it moves no column. A row that was touched since the look began, or is in flight, is not judged; what
 * two looks found, untouched in between, goes to the observer as the event that never came.
 */

import type { SystemError } from '../base/errors.ts';
import { type Millis, millis } from '../base/units.ts';
import { RouteProtocol } from '../netlink/codes.ts';
import type { KernelRoute } from '../netlink/kernel-route.ts';
import { type FibTable, HELD, IN_FLIGHT, Kind, PROVEN, RECORDED, UNPROVABLE } from './fib-table.ts';
import type { KernelObserver } from './kernel-observer.ts';
import { routePrefixOf } from './ownership.ts';
import { ProofSchedule } from './proof-schedule.ts';
import type { Reconciler } from './reconciler.ts';
import type { Divergence, DivergenceKind, ProofView } from './types.ts';

/** Differences that are looked at one by one; more are a case for reading the kernel whole. */
const SUSPECTS_MAX = 1024;

interface Suspect {
  readonly kind: DivergenceKind;
  /** As the kernel has it; absent where it is missing. */
  readonly route?: KernelRoute;
  /** Row × 2 + family, where the columns have the prefix. */
  readonly ref?: number;
}

export class KernelProof {
  readonly #rec: Reconciler;
  readonly #observer: KernelObserver;
  readonly #schedule = new ProofSchedule();
  #phase: 'idle' | 'reading' | 'judging' = 'idle';
  /** By kind, prefix and metric: what the look under way found, and what the one before did. */
  #suspects = new Map<string, Suspect>();
  #before: Map<string, Suspect> | undefined;
  #overflow = false;
  #partial = false;
  #routes = 0;
  #busy = 0;
  #row = 1;
  #family: 0 | 1 = 0;
  #last: Omit<ProofView, 'state' | 'totals' | 'ageMs'> & { readonly at: Millis } = NEVER;
  readonly totals = { equal: 0, healed: 0, partial: 0, failed: 0 };
  readonly found: Record<DivergenceKind, number> = { missing: 0, changed: 0, unknown: 0 };
  /** Ends of proofs since somebody looked: a sentence, or empty when the proof was made. */
  #ended: string | undefined;

  constructor(reconciler: Reconciler, observer: KernelObserver) {
    this.#rec = reconciler;
    this.#observer = observer;
  }

  /** Somebody wants to know now. */
  request(): void {
    // One that is under way answers as well.
    if (this.#phase === 'idle' && this.#before === undefined) this.#schedule.request();
  }

  /** Whether the kernel is to be read now; said once. */
  take(now: Millis): boolean {
    if (this.#phase !== 'idle' || !this.#schedule.isDue(now)) return false;
    this.#phase = 'reading';
    this.#schedule.began(now);
    this.#forgetTouched();
    this.#beginLook();
    return true;
  }

  /** What the kernel has of protocol 12, in any order. */
  onRoutes(routes: readonly KernelRoute[]): void {
    if (this.#phase !== 'reading') return;
    for (const route of routes) this.#judge(route);
  }

  /** @param interrupted  The kernel changed while it was read: rows may have been passed over. */
  onRead(
    outcome: { readonly interrupted: boolean; readonly error?: SystemError },
    now: Millis,
  ): void {
    if (this.#phase !== 'reading') return;
    const { error, interrupted } = outcome;
    if (error !== undefined) return this.#fail(`${error.call} failed with ${error.errno}`, now);
    this.#partial = interrupted;
    this.#phase = 'judging';
    this.#row = 1;
    this.#family = 0;
  }

  /** The kernel is read whole meanwhile, which touches every row: looked at again after that. */
  restart(): void {
    if (this.#phase === 'idle' && this.#before === undefined) return;
    this.#phase = 'idle';
    this.#before = undefined;
    this.#schedule.request();
  }

  /** The kernel is out of reach. */
  abort(reason: string, now: Millis): void {
    if (this.#phase !== 'idle' || this.#schedule.requested) this.#fail(reason, now);
  }

  /** Rows remain to be looked at: come with `run`. */
  get judging(): boolean {
    return this.#phase === 'judging';
  }

  /** Looks for what the kernel did not name, some rows a time. @returns a reason to read the kernel whole. */
  run(rows: number, now: Millis): string | undefined {
    if (this.#phase === 'reading' && this.#schedule.isLate(now)) {
      this.#fail('The kernel did not finish the dump', now);
    }
    if (this.#phase !== 'judging') return undefined;
    for (let left = rows; left > 0; left--) {
      const table = this.#rec.tables[this.#family];
      if (this.#row > table.prefixes.top) {
        if (this.#family === 1) return this.#lookDone(now);
        this.#family = 1;
        this.#row = 1;
        continue;
      }
      const row = this.#row++;
      if (!this.#partial && table.prefixes.isLive(row)) this.#judgeUnseen(table, row);
    }
    return undefined;
  }

  deadline(): Millis | undefined {
    return this.#schedule.deadline(this.#phase !== 'idle');
  }

  /** How a proof that was asked for ended, once. */
  takeEnd(): string | undefined {
    const ended = this.#ended;
    this.#ended = undefined;
    return ended;
  }

  view(now: Millis): ProofView {
    const { at, ...last } = this.#last;
    const state = this.#phase === 'idle' ? 'idle' : 'reading';
    const age = at < 0 ? {} : { ageMs: now - at };
    return { state, ...last, ...age, totals: { ...this.totals } };
  }

  /** Of what the last proof found, what the columns do not have as wished yet. */
  openDivergences(): Readonly<Record<DivergenceKind, number>> {
    const open = { missing: 0, changed: 0, unknown: 0 };
    for (const { kind, ref } of this.#last.divergences) if (!this.#isHealed(ref)) open[kind]++;
    return open;
  }

  #isHealed(ref: number | undefined): boolean {
    if (ref === undefined) return true;
    const kind = this.#rec.tableOf(ref).kind[ref >> 1]!;
    return kind === Kind.installed || kind === Kind.adopted || kind === Kind.none;
  }

  #beginLook(): void {
    for (const table of this.#rec.tables) table.proof.fill(0);
    this.#suspects = new Map();
    this.#overflow = false;
    this.#routes = 0;
    this.#busy = 0;
  }

  #judge(route: KernelRoute): void {
    const rec = this.#rec;
    if (route.table !== rec.table || route.protocol !== RouteProtocol.BIRD) return;
    this.#routes++;
    const table = rec.tables[route.family === 4 ? 0 : 1];
    const row = table.prefixes.findPrefix(route.prefix);
    const inPool = rec.ownership.poolOf(routePrefixOf(route.prefix)) !== undefined;
    if (row === 0) {
      if (inPool) this.#suspect({ kind: 'unknown', route });
      return;
    }
    if (this.#isBusy(table, row)) return;
    const ref = rec.refOf(table, row);
    const flags = table.flags[row]!;
    if ((flags & HELD) !== 0 && table.heldMetric[row] === route.metric) {
      table.proof[row]! |= PROVEN;
      const shape = rec.shapes.fromKernel(route);
      if (shape !== table.heldShape[row]) this.#suspect({ kind: 'changed', route, ref });
      return;
    }
    const known =
      rec.extras.get(ref)?.some(({ metric }) => metric === route.metric) === true ||
      rec.foreign.get(ref)?.some((key) => key.metric === route.metric && key.protocol === 12);
    if (known !== true && (inPool || (flags & RECORDED) !== 0)) {
      this.#suspect({ kind: 'unknown', route, ref });
    }
  }

  #judgeUnseen(table: FibTable, row: number): void {
    if ((table.flags[row]! & HELD) === 0 || (table.proof[row]! & PROVEN) !== 0) return;
    if (this.#isBusy(table, row)) return;
    this.#suspect({ kind: 'missing', ref: this.#rec.refOf(table, row) });
  }

  #isBusy(table: FibTable, row: number): boolean {
    const busy = (table.flags[row]! & IN_FLIGHT) !== 0 || (table.proof[row]! & UNPROVABLE) !== 0;
    if (busy) this.#busy++;
    return busy;
  }

  #suspect(suspect: Suspect): void {
    if (this.#suspects.size >= SUSPECTS_MAX) this.#overflow = true;
    else this.#suspects.set(this.#keyOf(suspect), suspect);
  }

  #keyOf({ kind, route, ref }: Suspect): string {
    const prefix = ref === undefined ? route!.prefix : this.#rec.textOf(ref);
    return `${kind} ${prefix} ${route?.metric ?? ''}`;
  }

  #lookDone(now: Millis): string | undefined {
    this.#phase = 'idle';
    if (this.#overflow) {
      const reason = `A proof found more than ${SUSPECTS_MAX} differences`;
      this.#end({ divergences: [], outcome: reason }, now);
      return reason;
    }
    const before = this.#before;
    if (this.#suspects.size > 0 && before === undefined) {
      this.#before = this.#suspects;
      this.#schedule.again(now);
      return undefined;
    }
    const sure = [...this.#suspects].filter(([key]) => before?.has(key)).map(([, one]) => one);
    const divergences = sure.map((suspect) => this.#divergenceOf(suspect));
    this.#end({ divergences, outcome: '' }, now);
    for (const [i, suspect] of sure.entries()) this.#heal(suspect, divergences[i]!, now);
    return undefined;
  }

  /** What was touched since the first look was told by an event after all. */
  #forgetTouched(): void {
    for (const [key, { ref }] of this.#before ?? []) {
      const touched =
        ref !== undefined && (this.#rec.tableOf(ref).proof[ref >> 1]! & UNPROVABLE) !== 0;
      if (touched) this.#before!.delete(key);
    }
  }

  #divergenceOf({ kind, route, ref }: Suspect): Divergence {
    const rec = this.#rec;
    const prefix = ref === undefined ? route!.prefix : rec.textOf(ref);
    const table = ref === undefined ? undefined : rec.tableOf(ref);
    const held = table === undefined ? 0 : table.heldShape[ref! >> 1]!;
    return {
      kind,
      prefix,
      ...(ref === undefined ? {} : { ref }),
      expected: kind === 'unknown' || held === 0 ? '' : this.#observer.textOf(held),
      found: route === undefined ? '' : this.#observer.textOf(rec.shapes.fromKernel(route)),
    };
  }

  #heal({ kind, route, ref }: Suspect, { prefix, expected, found }: Divergence, now: Millis): void {
    this.found[kind]++;
    const reason =
      kind === 'missing'
        ? `${expected} is missing from the kernel, and no event said so`
        : kind === 'changed'
          ? `The kernel has ${found} instead of ${expected}, and no event said so`
          : `The kernel has ${found}, and no event said so`;
    this.#rec.publish({ event: 'kernel-divergence', prefix, kind, reason });
    if (route !== undefined) this.#observer.onRoute({ route, removed: false }, now);
    else if (ref !== undefined) this.#observer.onMissing(ref, now);
  }

  #fail(reason: string, now: Millis): void {
    this.#phase = 'idle';
    this.#before = undefined;
    this.totals.failed++;
    this.#schedule.failed(now);
    this.#ended = reason;
  }

  #end(
    result: { readonly divergences: readonly Divergence[]; readonly outcome: string },
    now: Millis,
  ): void {
    const { divergences } = result;
    const outcome = divergences.length > 0 ? 'healed' : this.#partial ? 'partial' : 'equal';
    this.totals[outcome]++;
    this.#last = {
      at: now,
      routes: this.#routes,
      busy: this.#busy,
      partial: this.#partial,
      divergences,
    };
    this.#before = undefined;
    this.#schedule.done(this.#routes, now);
    this.#ended = result.outcome;
  }
}

const NEVER = { at: millis(-1), routes: 0, busy: 0, partial: false, divergences: [] };
