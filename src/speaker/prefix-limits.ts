/**
 * Maximum of prefixes a peer may send in a family: from its profile, or what a cluster of this size explains, which
 * only warns. Pure: what the limit is and what a count means by it.
 */

import { ByteWriter } from '../base/byte-writer.ts';
import type { Millis, Seconds } from '../base/units.ts';
import { EXPECTED_PREFIXES_MIN } from '../datastore/expected-prefixes.ts';
import type { MaxPrefixesIn } from '../datastore/peer-settings.ts';
import type { PeerPlan, SpeakerPlan } from '../datastore/plan-types.ts';
import { type AfiSafi, factsOf } from '../net/afi-safi.ts';

export interface PrefixLimit {
  /** Received at most, whatever policy makes of them; with ADD-PATH each path counts. */
  readonly most: number;
  /** From here on it is said. */
  readonly warnFrom: number;
  readonly action: MaxPrefixesIn['action'];
  readonly restartAfter: Seconds;
  /** No profile says so. */
  readonly isDerived: boolean;
}

/** Times in a row that a limit ended the session, and until when the last stay lasts. */
export interface PrefixTrips {
  readonly times: number;
  readonly until: Millis;
}

/** Longest wait after a limit was passed, in seconds, unless `restartAfter` itself is longer. */
const WAIT_SECONDS_MAX = 3600;
/** Doublings that are counted: more would overflow before they would matter. */
const DOUBLINGS_MAX = 16;

export function prefixLimitOf(
  { settings }: Pick<PeerPlan, 'settings'>,
  family: AfiSafi,
  plan: Pick<SpeakerPlan, 'expectedPrefixes'>,
): PrefixLimit {
  const given = settings?.maxPrefixesIn;
  const most = given?.limits[family];
  if (given === undefined || most === undefined) return derived(family, plan);
  const { warnAt, action, restartAfter } = given;
  // In this order no product leaves the whole numbers: 2^32 × 100 is far below 2^53.
  const warnFrom = Math.min(most, Math.floor((most * Math.max(0, warnAt)) / 100));
  return { most, warnFrom, action, restartAfter, isDerived: false };
}

function derived(family: AfiSafi, plan: Pick<SpeakerPlan, 'expectedPrefixes'>): PrefixLimit {
  const most = plan.expectedPrefixes?.[family] ?? EXPECTED_PREFIXES_MIN;
  return { most, warnFrom: most, action: 'warn', restartAfter: 0, isDerived: true };
}

/** `over` beats `near`; a limit of 0 allows nothing and warns of nothing. */
export function judgePrefixes(limit: PrefixLimit, received: number): 'over' | 'near' | 'ok' {
  if (received > limit.most) return 'over';
  if (limit.isDerived || received === 0) return 'ok';
  return received >= limit.warnFrom ? 'near' : 'ok';
}

/** Seconds to stay down the `times`th time in a row. */
export function waitAfter(restartAfter: Seconds, times: number): Seconds {
  const first = Math.max(1, restartAfter);
  const most = Math.max(WAIT_SECONDS_MAX, first);
  return Math.min(most, first * 2 ** Math.min(times - 1, DOUBLINGS_MAX));
}

/** RFC 4486 §4: AFI, SAFI and the upper bound, where one was set. */
export function maxPrefixData(family: AfiSafi, most: number): Uint8Array {
  const { afi, safi } = factsOf(family);
  const out = new ByteWriter(7);
  out.u16(afi);
  out.u8(safi);
  out.u32(Math.min(most, 0xffff_ffff));
  return out.finish();
}
