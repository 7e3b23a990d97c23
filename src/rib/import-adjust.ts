/**
 * What becomes of an accepted path whatever import policy says: GRACEFUL_SHUTDOWN is honoured (RFC 8326 §4.1), a path
 * that is kept for long is marked (RFC 9494 §4.2), one with BLACKHOLE stays in this AS (RFC 7999 §3.2), and the AS of a
 * session stands in front (RFC 7705). A verdict in, a verdict out; without any of them the same one.
 */

import { WellKnownCommunity } from '../wire/iana.ts';
import type { PolicyVerdict } from './policy-port.ts';

export interface Adjustments {
  /** The path is on its way out: it is used only where there is no other. */
  readonly isShuttingDown: boolean;
  readonly isLongLived: boolean;
  readonly isBlackhole: boolean;
  /** The AS of a session that the node moves from, in front of what comes in (RFC 7705 §3.2); 0 = none. */
  readonly sessionAs: number;
}

export function adjustVerdict(verdict: PolicyVerdict, adjustments: Adjustments): PolicyVerdict {
  const { isShuttingDown, isLongLived, isBlackhole, sessionAs } = adjustments;
  if (!verdict.accept) return verdict;
  if (!(isShuttingDown || isLongLived || isBlackhole || sessionAs !== 0)) return verdict;
  // RFC 8326 §4.1: LOCAL_PREF 0, after whatever policy would have it.
  adjusted.localPref = isShuttingDown ? 0 : verdict.localPref;
  adjusted.statement = verdict.statement;
  adjusted.preference = verdict.preference;
  adjusted.prepend = sessionAs === 0 ? verdict.prepend : [...verdict.prepend, sessionAs];
  adjusted.addLargeCommunities = verdict.addLargeCommunities;
  adjusted.addCommunities = [
    ...verdict.addCommunities,
    ...(isLongLived ? [WellKnownCommunity.LlgrStale] : []),
    ...(isBlackhole ? [WellKnownCommunity.NoExport] : []),
  ];
  return adjusted;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One object: it is read before the next call. */
const adjusted: Mutable<PolicyVerdict> = {
  accept: true,
  statement: -1,
  localPref: undefined,
  preference: undefined,
  prepend: [],
  addCommunities: [],
  addLargeCommunities: [],
};
