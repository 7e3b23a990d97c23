/** The limit of prefixes in force for a peer in a family, worked out once a plan: it is asked for with each UPDATE. */

import type { Core } from './core.ts';
import type { PeerFamily } from './peer.ts';
import { type PrefixLimit, prefixLimitOf } from './prefix-limits.ts';

export function limitOf(core: Core, state: PeerFamily): PrefixLimit {
  const { plan } = state.peer;
  const known = state.limit;
  if (known !== undefined && known.of === plan && known.under === core.plan) return known.limit;
  const limit = prefixLimitOf(plan, state.family, core.plan!);
  state.limit = { of: plan, under: core.plan, limit };
  return limit;
}
