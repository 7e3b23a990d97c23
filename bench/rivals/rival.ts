/** A daemon that a scenario runs against: how to configure it for these peers, and how to start it. */

import { type FoundPeer, findPeer, type PeerName } from '../../test/support/peers.ts';
import type { BenchLab } from '../lab.ts';
import type { LoopSample } from '../loop-delay.ts';
import type { Scenario, Speaker } from '../scenarios.ts';

export interface Rival {
  readonly name: string;
  /** Why it cannot take part at all on this machine, or in this scenario; undefined when it can. */
  unfit(scenario: Scenario): string | undefined;
  /** The line in which it names its version. */
  readonly version?: () => string[];
  /** Further words for `bgpload run` when it feeds this one. */
  readonly loadOptions?: (scenario: Scenario) => readonly string[];
  /** What it says of its own event loop. */
  readonly observe?: (lab: BenchLab) => Promise<LoopSample>;
  /** Milliseconds from listening until it takes the calls of all its neighbors; absent: it takes them at once. */
  readonly settlesInMs?: number;
  /** Writes what it needs into the scratch folder; returns the command line. */
  prepare(order: RivalOrder): readonly string[];
}

export interface RivalOrder {
  readonly lab: BenchLab;
  readonly scenario: Scenario;
  readonly speakers: readonly Speaker[];
  /** Path of the compiled load generator, which is also the null relay. */
  readonly load: string;
}

/** The programs of a rival that was found fit. */
export function mustFind(name: PeerName): FoundPeer {
  const found = findPeer(name);
  if ('missing' in found) throw new Error(found.missing);
  return found;
}

/** For `Rival.version`; nothing where it is not here. */
export function versionOf(name: PeerName): string[] {
  const found = findPeer(name);
  return 'missing' in found ? [] : [found.version];
}
