/** A row of the interop matrix: a feature, tried with each daemon that has it. */
import type { Ability } from '../../support/interop/abilities.ts';
import type { DaemonName } from '../../support/interop/daemon.ts';
import type { Stage, StageOptions } from './stage.ts';

export const SECTIONS = ['Sessions', 'Attributes', 'Paths', 'Restarts'] as const;

export interface Feature {
  /** Short and stable: the key in the results. */
  readonly id: string;
  readonly section: (typeof SECTIONS)[number];
  /** What a cell shows, as a sentence. */
  readonly title: string;
  /** `4724`, in the order of importance. */
  readonly rfcs: readonly number[];
  /** What the daemon must be able to do; where it cannot the cell is n/a with the reason. */
  readonly needs?: readonly Ability[];
  readonly stage?: StageOptions | ((daemon: DaemonName) => StageOptions);
  /** The stage is set, nothing runs yet. What is worth saying of this daemon is returned. */
  run(stage: Stage): Promise<string | undefined>;
}
