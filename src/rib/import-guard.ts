/**
 * What may not be used whatever import policy says: leaked routes (RFC 9234 §5), AS_SETs (RFC 9774), attributes beyond
 * a limit. Judged once an attribute set, before policy; the path is kept, so that it can be shown with its reason.
 */

import { attributeEnd, attributeValue, findAttribute } from '../wire/attributes/facts.ts';
import type { RoleName } from '../wire/capabilities/capability.ts';
import { AttributeType } from '../wire/iana.ts';
import { type AttributeTable, SetFlag } from './attribute-table.ts';
import type { AttributesId } from './ids.ts';

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

/** What the guard asks of a peer. */
interface Guarded {
  readonly guard?: ImportGuard;
  readonly peerAs: number;
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

/**
 * What keeps paths with the received set `attributes` from being used; undefined when nothing does.
 *
 * Once an UPDATE: columns answer, unless a limit is set or ONLY_TO_CUSTOMER is there.
 */
export function refusalOf(
  { guard, peerAs }: Guarded,
  sets: AttributeTable,
  attributes: AttributesId,
): Refusal | undefined {
  if (guard === undefined) return undefined;
  const flags = sets.flagsOf(attributes);
  if (guard.rejectsAsSets === true && (flags & SetFlag.HasAsSet) !== 0) return 'as-set';
  const { asPathLengthMax: ases, communitiesMax: communities } = guard;
  if (ases !== undefined && asesIn(sets.octetsOf(attributes)) > ases) return 'as-path-length';
  if (communities !== undefined && communitiesIn(sets.octetsOf(attributes)) > communities) {
    return 'communities';
  }
  if ((flags & SetFlag.HasOtc) === 0) return undefined;
  return isLeak(guard.peerRole, otcOf(sets.octetsOf(attributes)), peerAs) ? 'otc-leak' : undefined;
}

/** OTC that is to be added to a set with these `SetFlag`s; 0 = none (RFC 9234 §5). */
export function otcToAdd({ guard, peerAs }: Guarded, flags: number): number {
  if ((flags & SetFlag.HasOtc) !== 0) return 0;
  const peerRole = guard?.peerRole;
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
function isLeak(peerRole: RoleName | undefined, otc: number, peerAs: number): boolean {
  if (peerRole === 'customer' || peerRole === 'rs-client') return true;
  return peerRole === 'peer' && otc !== peerAs;
}

/** The value of ONLY_TO_CUSTOMER, which is there. */
function otcOf(octets: Uint8Array): number {
  const at = findAttribute(octets, AttributeType.OnlyToCustomer);
  return u32(octets, attributeValue(octets, at));
}

/** AS numbers in AS_PATH. */
function asesIn(octets: Uint8Array): number {
  const found = findAttribute(octets, AttributeType.AsPath);
  if (found < 0) return 0;
  const end = attributeEnd(octets, found);
  let count = 0;
  for (let at = attributeValue(octets, found); at < end; at += 2 + octets[at + 1]! * 4) {
    count += octets[at + 1]!;
  }
  return count;
}

function communitiesIn(octets: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < octets.length; at = attributeEnd(octets, at)) {
    const width = COMMUNITY_OCTETS[octets[at + 1]!];
    if (width !== undefined) {
      count += (attributeEnd(octets, at) - attributeValue(octets, at)) / width;
    }
  }
  return count;
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

function u32(octets: Uint8Array, at: number): number {
  return (
    ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0
  );
}
