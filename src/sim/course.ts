/** The shape of a scenario: how its cluster is made, what happens to it, and which checkers look at the end. */

import type { Prng } from '../base/prng.ts';
import type { Run } from './acts.ts';
import type { Checker } from './checkers.ts';
import type { Lab } from './lab.ts';

export interface Making {
  readonly seed: number;
  readonly nodes: number;
  readonly prng: Prng;
  readonly story: string[];
}

/** A run under way: `tell` adds to its story, `demand` to its problems. */
export interface Happening extends Run {
  readonly tell: (what: string) => void;
  readonly demand: (what: string, found: readonly string[]) => void;
}

export interface Course {
  readonly make: (making: Making) => Lab;
  /** Absent: the cluster starts, and that is all. */
  readonly happen?: (happening: Happening) => void;
  /** Default `AT_REST`. */
  readonly atRest?: readonly Checker[];
}
