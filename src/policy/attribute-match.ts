/**
 * Reads what policies ask about straight from canonical attribute octets, without decoding the set.
 *
 * Invariant: the octets are canonical (`wire/attributes`): well-formed, ascending by type, AS numbers of 4 octets.
 */

const EXTENDED_LENGTH = 0x10;
const AS_PATH = 2;
const LOCAL_PREF = 5;
const COMMUNITIES = 8;
const LARGE_COMMUNITY = 32;
const AS_SET = 1;
const AS_SEQUENCE = 2;

/** LOCAL_PREF of a path that carries none (RFC 4271 §5.1.5 leaves it to local policy; BIRD's default). */
const DEFAULT_LOCAL_PREF = 100;

export function localPrefOf(attributes: Uint8Array): number {
  const at = findAttribute(attributes, LOCAL_PREF);
  return at < 0 ? DEFAULT_LOCAL_PREF : readU32(attributes, valueStart(attributes, at));
}

export function hasCommunity(attributes: Uint8Array, community: number): boolean {
  const at = findAttribute(attributes, COMMUNITIES);
  if (at < 0) return false;
  const end = valueEnd(attributes, at);
  for (let i = valueStart(attributes, at); i < end; i += 4) {
    if (readU32(attributes, i) === community >>> 0) return true;
  }
  return false;
}

export function hasLargeCommunity(
  attributes: Uint8Array,
  community: readonly [number, number, number],
): boolean {
  const at = findAttribute(attributes, LARGE_COMMUNITY);
  if (at < 0) return false;
  const end = valueEnd(attributes, at);
  for (let i = valueStart(attributes, at); i < end; i += 12) {
    if (
      readU32(attributes, i) === community[0] &&
      readU32(attributes, i + 4) === community[1] &&
      readU32(attributes, i + 8) === community[2]
    ) {
      return true;
    }
  }
  return false;
}

/**
 * Whether the path, with `prepended` in front of it, starts with `asns`. An AS_SET is one place that any of its
 * members fills, as in BIRD's path masks; a confederation segment fills none.
 */
export function asPathStartsWith(
  attributes: Uint8Array,
  asns: readonly number[],
  prepended: readonly number[],
): boolean {
  let matched = 0;
  for (let i = 0; i < prepended.length && matched < asns.length; i++, matched++) {
    if (prepended[i] !== asns[matched]) return false;
  }
  if (matched === asns.length) return true;
  const attribute = findAttribute(attributes, AS_PATH);
  if (attribute < 0) return false;
  const end = valueEnd(attributes, attribute);
  let at = valueStart(attributes, attribute);
  while (at < end && matched < asns.length) {
    const type = attributes[at]!;
    const count = attributes[at + 1]!;
    at += 2;
    if (type === AS_SEQUENCE) {
      for (let i = 0; i < count && matched < asns.length; i++, matched++) {
        if (readU32(attributes, at + i * 4) !== asns[matched]) return false;
      }
    } else if (type === AS_SET) {
      if (!segmentHolds(attributes.subarray(at, at + count * 4), asns[matched]!)) return false;
      matched++;
    } else {
      return false;
    }
    at += count * 4;
  }
  return matched === asns.length;
}

function segmentHolds(members: Uint8Array, asn: number): boolean {
  for (let at = 0; at < members.length; at += 4) if (readU32(members, at) === asn) return true;
  return false;
}

/** Offset of the attribute's flags octet; −1 when it is absent. */
function findAttribute(octets: Uint8Array, type: number): number {
  let at = 0;
  while (at < octets.length) {
    const found = octets[at + 1]!;
    if (found === type) return at;
    if (found > type) return -1; // ascending by type
    at = valueEnd(octets, at);
  }
  return -1;
}

function valueStart(octets: Uint8Array, at: number): number {
  return at + ((octets[at]! & EXTENDED_LENGTH) === 0 ? 3 : 4);
}

function valueEnd(octets: Uint8Array, at: number): number {
  const short = (octets[at]! & EXTENDED_LENGTH) === 0;
  if (short) return at + 3 + octets[at + 2]!;
  return at + 4 + ((octets[at + 2]! << 8) | octets[at + 3]!);
}

function readU32(octets: Uint8Array, at: number): number {
  return (
    ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0
  );
}
