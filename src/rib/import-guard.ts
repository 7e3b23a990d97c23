/**
 * What may not be used whatever import policy says: leaked routes (RFC 9234 §5), AS_SETs (RFC 9774), attributes beyond
 * a limit. Judged once an attribute set, before policy; the path is kept, so that it can be shown with its reason.
 */

import { attributeEnd, attributeValue } from '../wire/attributes/facts.ts';
import type { RoleName } from '../wire/capabilities/capability.ts';
import { AsPathSegmentType, AttributeType } from '../wire/iana.ts';

export interface ImportGuard {
  /** What the peer is to us (RFC 9234 §4.1); undefined between peers without roles and within an AS. */
  readonly peerRole?: RoleName;
  /** RFC 9774 §3. */
  readonly rejectsAsSets?: boolean;
  /** AS numbers in AS_PATH at most, each counted as often as it stands there. */
  readonly asPathLengthMax?: number;
  /** Standard, extended, IPv6-extended and large communities together. */
  readonly communitiesMax?: number;
  /** Paths of one prefix at most (RFC 7911). */
  readonly pathsPerPrefixMax?: number;
}

export type Refusal = 'as-set' | 'as-path-length' | 'communities' | 'otc-leak';

/** For people: why a path is not used. */
export function refusalText(refusal: Refusal, guard: ImportGuard): string {
  switch (refusal) {
    case 'as-set':
      return 'AS_PATH with AS_SET (RFC 9774); `asSets: accept` takes it';
    case 'as-path-length':
      return `AS_PATH longer than limits.asPathLength ${guard.asPathLengthMax}`;
    case 'communities':
      return `more communities than limits.communities ${guard.communitiesMax}`;
    case 'otc-leak':
      return `route leak: ONLY_TO_CUSTOMER from a ${guard.peerRole} (RFC 9234)`;
  }
}

/** What the guard asks of a set. Mutable, reused. */
const facts = { ases: 0, hasSet: false, communities: 0, otc: -1 };

/**
 * What keeps the path from being used; undefined when nothing does.
 *
 * @param octets  Canonical attributes: AS_PATH is whole, AS4_PATH is merged into it.
 */
export function refusalOf(
  guard: ImportGuard,
  octets: Uint8Array,
  peerAs: number,
): Refusal | undefined {
  readFacts(octets);
  if (guard.rejectsAsSets === true && facts.hasSet) return 'as-set';
  if (facts.ases > (guard.asPathLengthMax ?? Number.POSITIVE_INFINITY)) return 'as-path-length';
  if (facts.communities > (guard.communitiesMax ?? Number.POSITIVE_INFINITY)) return 'communities';
  return isLeak(guard.peerRole, peerAs) ? 'otc-leak' : undefined;
}

/** After `refusalOf` of the same set: OTC that is to be added to it; 0 = none (RFC 9234 §5). */
export function otcToAdd({ peerRole }: ImportGuard, peerAs: number): number {
  if (facts.otc >= 0) return 0;
  return peerRole === 'provider' || peerRole === 'peer' || peerRole === 'rs' ? peerAs : 0;
}

/** Whether the same paths pass: what has to be judged again otherwise. */
export function isSameGuard(a: ImportGuard | undefined, b: ImportGuard | undefined): boolean {
  return (
    a?.peerRole === b?.peerRole &&
    a?.rejectsAsSets === b?.rejectsAsSets &&
    a?.asPathLengthMax === b?.asPathLengthMax &&
    a?.communitiesMax === b?.communitiesMax
  );
}

/** RFC 9234 §5, ingress: customers never send what is for customers only; a peer sends only its own. */
function isLeak(peerRole: RoleName | undefined, peerAs: number): boolean {
  if (facts.otc < 0) return false;
  if (peerRole === 'customer' || peerRole === 'rs-client') return true;
  return peerRole === 'peer' && facts.otc !== peerAs;
}

function readFacts(octets: Uint8Array): void {
  facts.ases = 0;
  facts.hasSet = false;
  facts.communities = 0;
  facts.otc = -1;
  for (let at = 0; at < octets.length; ) {
    const start = attributeValue(octets, at);
    const end = attributeEnd(octets, at);
    const width = COMMUNITY_OCTETS[octets[at + 1]!];
    if (width !== undefined) facts.communities += (end - start) / width;
    else if (octets[at + 1] === AttributeType.AsPath) readAsPath(octets, start, end);
    else if (octets[at + 1] === AttributeType.OnlyToCustomer) facts.otc = u32(octets, start);
    at = end;
  }
}

/** Octets of one community by attribute type. */
const COMMUNITY_OCTETS: readonly (number | undefined)[] = (() => {
  const octets: number[] = [];
  octets[AttributeType.Communities] = 4;
  octets[AttributeType.ExtendedCommunities] = 8;
  octets[AttributeType.Ipv6ExtendedCommunities] = 20;
  octets[AttributeType.LargeCommunity] = 12;
  return octets;
})();

function readAsPath(octets: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at += 2 + octets[at + 1]! * 4) {
    const type = octets[at]!;
    if (type === AsPathSegmentType.AsSet || type === AsPathSegmentType.AsConfedSet) {
      facts.hasSet = true;
    }
    facts.ases += octets[at + 1]!;
  }
}

function u32(octets: Uint8Array, at: number): number {
  return (
    ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0
  );
}
