/**
 * What a RIB needs of a route policy. `policy/compile.ts` makes objects of this shape; the two folders do not know
 * each other. Subject and verdict are reused from call to call: an evaluation allocates nothing.
 */

import type { AfiSafi } from '../net/afi-safi.ts';

/** Where a path came from. The order gives the codes in path rows (`SOURCES`). */
export type PathSource = 'bgp' | 'block' | 'service' | 'kernel' | 'direct' | 'static';

/** Index in this list = code in path rows; 0 is a peer's path. */
export const SOURCES: readonly PathSource[] = [
  'bgp',
  'block',
  'service',
  'kernel',
  'direct',
  'static',
];

/** A path as a policy sees it. Owned by the RIB, valid only during `evaluate`. */
export interface PolicySubject {
  family: AfiSafi;
  /** Whole address, 4 or 16 octets in network order, bits past `length` zero. */
  prefix: Uint8Array;
  length: number;
  /** Canonical attribute octets (a view). */
  attributes: Uint8Array;
  source: PathSource;
  /** Type of the session the path came by (import) or is to go by (export). */
  peerType: 'ebgp' | 'ibgp';
  /** Outgoing interface of the route, where known; asked for only by a policy that `dependsOnInterface`. */
  interfaceName: string | undefined;
}

export interface PolicyVerdict {
  readonly accept: boolean;
  /** Index of the statement that decided; −1 when it was the policy's `otherwise`. */
  readonly statement: number;
  readonly localPref?: number | undefined;
  /** Rank above (or below) other sources; 100 for BGP paths unless set (calico model 3.1). */
  readonly preference?: number | undefined;
  /** Left to right as they are to stand in front of the path. */
  readonly prepend: readonly number[];
  readonly addCommunities: readonly number[];
  readonly addLargeCommunities: readonly (readonly [number, number, number])[];
}

/** A route, or `count` of them at once, was rejected by `verdict`. Once a prefix: no more than an addition. */
export function countRejection(policy: PolicyPort, verdict: PolicyVerdict, count: number): void {
  const { rejections } = policy;
  if (rejections !== undefined) rejections[verdict.statement + 1]! += count;
}

/** A compiled policy. Two peers with the same object share an update group. */
export interface PolicyPort {
  /** Whether the verdict can differ between prefixes with equal attributes, source and peer type. */
  readonly dependsOnPrefix: boolean;
  readonly dependsOnInterface: boolean;
  /** How often each statement rejected, at its index + 1; at 0 `otherwise`. Questions for people do not count. */
  readonly rejections?: Float64Array;
  /** The result may be one reused object; it is read before the next call. */
  evaluate(subject: PolicySubject): PolicyVerdict;
}
