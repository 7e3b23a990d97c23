/**
 * What a policy looks at and what it says. Both are reused by the caller, route after route.
 *
 * Structurally equal to the port that `rib/` declares (rank rule: neither folder knows the other).
 * Invariant: evaluating allocates nothing; the lists of a verdict are valid until the next evaluation.
 */

import type { AfiSafi } from '../net/afi-safi.ts';
import type { RouteSource } from './types.ts';

export interface PolicySubject {
  family: AfiSafi;
  /** Whole address in network order: 4 or 16 octets, bits past `length` zero. */
  prefix: Uint8Array;
  /** Length in bits. */
  length: number;
  /** Canonical attribute octets: path attributes ascending by type, AS numbers of 4 octets. */
  attributes: Uint8Array;
  source: RouteSource;
  peerType: 'ebgp' | 'ibgp';
  /** Outgoing interface of the resolved route; undefined when it has none. */
  interfaceName: string | undefined;
}

export interface PolicyVerdict {
  accept: boolean;
  /** Index of the statement that decided; −1 = none did, the policy's `otherwise` holds. */
  statement: number;
  /** Undefined: unchanged. */
  localPref: number | undefined;
  /** Undefined: the default of the source. */
  preference: number | undefined;
  /** In front of the AS_PATH, leftmost first. */
  prepend: readonly number[];
  addCommunities: readonly number[];
  addLargeCommunities: readonly (readonly [number, number, number])[];
}

export interface CompiledPolicy {
  /** Whether any statement looks at the prefix; false allows one verdict per attribute set. */
  readonly dependsOnPrefix: boolean;
  readonly dependsOnInterface: boolean;
  /** How often each statement rejected, at its index + 1; at 0 `otherwise`. Whoever asks for a route counts. */
  readonly rejections: Float64Array;
  /** The verdict object is the policy's own and is overwritten by the next call. */
  evaluate(subject: PolicySubject): PolicyVerdict;
}
