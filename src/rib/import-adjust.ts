/**
 * What becomes of an accepted path whatever import policy says: GRACEFUL_SHUTDOWN is honoured (RFC 8326 §4.1), and a
 * path that is kept for long is marked (RFC 9494 §4.2). A verdict in, a verdict out; without either the same one.
 */

import { WellKnownCommunity } from '../wire/iana.ts';
import type { PolicyVerdict } from './policy-port.ts';

export interface Adjustments {
  /** The path is on its way out: it is used only where there is no other. */
  readonly isShuttingDown: boolean;
  readonly isLongLived: boolean;
}

export function adjustVerdict(
  verdict: PolicyVerdict,
  { isShuttingDown, isLongLived }: Adjustments,
): PolicyVerdict {
  if (!verdict.accept || !(isShuttingDown || isLongLived)) return verdict;
  // RFC 8326 §4.1: LOCAL_PREF 0, after whatever policy would have it.
  adjusted.localPref = isShuttingDown ? 0 : verdict.localPref;
  adjusted.statement = verdict.statement;
  adjusted.preference = verdict.preference;
  adjusted.prepend = verdict.prepend;
  adjusted.addLargeCommunities = verdict.addLargeCommunities;
  adjusted.addCommunities = isLongLived
    ? [...verdict.addCommunities, WellKnownCommunity.LlgrStale]
    : verdict.addCommunities;
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
