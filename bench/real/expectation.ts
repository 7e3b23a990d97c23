/**
 * What a speaker must tell an eBGP peer of what its neighbors told it: an oracle, written from the RFCs and apart from
 * everything in `src`. Slow and plain; a value for every attribute of every prefix.
 */

import type { Attribute, PrefixKey } from './plain-update.ts';

export interface Source {
  /** Of the neighbor, as a number: also its BGP Identifier. */
  readonly address: number;
  readonly as: number;
  /** Its AS numbers have 4 octets. */
  readonly as4: boolean;
}

export interface Path {
  readonly source: Source;
  readonly attributes: readonly Attribute[];
}

export interface Exporter {
  readonly as: number;
  readonly nextHop: Buffer;
}

const ORIGIN = 1;
const AS_PATH = 2;
const NEXT_HOP = 3;
const MED = 4;
const LOCAL_PREF = 5;
const ATOMIC_AGGREGATE = 6;
const AGGREGATOR = 7;
const COMMUNITIES = 8;
const EXTENDED_COMMUNITIES = 16;
const AS4_PATH = 17;
const AS4_AGGREGATOR = 18;
/** Attributes that the speaker knows: of all others it only keeps what is transitive, and says so (Partial). */
const KNOWN = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 32, 35]);
const TRANSITIVE = 0x40;
const PARTIAL = 0x20;
/** RFC 1997: NO_EXPORT, NO_ADVERTISE, NO_EXPORT_SUBCONFED: not to an eBGP peer. */
const NOT_OUTSIDE = new Set([0xffffff01, 0xffffff02, 0xffffff03]);
const AS_SET = 1;
const AS_SEQUENCE = 2;

/** Attributes told for each prefix; a prefix that is not to be told is absent. */
export function expectedOf(
  paths: ReadonlyMap<PrefixKey, readonly Path[]>,
  exporter: Exporter,
): Map<PrefixKey, string> {
  const texts = new Map<readonly Attribute[], string | undefined>();
  const expected = new Map<PrefixKey, string>();
  for (const [prefix, candidates] of paths) {
    // RFC 4271 §9.1.2: no path that has been here before; RFC 7607 §2: AS 0 is malformed, and RFC 7606 withdraws it.
    const usable = candidates.filter(
      (path) => !hasAs(path, exporter.as) && !hasAs(path, 0) && !hasSet(path),
    );
    const best = bestOf(usable);
    if (best === undefined) continue;
    if (!texts.has(best.attributes)) {
      const told = exported(best, exporter);
      texts.set(best.attributes, told === undefined ? undefined : textOf(told));
    }
    const text = texts.get(best.attributes);
    if (text !== undefined) expected.set(prefix, text);
  }
  return expected;
}

/** One line an attribute set, whatever the order of its attributes. */
export function textOf(attributes: readonly Attribute[]): string {
  return attributes
    .map(({ flags, type, value }) => `${type}:${flags.toString(16)}:${value.toString('hex')}`)
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .join(' ');
}

function exported(
  { source, attributes }: Path,
  { as, nextHop }: Exporter,
): Attribute[] | undefined {
  if (communitiesOf(attributes).some((community) => NOT_OUTSIDE.has(community))) return undefined;
  return attributes.flatMap((attribute): Attribute[] => {
    const { type, flags, value } = attribute;
    switch (type) {
      case ORIGIN:
      case ATOMIC_AGGREGATE:
      case COMMUNITIES:
        return [attribute];
      case AS_PATH: // RFC 4271 §5.1.2
        return [{ ...attribute, value: writePath(prepended(pathOf(attributes, source), as)) }];
      case NEXT_HOP:
        return [{ ...attribute, value: nextHop }];
      case MED: // RFC 4271 §5.1.4: not to other neighboring ASs
      case LOCAL_PREF: // §5.1.5: not to external peers
      case AS4_PATH: // RFC 6793 §3: not to a peer with 4-octet AS numbers
      case AS4_AGGREGATOR:
        return [];
      case AGGREGATOR:
        return keptAggregator({ ...attribute, value: wideAggregator(value, source) });
      case EXTENDED_COMMUNITIES:
        return transitiveOnes(attribute);
      default:
        if ((flags & TRANSITIVE) === 0) return []; // RFC 4271 §5: ORIGINATOR_ID and CLUSTER_LIST too
        return [{ ...attribute, flags: KNOWN.has(type) ? flags : flags | PARTIAL }];
    }
  });
}

