/** What a proposed plan would do, as data: for `godwit plan`. */

import type { PlanChange } from '../../datastore/plan-diff.ts';
import type { SpeakerPlan } from '../../datastore/plan-types.ts';

/** A plan that somebody thinks about: what the planner found out, and the plan without its lists. */
export interface Proposal {
  /** Of the running plan that `changes` begin at. */
  readonly revision: number;
  readonly changes: readonly PlanChange[];
  readonly next: Omit<SpeakerPlan, 'peers' | 'originated'>;
}

/** Prefixes that come and go, with the first few by name. */
export interface Difference {
  gained: number;
  lost: number;
  readonly gainedExamples: string[];
  readonly lostExamples: string[];
}

export interface SessionForecast {
  readonly name: string;
  readonly address: string;
  readonly change: 'add' | 'remove' | 'restart' | 'update' | 'policy';
  readonly reason: string;
  /** It is Established at the moment. */
  readonly established: boolean;
}

export interface PeerForecast {
  readonly name: string;
  readonly address: string;
  /** Paths from it that are used or might be. */
  readonly received: Difference;
  /** Prefixes that it is told. */
  readonly advertised: Difference;
}

export interface KernelForecast {
  added: number;
  changed: number;
  removed: number;
  /** `10.244.2.0/26: via 10.0.0.2 dev eth0 → via 10.0.0.2 dev tunl0`. */
  readonly examples: string[];
}

export interface PlanForecast {
  readonly sessions: readonly SessionForecast[];
  /** Own prefixes announced anew, or no more. */
  readonly originated: { readonly gained: readonly string[]; readonly lost: readonly string[] };
  /** Other changes of the node as a whole, in words. */
  readonly whole: readonly string[];
  /** Only peers for which something changes. */
  readonly peers: readonly PeerForecast[];
  readonly kernel: KernelForecast;
  /** What has to be known of a plan of this kind, one sentence each. */
  readonly notes: readonly string[];
}

/** Examples kept of each list. */
export const EXAMPLES_MAX = 5;

export function noDifference(): Difference {
  return { gained: 0, lost: 0, gainedExamples: [], lostExamples: [] };
}

export function countDifference(
  difference: Difference,
  { before, after }: { readonly before: boolean; readonly after: boolean },
  name: () => string,
): void {
  if (before === after) return;
  if (after) {
    difference.gained++;
    if (difference.gainedExamples.length < EXAMPLES_MAX) difference.gainedExamples.push(name());
  } else {
    difference.lost++;
    if (difference.lostExamples.length < EXAMPLES_MAX) difference.lostExamples.push(name());
  }
}

/** A question that is being answered. */
export interface PreviewRun {
  /** One slice. `void`: the running plan has changed, so ask again. */
  next(): 'more' | 'done' | 'void';
  /** After `done`. */
  result(): PlanForecast;
}
