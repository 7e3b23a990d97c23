/**
 * The path attributes of a route as values, for people, policy and tests (RFC 4271 §5).
 *
 * Never made on the way from socket to kernel: there, attributes stay canonical octets (`canonical.ts`), and only
 * `facts.ts` looks into them. A value here is always well-formed.
 */
import type { IpAddress } from '../../net/ip-address.ts';
import type { AsPathSegmentType } from '../iana.ts';

export const Origin = { Igp: 0, Egp: 1, Incomplete: 2 } as const;
export type Origin = (typeof Origin)[keyof typeof Origin];

export interface AsPathSegment {
  readonly type: AsPathSegmentType;
  /** 4-octet AS numbers, at least one, in the order of the wire: nearest AS first. */
  readonly asns: readonly number[];
}

export interface Aggregator {
  readonly asn: number;
  readonly address: IpAddress;
}

/** Global Administrator, Local Data Part 1, Local Data Part 2 (RFC 8092 §3), unsigned 32 bits each. */
export type LargeCommunity = readonly [number, number, number];

/** An attribute that godwit does not interpret; passed on bit-exact with the Partial bit (RFC 4271 §5). */
export interface UnknownAttribute {
  /** Attribute Flags without Extended Length. */
  readonly flags: number;
  readonly type: number;
  readonly value: Uint8Array;
}

export interface PathAttributes {
  readonly origin: Origin;
  readonly asPath: readonly AsPathSegment[];
  /** The only or the global next hop; link-local itself where the peer gave no other (RFC 2545 §3). */
  readonly nextHop?: IpAddress;
  /** The link-local next hop that came beside a global one. */
  readonly linkLocalNextHop?: IpAddress;
  readonly med?: number;
  readonly localPref?: number;
  readonly atomicAggregate: boolean;
  readonly aggregator?: Aggregator;
  /** Unsigned 32 bits each, in the order of the wire. */
  readonly communities: readonly number[];
  /** BGP Identifier, unsigned 32 bits. */
  readonly originatorId?: number;
  /** Cluster IDs, nearest reflector first. */
  readonly clusterList: readonly number[];
  /** 16 hexadecimal digits each, bit-exact. */
  readonly extendedCommunities: readonly string[];
  /** 40 hexadecimal digits each, bit-exact. */
  readonly ipv6ExtendedCommunities: readonly string[];
  readonly largeCommunities: readonly LargeCommunity[];
  /** Only To Customer (RFC 9234 §5): an AS number. */
  readonly otc?: number;
  /** Types of known attributes that came with the Partial bit, ascending: somebody on the way did not know them. */
  readonly partial: readonly number[];
  /** Ascending by type. */
  readonly unknown: readonly UnknownAttribute[];
}
