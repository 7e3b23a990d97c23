/** What most checkers look at: a whole laboratory, or the part of a cluster that one thread has. */

import type { SimClock } from './clock.ts';
import type { Block } from './lab.ts';
import type { SimNode } from './node.ts';

export interface Scene {
  readonly seed: number;
  readonly clock: SimClock;
  /** Nodes that are here, by name. */
  readonly nodes: ReadonlyMap<string, SimNode>;
  /** Those of them whose daemon runs. */
  readonly running: readonly SimNode[];
  /** Of all of the cluster whose daemon runs, here or not. */
  readonly names: readonly string[];
  /** What these announce. */
  readonly blocks: readonly Block[];
  /** Scripted peers. */
  readonly peers: readonly unknown[];
}
