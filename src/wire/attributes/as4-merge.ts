/**
 * Rebuilds the AS_PATH of a route that came through speakers with 2-octet AS numbers (RFC 6793 §4.2.3).
 *
 * Works on values: peers without 4-octet AS numbers are rare, and each of their attribute sets passes here once.
 */
import { AsPathSegmentType } from '../iana.ts';
import type { AttributeSlice } from './define.ts';
import type { AsPathSegment } from './path-attributes.ts';

/** Segments of a checked value whose AS numbers have `width` octets. */
export function readSegments(value: AttributeSlice, width: 2 | 4): AsPathSegment[] {
  const { octets, end } = value;
  const segments: AsPathSegment[] = [];
  let at = value.start;
  while (at < end) {
    const type = octets[at]! as AsPathSegmentType;
    const next = at + 2 + octets[at + 1]! * width;
    const asns: number[] = [];
    for (at += 2; at < next; at += width) {
      const high = (octets[at]! << 8) | octets[at + 1]!;
      asns.push(width === 2 ? high : high * 0x1_0000 + ((octets[at + 2]! << 8) | octets[at + 3]!));
    }
    segments.push({ type, asns });
  }
  return segments;
}

/**
 * AS_PATH with its tail replaced by AS4_PATH.
 *
 * @param path  As received, 2-octet AS numbers.
 * @param as4Path  As received; its confederation segments are ignored (RFC 6793 §3).
 */
export function mergeAs4Path(
  path: readonly AsPathSegment[],
  as4Path: readonly AsPathSegment[],
): readonly AsPathSegment[] {
  const tail = as4Path.filter(({ type }) => !isConfederation(type));
  const leading = pathLength(path) - pathLength(tail);
  // RFC 6793 §4.2.3: an AS4_PATH longer than AS_PATH is ignored.
  if (leading < 0 || tail.length === 0) return path;
  const merged = takeLeading(path, leading);
  for (const segment of tail) append(merged, segment);
  return merged;
}

/** RFC 4271 §9.1.2.2(a), RFC 5065 §5.3: an AS_SET counts 1, a confederation segment 0. */
function pathLength(path: readonly AsPathSegment[]): number {
  let length = 0;
  for (const { type, asns } of path) {
    if (type === AsPathSegmentType.AsSequence) length += asns.length;
    else if (type === AsPathSegmentType.AsSet) length += 1;
  }
  return length;
}

/** The first `count` of `path` by that way of counting, with the confederation segments among and right behind them. */
function takeLeading(path: readonly AsPathSegment[], count: number): AsPathSegment[] {
  const taken: AsPathSegment[] = [];
  let left = count;
  for (const { type, asns } of path) {
    if (isConfederation(type)) {
      taken.push({ type, asns });
      continue;
    }
    if (left === 0) break;
    const part = type === AsPathSegmentType.AsSet ? asns : asns.slice(0, left);
    taken.push({ type, asns: part });
    left -= type === AsPathSegmentType.AsSet ? 1 : part.length;
  }
  return taken;
}

/** Two sequences that meet are one again, as they were before an OLD speaker passed them on. */
function append(path: AsPathSegment[], segment: AsPathSegment): void {
  const last = path.at(-1);
  const joins =
    last?.type === AsPathSegmentType.AsSequence &&
    segment.type === AsPathSegmentType.AsSequence &&
    last.asns.length + segment.asns.length <= 255;
  if (joins) path[path.length - 1] = { type: last.type, asns: [...last.asns, ...segment.asns] };
  else path.push(segment);
}

function isConfederation(type: AsPathSegmentType): boolean {
  return type >= AsPathSegmentType.AsConfedSequence;
}
