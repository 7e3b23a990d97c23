/**
 * Route policy as data: what `datastore/` builds from Calico's resources and `policy/` evaluates.
 *
 * A policy is an ordered list of statements. All conditions of a statement must hold (none = always). A statement
 * with a verdict ends the evaluation; one without (e.g. communities by prefixAdvertisements) only acts and goes on.
 * Every statement carries where it came from, so that an answer can name the clause that decided.
 */

import type { Prefix } from '../net/prefix.ts';

export type Condition =
  /** Prefix test. With `lengths`, the operand is the set of prefixes inside `prefix` with such a length. */
  | {
      readonly kind: 'prefix';
      readonly operator: 'equal' | 'notEqual' | 'in' | 'notIn';
      readonly prefix: Prefix;
      readonly lengths?: { readonly min: number; readonly max: number };
    }
  /** Equal to or inside any of these. */
  | { readonly kind: 'insideAny'; readonly prefixes: readonly Prefix[] }
  /** With `negate`: from anywhere else. */
  | { readonly kind: 'source'; readonly source: RouteSource; readonly negate?: true }
  /** Shell pattern (`*`, `?`) on the outgoing interface; false when the route has none. */
  | { readonly kind: 'interface'; readonly pattern: string }
  | { readonly kind: 'peerType'; readonly peerType: 'ebgp' | 'ibgp' }
  /** Standard community as a 32-bit number, or large community as three. */
  | { readonly kind: 'community'; readonly value: number }
  | { readonly kind: 'largeCommunity'; readonly value: readonly [number, number, number] }
  /** AS_PATH starts with these, leftmost first. */
  | { readonly kind: 'asPathPrefix'; readonly asns: readonly number[] }
  | {
      readonly kind: 'localPref';
      readonly operator: 'equal' | 'above' | 'below';
      readonly value: number;
    };

/** Where a route in the Loc-RIB came from. `block` and `service` are originated by this node's plan. */
export type RouteSource = 'bgp' | 'block' | 'service' | 'kernel' | 'direct' | 'static';

export type Action =
  | { readonly kind: 'addCommunities'; readonly values: readonly number[] }
  | {
      readonly kind: 'addLargeCommunities';
      readonly values: readonly (readonly [number, number, number])[];
    }
  | { readonly kind: 'prepend'; readonly asns: readonly number[] }
  | { readonly kind: 'setLocalPref'; readonly value: number }
  /** Ranks the path above (or below) those of other preferences; the default of BGP paths is 100. */
  | { readonly kind: 'setPreference'; readonly value: number };

export interface Statement {
  /** Shown to people: `BGPFilter/tor-out exportV4[2]`, `disabled pool IPPool/secret`, `own block 10.1.0.0/26`. */
  readonly name: string;
  readonly conditions: readonly Condition[];
  readonly actions: readonly Action[];
  readonly verdict?: 'accept' | 'reject';
}

export interface Policy {
  readonly name: string;
  readonly statements: readonly Statement[];
  /** What happens when no statement decided. */
  readonly otherwise: 'accept' | 'reject';
}
