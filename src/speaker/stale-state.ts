/** How long paths without a session are kept, as values that the peer keeps; `stale-paths.ts` decides by them. */

import type { Millis } from '../base/units.ts';

/** Of one family while paths of an ended session are kept. */
export interface StalePaths {
  /** End of the time that runs now. */
  until: Millis;
  /** RFC 9494 §4.2: once long-lived, the end of that; it is not moved until the peer is back and has told all. */
  longLivedUntil: Millis | undefined;
  /** We left, not the peer: its Forwarding State bit says nothing of these. */
  readonly isHeld?: boolean;
  /** Seconds that the peer asked for, in case its restart time runs out. */
  readonly longLivedTime: number;
}
