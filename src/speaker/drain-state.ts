/** How far a drain has come, as values that the core keeps; `drain.ts` goes on with it (RFC 8326). */

import type { Millis } from '../base/units.ts';

/** All routes are told as going away; are withdrawn; sessions are closed. */
export type DrainPhase = 'announced' | 'withdrawn' | 'drained';

export interface DrainState {
  phase: DrainPhase;
  readonly since: Millis;
  /** When the phase ends at the latest. */
  limit: Millis;
  /** Told to the peers (RFC 9003). */
  readonly message: string | undefined;
  /** Since when nothing has moved. */
  quietSince: Millis;
  seen: string;
}
