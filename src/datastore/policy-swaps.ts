/**
 * Sessions of which nothing but the policies has changed, as one line for all that had the same ones: an own block more
 * changes the export policy of every session, and five thousand sessions need not be said again for it.
 */

import type { Policy } from '../policy/types.ts';
import { placeInOrder } from './plan-data.ts';
import type { PeerPlan } from './plan-types.ts';

export type Policies = Pick<PeerPlan, 'importPolicy' | 'exportPolicy'>;

/** Every session that has the one pair, and is not said itself, now has the other. */
export interface Swap {
  readonly from: Policies;
  readonly to: Policies;
}

/** Swaps by the pair that they take the place of. */
class ByPair<T> {
  readonly #byImport = new Map<Policy, Map<Policy, T>>();

  get({ importPolicy, exportPolicy }: Policies): T | undefined {
    return this.#byImport.get(importPolicy)?.get(exportPolicy);
  }

  set({ importPolicy, exportPolicy }: Policies, value: T): void {
    const byExport = this.#byImport.get(importPolicy) ?? new Map<Policy, T>();
    this.#byImport.set(importPolicy, byExport.set(exportPolicy, value));
  }
}

export interface Swapped {
  readonly swaps: readonly Swap[];
  /** What has to be said itself. */
  readonly others: readonly PeerPlan[];
}

/**
 * @param come  Those of `now` that `before`, in order of the names, does not have as the same objects.
 */
export function findSwaps(
  before: readonly PeerPlan[],
  now: readonly PeerPlan[],
  come: readonly PeerPlan[],
): Swapped {
  const groups = new ByPair<Swap & { stands: boolean }>();
  const all: (Swap & { stands: boolean })[] = [];
  const swapped = new Map<PeerPlan, Swap & { stands: boolean }>();
  for (const peer of come) {
    const old = before[placeInOrder(before, peer.name, nameOf)];
    if (old === undefined || samePair(old, peer) || !differsInPoliciesAlone(old, peer)) continue;
    let group = groups.get(old);
    if (group === undefined) {
      group = { from: policiesOf(old), to: policiesOf(peer), stands: true };
      groups.set(old, group);
      all.push(group);
    }
    if (samePair(group.to, peer)) swapped.set(peer, group);
  }
  // Who keeps the old pair speaks against all of its swap.
  const changed = new Set(come);
  for (const peer of now) {
    const group = changed.has(peer) ? undefined : groups.get(peer);
    if (group !== undefined) group.stands = false;
  }
  return {
    swaps: all.filter((group) => group.stands).map(({ from, to }) => ({ from, to })),
    others: come.filter((peer) => swapped.get(peer)?.stands !== true),
  };
}

/** @param said  Names of those that are said themselves. */
export function applySwaps(
  peers: readonly PeerPlan[],
  swaps: readonly Swap[],
  said: { has(name: string): boolean },
): readonly PeerPlan[] {
  if (swaps.length === 0) return peers;
  const groups = new ByPair<Policies>();
  for (const { from, to } of swaps) groups.set(from, to);
  return peers.map((peer) => {
    const to = said.has(peer.name) ? undefined : groups.get(peer);
    return to === undefined ? peer : { ...peer, ...to };
  });
}

function policiesOf({ importPolicy, exportPolicy }: PeerPlan): Policies {
  return { importPolicy, exportPolicy };
}

function samePair(a: Policies, b: Policies): boolean {
  return a.importPolicy === b.importPolicy && a.exportPolicy === b.exportPolicy;
}

/** By identity: a plan under other policies is made of the one before (`plan-memo.ts`). */
function differsInPoliciesAlone(a: PeerPlan, b: PeerPlan): boolean {
  for (const key in a) {
    if (key === 'importPolicy' || key === 'exportPolicy') continue;
    if (a[key as keyof PeerPlan] !== b[key as keyof PeerPlan]) return false;
  }
  for (const key in b) if (!(key in a)) return false;
  return true;
}

function nameOf({ name }: PeerPlan): string {
  return name;
}