/** RFC 4360 §6: non-transitive ones do not cross the border of an AS. */
function transitiveOnes(attribute: Attribute): Attribute[] {
  const kept: Buffer[] = [];
  for (let at = 0; at + 8 <= attribute.value.length; at += 8) {
    if ((attribute.value[at]! & 0x40) === 0) kept.push(attribute.value.subarray(at, at + 8));
  }
  return kept.length === 0 ? [] : [{ ...attribute, value: Buffer.concat(kept) }];
}

function communitiesOf(attributes: readonly Attribute[]): number[] {
  const value = attributes.find(({ type }) => type === COMMUNITIES)?.value ?? Buffer.alloc(0);
  return Array.from({ length: value.length >>> 2 }, (_, i) => value.readUInt32BE(i * 4));
}

/** RFC 9774 §3: not used. */
function hasSet({ source, attributes }: Path): boolean {
  return pathOf(attributes, source).some(({ type }) => type === AS_SET);
}

interface Segment {
  readonly type: number;
  readonly asns: readonly number[];
}

function pathOf(attributes: readonly Attribute[], source: Source): Segment[] {
  const value = attributes.find(({ type }) => type === AS_PATH)?.value ?? Buffer.alloc(0);
  const width = source.as4 ? 4 : 2;
  const segments: Segment[] = [];
  for (let at = 0; at < value.length; ) {
    const [type, count] = [value[at]!, value[at + 1]!];
    const asns = Array.from({ length: count }, (_, i) =>
      value.readUIntBE(at + 2 + i * width, width),
    );
    segments.push({ type, asns });
    at += 2 + count * width;
  }
  return segments;
}

/** RFC 4271 §5.1.2 b: into the first sequence; before a set, or where there is none, a sequence of its own. */
function prepended(segments: readonly Segment[], as: number): Segment[] {
  const [first, ...others] = segments;
  if (first === undefined || first.type !== AS_SEQUENCE || first.asns.length === 255) {
    return [{ type: AS_SEQUENCE, asns: [as] }, ...segments];
  }
  return [{ type: AS_SEQUENCE, asns: [as, ...first.asns] }, ...others];
}

function writePath(segments: readonly Segment[]): Buffer {
  return Buffer.concat(
    segments.map(({ type, asns }) => {
      const octets = Buffer.alloc(2 + asns.length * 4);
      octets[0] = type;
      octets[1] = asns.length;
      for (const [i, as] of asns.entries()) octets.writeUInt32BE(as, 2 + i * 4);
      return octets;
    }),
  );
}

function wideAggregator(value: Buffer, { as4 }: Source): Buffer {
  return as4 ? value : Buffer.concat([Buffer.alloc(2), value]);
}

/** RFC 7607 §2 and RFC 7606 §7.7: one of AS 0 is discarded. */
function keptAggregator(attribute: Attribute): Attribute[] {
  return attribute.value.readUInt32BE() === 0 ? [] : [attribute];
}

function hasAs({ attributes, source }: Path, as: number): boolean {
  return pathOf(attributes, source).some(({ asns }) => asns.includes(as));
}

/** RFC 4271 §9.1.2.2 among paths of one kind (all eBGP, or one alone). */
function bestOf(candidates: readonly Path[]): Path | undefined {
  let left = [...candidates];
  const keepLeast = (measure: (path: Path) => number): void => {
    const least = Math.min(...left.map(measure));
    left = left.filter((path) => measure(path) === least);
  };
  if (left.length > 1) {
    keepLeast(pathLength); // a
    keepLeast(({ attributes }) => numberIn(attributes, ORIGIN)); // b
    left = left.filter((path) => !left.some((other) => beatsByMed(other, path))); // c
    keepLeast(({ source }) => source.address); // f and g: identifier and address are one here
  }
  return left[0];
}

function pathLength({ attributes, source }: Path): number {
  const lengths = pathOf(attributes, source).map(({ type, asns }) =>
    type === AS_SET ? 1 : asns.length,
  );
  return lengths.reduce((sum, length) => sum + length, 0);
}

function beatsByMed(other: Path, path: Path): boolean {
  const neighbor = ({ attributes, source }: Path): number | undefined =>
    pathOf(attributes, source)[0]?.asns[0];
  const lower = numberIn(other.attributes, MED) < numberIn(path.attributes, MED);
  return lower && neighbor(other) === neighbor(path);
}

/** An attribute of one number; 0 when it is absent, as MED is then (§9.1.2.2 c). */
function numberIn(attributes: readonly Attribute[], wanted: number): number {
  const value = attributes.find(({ type }) => type === wanted)?.value;
  return value === undefined ? 0 : value.readUIntBE(0, value.length);
}
