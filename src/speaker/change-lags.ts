/**
 * How long a change of the resources takes to arrive: from the datastore's event until the kernel has acknowledged what
 * follows from it, and until each neighbor has been handed the last UPDATE with it.
 *
 * Measured a change, not a prefix: tables and queues are asked whether they are empty, which they know. A change that
 * comes while another is on its way is measured with it, from the earlier event on. Invariant: no figure is too small.
 */

import { HistogramCell, powers } from '../base/metrics.ts';
import type { Millis } from '../base/units.ts';
import type { RouteProgrammer } from '../fib/route-programmer.ts';
import { AFI_SAFIS, type AfiSafi } from '../net/afi-safi.ts';
import type { PeerId } from '../rib/ids.ts';
import type { Peer } from './peer.ts';

/** Seconds, 1 ms to 32 s, one bucket an octave: files settle for 0.1 s, a restart of a ToR takes tens of seconds. */
export const CHANGE_LAG_BOUNDS = powers({ from: 0.001, factor: 2, count: 16 });
/** Seconds, 50 µs to 3.3 s. */
export const DECISION_BOUNDS = powers({ from: 0.00005, factor: 4, count: 9 });

/** What is asked of the core. */
interface Measured {
  readonly now: Millis;
  readonly clock: () => Millis;
  readonly options: { readonly kernelEnabled: boolean };
  readonly programmer: RouteProgrammer;
  readonly peers: ReadonlyMap<string, Peer>;
  readonly ribs: Readonly<Record<AfiSafi, { readonly isSettled: boolean }>>;
}

export class ChangeLags {
  /** Seconds from the datastore's event. */
  readonly kernel = new HistogramCell(CHANGE_LAG_BOUNDS);
  readonly peers = new HistogramCell(CHANGE_LAG_BOUNDS);
  /** Since when the kernel has not acknowledged all that is wanted; undefined while it has. */
  kernelOwedSince: Millis | undefined;
  /** When the datastore told of the change whose consequences are not decided yet. */
  #undecided: Millis | undefined;
  /** The same of what the kernel has still to acknowledge. */
  #unwritten: Millis | undefined;
  /** Of route requests, when the change came into force: no more since then, and it did not concern the kernel. */
  #requestsBefore = 0;
  /** Neighbors that have still to be handed UPDATEs with it. */
  readonly #untold = new Map<PeerId, Millis>();

  /** A plan is wholly in force that the datastore told of at `since`. */
  begin(since: Millis, requests: number): void {
    this.#undecided ??= since;
    if (this.#unwritten === undefined) this.#requestsBefore = requests;
  }

  /** After each step. @param isDecided  No prefix waits for a decision and no plan is under way. */
  afterStep(core: Measured, isDecided: boolean): void {
    const { programmer } = core;
    if (programmer.isQuiet) this.kernelOwedSince = undefined;
    else this.kernelOwedSince ??= core.now;
    if (this.#undecided !== undefined && isDecided) this.#decided(core, this.#undecided);
    if (this.#unwritten === undefined) return;
    if (!programmer.isQuiet) return;
    const isConcerned = programmer.totals.requests > this.#requestsBefore;
    if (isConcerned) this.kernel.observe((core.clock() - this.#unwritten) / 1000);
    this.#unwritten = undefined;
  }

  /** `peer` has been handed all that it was owed; the last of it at `at`. */
  told(peer: Peer, at: Millis): void {
    const since = this.#untold.get(peer.id);
    if (since === undefined) return;
    this.#untold.delete(peer.id);
    this.peers.observe((at - since) / 1000);
  }

  /** Its session ended: what it is told in the next one says nothing of this change. */
  forget(peer: Peer): void {
    this.#untold.delete(peer.id);
  }

  #decided(core: Measured, since: Millis): void {
    this.#undecided = undefined;
    if (core.options.kernelEnabled) this.#unwritten ??= since;
    for (const peer of core.peers.values()) {
      if (this.#untold.has(peer.id)) continue;
      if (peer.up?.connection?.writePending === true) this.#untold.set(peer.id, since);
    }
  }
}

/** How long prefixes wait for their decision, by family: from the first that waits until none does. */
export class DecisionTimes {
  readonly cells = AFI_SAFIS.map((family) => ({
    family,
    cell: new HistogramCell(DECISION_BOUNDS),
  }));
  readonly #since: (Millis | undefined)[] = AFI_SAFIS.map(() => undefined);

  /** In each step, before some are decided. @param index  Of the family in `AFI_SAFIS`. */
  before(core: Measured, index: number): void {
    if (this.#since[index] !== undefined) return;
    if (!core.ribs[AFI_SAFIS[index]!].isSettled) this.#since[index] = core.now;
  }

  after(core: Measured, index: number): void {
    const since = this.#since[index];
    if (since === undefined || !core.ribs[AFI_SAFIS[index]!].isSettled) return;
    this.cells[index]!.cell.observe((core.clock() - since) / 1000);
    this.#since[index] = undefined;
  }
}
