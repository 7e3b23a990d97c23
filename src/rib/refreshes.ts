/**
 * Members that are told everything again with a beginning and an end (RFC 7313 §4): the markers around the UPDATEs.
 *
 * Invariant: a beginning goes out only after End-of-RIB (RFC 7313 §4), before everything that the refresh sends; the
 * end when the member has read all of it.
 */

import { type AfiSafi, factsOf } from '../net/afi-safi.ts';
import { RouteRefreshSubtype } from '../wire/iana.ts';
import { encodeRouteRefresh } from '../wire/route-refresh.ts';
import type { Member } from './member.ts';

export class Refreshes {
  readonly #family: AfiSafi;
  readonly #states = new Map<Member, 'asked' | 'running'>();

  constructor(family: AfiSafi) {
    this.#family = family;
  }

  /** Asked once more while one runs: it begins anew, and ends once. */
  ask(member: Member): void {
    this.#states.set(member, 'asked');
  }

  forget(member: Member): void {
    this.#states.delete(member);
  }

  /** Whether a marker is due now, or will be when the member has read what it is owed. */
  has(member: Member): boolean {
    const state = this.#states.get(member);
    return state === 'running' || (state === 'asked' && member.endOfRibSent);
  }

  /** The marker that is due now; undefined when none is. */
  poll(member: Member): Uint8Array | undefined {
    if (this.#states.size === 0) return undefined;
    const state = this.#states.get(member);
    if (state === 'asked' && member.endOfRibSent) {
      this.#states.set(member, 'running');
      member.group.refresh(member);
      return this.#marker(RouteRefreshSubtype.BeginningOfRouteRefresh);
    }
    // With a reader in the shared log it has nothing of its own left to read.
    if (state !== 'running' || member.reader === undefined) return undefined;
    this.#states.delete(member);
    return this.#marker(RouteRefreshSubtype.EndOfRouteRefresh);
  }

  #marker(subtype: number): Uint8Array {
    const { afi, safi } = factsOf(this.#family);
    return encodeRouteRefresh({ afi, safi, subtype });
  }
}
