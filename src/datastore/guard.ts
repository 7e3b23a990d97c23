/**
 * The guard against losing a cluster by one edit: a plan that would take away more than half of the sessions or of
 * the own blocks at once is held for a minute, reported, and can be released by hand (DESIGN 2).
 *
 * Pure: says what to do with a plan, keeps nothing.
 */

import { type Millis, millis } from '../base/units.ts';
import type { SpeakerPlan } from './plan-types.ts';

/** How long a large loss is held: time to see the report and to undo the edit. */
export const GUARD_HOLD: Millis = millis(60_000);

/** A loss of one is an ordinary edit, also where one is more than half. */
const GUARD_LOST_MIN = 2;

export type GuardVerdict =
  | { readonly action: 'apply' }
  | { readonly action: 'hold'; readonly until: Millis; readonly reason: string };

export interface GuardQuestion {
  readonly running: SpeakerPlan | undefined;
  readonly next: SpeakerPlan;
  /** Since when a plan that loses this much has been held; undefined when none is. */
  readonly heldSince: Millis | undefined;
  readonly now: Millis;
}

export function guardPlan({ running, next, heldSince, now }: GuardQuestion): GuardVerdict {
  if (running === undefined) return { action: 'apply' };
  const losses = [
    // By address, not by name: a mesh session that becomes an explicit one is not lost.
    isMostlyThere(running.peers, next.peers, peerKey)
      ? undefined
      : loss('sessions', running.peers.map(peerKey), next.peers.map(peerKey)),
    // The planner keeps the list in which nothing changed.
    running.originated === next.originated
      ? undefined
      : loss('own blocks', blocksOf(running), blocksOf(next)),
  ].filter((text) => text !== undefined);
  const until = ((heldSince ?? now) + GUARD_HOLD) as Millis;
  if (losses.length === 0 || now >= until) return { action: 'apply' };
  return { action: 'hold', until, reason: `The change would remove ${losses.join(' and ')}` };
}

/** Less is missing than any loss is: seen in one walk, where what stays stands in the same order. */
function isMostlyThere<T>(
  before: readonly T[],
  now: readonly T[],
  keyOf: (item: T) => string,
): boolean {
  let missing = 0;
  let at = 0;
  for (const item of before) {
    // One that has come, or gone, shifts all that follow by one.
    while (at < now.length && now[at] !== item && now[at + 1] === item) at++;
    const other = now[at];
    if (other !== undefined && (other === item || keyOf(other) === keyOf(item))) at++;
    else if (++missing === GUARD_LOST_MIN) return false;
  }
  return true;
}

function peerKey(peer: SpeakerPlan['peers'][number]): string {
  return peer.remoteAddress;
}

/** Services come and go by the dozen: a namespace that is scaled to zero is no accident. */
function blocksOf({ originated }: SpeakerPlan): string[] {
  return originated.flatMap(({ source, prefix }) => (source === 'block' ? [prefix] : []));
}

function loss(
  what: string,
  before: readonly string[],
  after: readonly string[],
): string | undefined {
  const had = new Set(before);
  const has = new Set(after);
  const lost = [...had].filter((key) => !has.has(key)).length;
  if (lost < GUARD_LOST_MIN || lost * 2 <= had.size) return undefined;
  return `${lost} of ${had.size} ${what}`;
}
