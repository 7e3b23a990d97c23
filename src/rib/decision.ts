/**
 * The Decision Process, Phase 2 (RFC 4271 §9.1.2): which of the paths to one prefix is the best, and which share with it.
 *
 * Eliminations in the order of the RFC and of BIRD (calico model 3.1), not a comparator: MED compares only paths from
 * one neighboring AS, so "better than" is not transitive. `selectBest` is the readable form, names the step at which
 * each loser fell, and is the oracle; `loc-rib.ts` has the same on columns (property-tested to be equal).
 */

/** What a decision looks at. Lower is better unless said otherwise. */
export interface Candidate {
  /** Higher is better; 100 for BGP paths unless policy says otherwise. */
  readonly preference: number;
  readonly resolvable: boolean;
  /** Carries LLGR_STALE (RFC 9494). */
  readonly llgrStale: boolean;
  /** Higher is better; absent counts as 100. */
  readonly localPref: number;
  readonly asPathLength: number;
  readonly origin: number;
  /** First AS of the path; 0 where there is none. */
  readonly neighborAs: number;
  /** Absent counts as 0. */
  readonly med: number;
  /** 0 local, 1 eBGP, 2 iBGP. */
  readonly learnedBy: 0 | 1 | 2;
  /** IGP metric of the next hop. */
  readonly metric: number;
  /** ORIGINATOR_ID, else the peer's BGP Identifier. */
  readonly routerId: number;
  readonly clusterListLength: number;
  /** Position of the peer by its address. */
  readonly addressOrder: number;
  readonly identifier: number;
}

interface Step {
  readonly reason: string;
  readonly keep: (candidates: readonly Candidate[]) => readonly Candidate[];
}

const lowest =
  (key: (candidate: Candidate) => number) =>
  (candidates: readonly Candidate[]): readonly Candidate[] => {
    const least = Math.min(...candidates.map(key));
    return candidates.filter((candidate) => key(candidate) === least);
  };

/** In order. Those before `MULTIPATH_STEPS` also bound the ECMP set (calico model 3.10). */
const STEPS: readonly Step[] = [
  { reason: 'lower preference', keep: lowest((path) => -path.preference) },
  // RFC 4271 §9.1.2.1: a path whose next hop cannot be resolved loses to every other; alone, it is shown, never exported.
  { reason: 'next hop unreachable', keep: lowest((path) => (path.resolvable ? 0 : 1)) },
  // RFC 9494 §4.3: long-lived stale paths are the least preferred.
  { reason: 'long-lived stale', keep: lowest((path) => (path.llgrStale ? 1 : 0)) },
  { reason: 'lower LOCAL_PREF', keep: lowest((path) => -path.localPref) },
  { reason: 'longer AS_PATH', keep: lowest((path) => path.asPathLength) }, // §9.1.2.2 a
  { reason: 'worse ORIGIN', keep: lowest((path) => path.origin) }, // §9.1.2.2 b
  { reason: 'higher MED', keep: keepLowestMed }, // §9.1.2.2 c
  { reason: 'iBGP, not eBGP', keep: lowest((path) => path.learnedBy) }, // §9.1.2.2 d
  { reason: 'higher IGP metric', keep: lowest((path) => path.metric) }, // §9.1.2.2 e
  { reason: 'higher router id', keep: lowest((path) => path.routerId) }, // §9.1.2.2 f, RFC 4456 §9
  { reason: 'longer CLUSTER_LIST', keep: lowest((path) => path.clusterListLength) }, // RFC 4456 §9
  { reason: 'higher neighbor address', keep: lowest((path) => path.addressOrder) }, // §9.1.2.2 g
  { reason: 'higher path identifier', keep: lowest((path) => path.identifier) },
];
const MULTIPATH_STEPS = 9;

/**
 * @param candidates  Feasible paths, at least one, any order: accepted by policy, no loop.
 * @returns The winner, for each loser why it lost, and those that tie with the winner up to the IGP metric, the winner
 *   among them. Independent of the order of `candidates`.
 */
export function selectBest<T extends Candidate>(
  candidates: readonly T[],
): { best: T; lost: Map<T, string>; equal: readonly T[] } {
  const lost = new Map<T, string>();
  let remaining: readonly T[] = candidates;
  let equal: readonly T[] = candidates;
  for (const [index, step] of STEPS.entries()) {
    const kept = step.keep(remaining) as readonly T[];
    for (const path of remaining) if (!kept.includes(path)) lost.set(path, step.reason);
    remaining = kept;
    if (index < MULTIPATH_STEPS) equal = kept;
  }
  return { best: remaining[0]!, lost, equal };
}

/**
 * RFC 4271 §9.1.2.2 c: a path goes when another one from the same neighboring AS has a lower MED. What is left does
 * not depend on the order, since who removes is never asked whether it stays.
 */
function keepLowestMed(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(
    (path) =>
      !candidates.some((other) => other.neighborAs === path.neighborAs && other.med < path.med),
  );
}
