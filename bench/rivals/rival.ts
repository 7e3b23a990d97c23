/** A daemon that a scenario runs against: how to configure it for these peers, and how to start it. */

import type { BenchLab } from '../lab.ts';
import type { Scenario, Speaker } from '../scenarios.ts';

export interface Rival {
  readonly name: string;
  /** Why it cannot take part at all on this machine, or in this scenario; undefined when it can. */
  unfit(scenario: Scenario): string | undefined;
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
