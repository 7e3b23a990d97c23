/**
 * AS_PATH, type 2: the ASes that the route came through, nearest first (RFC 4271 §5.1.2).
 *
 * On the wire with 2-octet AS numbers towards peers without RFC 6793; canonical octets have four.
 */
import type { ByteReader } from '../../base/byte-reader.ts';
import type { ByteWriter } from '../../base/byte-writer.ts';
import { AsPathSegmentType, AttributeType, UpdateSubcode } from '../iana.ts';
import { type AttributeSlice, defineAttribute, malformed } from './define.ts';
import type { AsPathSegment } from './path-attributes.ts';

/**
 * AS numbers in one AS_PATH. The longest in the Internet has some dozens; a message of 64 KiB could carry 16,000,
 * and every peer and filter would walk them for each route.
 */
const AS_PATH_ASNS_MAX = 1024;

export const asPathAttribute = defineAttribute<readonly AsPathSegment[]>({
  type: AttributeType.AsPath,
  name: 'AS_PATH',
  category: 'well-known',
  check(value) {
    const problem = checkSegments(value, value.as4 ? 4 : 2);
    if (problem !== 'ok') return MALFORMED[problem];
    return value.peerType === 'ebgp' && hasConfederation(value) ? CONFEDERATION : undefined;
  },
  decode: decodeAsPath,
  encode: encodeAsPath,
  format: formatAsPath,
});

export type SegmentProblem = 'type' | 'empty' | 'overrun' | 'zero' | 'long';

/** Checks segments of AS numbers of `width` octets each: AS_PATH and AS4_PATH (RFC 7606 §7.2). */
export function checkSegments(value: AttributeSlice, width: 2 | 4): SegmentProblem | 'ok' {
  const { octets, end } = value;
  let at = value.start;
  let total = 0;
  while (at < end) {
    // RFC 7606 §7.2: a type that is not known, a length of zero, a segment that overruns, a single last octet.
    if (end - at < 2) return 'overrun';
    const type = octets[at]!;
    if (type < AsPathSegmentType.AsSet || type > AsPathSegmentType.AsConfedSet) return 'type';
    const count = octets[at + 1]!;
    if (count === 0) return 'empty';
    const next = at + 2 + count * width;
    if (next > end) return 'overrun';
    total += count;
    for (at += 2; at < next; at += width) {
      // RFC 7607 §2: AS 0 makes the attribute malformed, from internal peers too.
      const low = octets[at]! | octets[at + 1]!;
      if ((width === 2 ? low : low | octets[at + 2]! | octets[at + 3]!) === 0) return 'zero';
    }
  }
  return total > AS_PATH_ASNS_MAX ? 'long' : 'ok';
}

export function decodeAsPath(value: ByteReader): AsPathSegment[] {
  const segments: AsPathSegment[] = [];
  while (value.remaining > 0) {
    const type = value.u8() as AsPathSegmentType;
    const count = value.u8();
    const asns: number[] = [];
    for (let i = 0; i < count; i++) asns.push(value.u32());
    segments.push({ type, asns });
  }
  return segments;
}

/** Segments of more than 255 AS numbers are split; empty ones are left out, as they may not be sent. */
export function encodeAsPath(path: readonly AsPathSegment[], out: ByteWriter): void {
  for (const { type, asns } of path) {
    for (let from = 0; from < asns.length; from += 255) {
      const part = asns.slice(from, from + 255);
      out.u8(type);
      out.u8(part.length);
      for (const asn of part) out.u32(asn);
    }
  }
}

/** `65001 65002 {65003,65004}`; confederation segments in parentheses and brackets, as other daemons show them. */
export function formatAsPath(path: readonly AsPathSegment[]): string {
  return path
    .map(({ type, asns }) => {
      if (type === AsPathSegmentType.AsSet) return `{${asns.join(',')}}`;
      if (type === AsPathSegmentType.AsConfedSequence) return `(${asns.join(' ')})`;
      if (type === AsPathSegmentType.AsConfedSet) return `[${asns.join(',')}]`;
      return asns.join(' ');
    })
    .join(' ');
}

function hasConfederation(value: AttributeSlice): boolean {
  const width = value.as4 ? 4 : 2;
  for (let at = value.start; at < value.end; at += 2 + value.octets[at + 1]! * width) {
    if (value.octets[at]! >= AsPathSegmentType.AsConfedSequence) return true;
  }
  return false;
}

function problem(reason: string) {
  return malformed('treat-as-withdraw', UpdateSubcode.MalformedAsPath, reason);
}

const MALFORMED = {
  type: problem('Segment of unknown type'),
  empty: problem('Segment without AS numbers'),
  overrun: problem('Segment exceeds the attribute'),
  zero: problem('AS 0'),
  long: problem(`More than ${AS_PATH_ASNS_MAX} AS numbers`),
} as const;

// RFC 5065 §5: from a neighbor outside the confederation such a segment is a malformed AS_PATH.
const CONFEDERATION = problem('Confederation segment from an external peer');
