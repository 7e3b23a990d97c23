/**
 * The form of each path attribute that may be sent, for the strict reader: flags as they must be, and what is wrong with
 * a value. An attribute that is not here is unknown; AIGP and BGP-LS are here to say that they never leave.
 */

/** What the neighbor may expect of us. */
export interface Audience {
  readonly external: boolean;
  /** 4-octet AS numbers were negotiated. */
  readonly as4: boolean;
  readonly messageMax: number;
  /** Ours: leads every AS_PATH towards an external neighbor. */
  readonly localAs: number;
  /** Ours: leads every CLUSTER_LIST towards an internal one. */
  readonly clusterId: number;
  /** Ours, in hexadecimal, by AFI: the only one that an external neighbor is told. */
  readonly nextHops: Readonly<Record<number, string>>;
}

export interface Value {
  readonly octets: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly audience: Audience;
}

interface Form {
  /** Optional and Transitive. */
  readonly flags: number;
  /** What is wrong. */
  readonly check: (value: Value) => string | undefined;
}

const WELL_KNOWN = 0x40;
const TRANSITIVE = 0xc0;
const NON_TRANSITIVE = 0x80;
const NO_ADVERTISE = 0xffff_ff02;
const NO_EXPORT: readonly number[] = [0xffff_ff01, 0xffff_ff03];

export const ATTRIBUTE_FORMS: Readonly<Record<number, Form>> = {
  1: {
    flags: WELL_KNOWN,
    check: (value) =>
      size(value) === 1 && value.octets[value.start]! <= 2 ? undefined : 'not an ORIGIN',
  },
  2: { flags: WELL_KNOWN, check: asPath },
  3: { flags: WELL_KNOWN, check: nextHop },
  4: {
    flags: NON_TRANSITIVE,
    // RFC 4271 §5.1.4: what a neighboring AS said is not passed on to another one.
    check: (value) => (value.audience.external ? 'MED to an external neighbor' : exactly(value, 4)),
  },
  5: {
    flags: WELL_KNOWN,
    check: (value) => (value.audience.external ? 'LOCAL_PREF leaves the AS' : exactly(value, 4)),
  },
  6: { flags: WELL_KNOWN, check: (value) => exactly(value, 0) },
  7: { flags: TRANSITIVE, check: (value) => exactly(value, value.audience.as4 ? 8 : 6) },
  8: { flags: TRANSITIVE, check: communities },
  9: {
    flags: NON_TRANSITIVE,
    check: (value) => (value.audience.external ? 'ORIGINATOR_ID leaves the AS' : exactly(value, 4)),
  },
  10: { flags: NON_TRANSITIVE, check: clusterList },
  16: { flags: TRANSITIVE, check: (value) => listOf(value, 8) },
  17: { flags: TRANSITIVE, check: (value) => segments(value, 4) },
  18: { flags: TRANSITIVE, check: (value) => exactly(value, 8) },
  22: {
    flags: TRANSITIVE,
    check: (value) => (size(value) < 5 ? 'fewer than 5 octets' : undefined),
  },
  23: { flags: TRANSITIVE, check: (value) => tlvs(value, 2) },
  25: { flags: TRANSITIVE, check: (value) => listOf(value, 20) },
  26: { flags: NON_TRANSITIVE, check: () => 'AIGP is not passed on' },
  29: { flags: NON_TRANSITIVE, check: () => 'BGP-LS is not passed on' },
  32: { flags: TRANSITIVE, check: (value) => listOf(value, 12) },
  35: { flags: TRANSITIVE, check: (value) => exactly(value, 4) },
  40: { flags: TRANSITIVE, check: (value) => tlvs(value, 1) },
};

function size({ start, end }: Value): number {
  return end - start;
}

function exactly(value: Value, octets: number): string | undefined {
  return size(value) === octets ? undefined : `${size(value)} octets, not ${octets}`;
}

function listOf(value: Value, octets: number): string | undefined {
  const length = size(value);
  return length > 0 && length % octets === 0 ? undefined : `${length} octets, not ${octets} each`;
}

function asPath(value: Value): string | undefined {
  const { audience, octets, start, end } = value;
  const width = audience.as4 ? 4 : 2;
  const problem = segments(value, width);
  if (problem !== undefined || !audience.external) return problem;
  // RFC 4271 §5.1.2: our AS number stands first, in an AS_SEQUENCE.
  if (start === end || octets[start] !== 2) return 'no AS_SEQUENCE in front';
  const first = number(octets, start + 2, width);
  return first === audience.localAs ? undefined : `AS ${first} in front`;
}

/** RFC 4271 §4.3, RFC 5065 §4: confederation segments stay inside; RFC 7607: AS 0 is nowhere. */
function segments({ octets, start, end, audience }: Value, width: number): string | undefined {
  for (let at = start; at < end; ) {
    if (end - at < 2) return 'a segment without a count';
    const type = octets[at]!;
    const next = at + 2 + octets[at + 1]! * width;
    if (type < 1 || type > (audience.external ? 2 : 4)) return `segment of type ${type}`;
    if (octets[at + 1] === 0) return 'a segment of none';
    if (next > end) return 'a segment exceeds it';
    for (let i = at + 2; i < next; i += width) if (number(octets, i, width) === 0) return 'AS 0';
    at = next;
  }
  return undefined;
}

function nextHop(value: Value): string | undefined {
  const { octets, start, audience } = value;
  if (size(value) !== 4) return exactly(value, 4);
  const first = octets[start]!;
  const text = number(octets, start, 4).toString(16).padStart(8, '0');
  // 240/4 may be anybody's (it is only reserved), but for the address of all.
  const isNobody = first === 0 || first === 127 || (first >= 224 && first < 240);
  if (isNobody || text === 'ffffffff') return `${text} is no host`;
  return audience.external && text !== audience.nextHops[1] ? `${text} is not ours` : undefined;
}

function communities(value: Value): string | undefined {
  const { octets, start, end, audience } = value;
  const problem = listOf(value, 4);
  if (problem !== undefined) return problem;
  for (let at = start; at < end; at += 4) {
    const community = number(octets, at, 4);
    if (community === NO_ADVERTISE) return 'NO_ADVERTISE is advertised';
    if (audience.external && NO_EXPORT.includes(community)) return 'NO_EXPORT leaves the AS';
  }
  return undefined;
}

function clusterList(value: Value): string | undefined {
  const { octets, start, audience } = value;
  if (audience.external) return 'CLUSTER_LIST leaves the AS';
  const problem = listOf(value, 4);
  if (problem !== undefined) return problem;
  const first = number(octets, start, 4);
  return first === audience.clusterId ? undefined : `cluster ${first} in front`;
}

/** Types of `typeOctets`, lengths of two. */
function tlvs({ octets, start, end }: Value, typeOctets: number): string | undefined {
  for (let at = start; at < end; ) {
    if (end - at < typeOctets + 2) return 'a TLV without a length';
    at += typeOctets + 2 + number(octets, at + typeOctets, 2);
    if (at > end) return 'a TLV exceeds it';
  }
  return start === end ? 'no TLV' : undefined;
}

function number(octets: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = at; i < at + width; i++) value = value * 256 + octets[i]!;
  return value;
}
