/**
 * AS numbers inside an AS_PATH that a neighbor is not to see: private ones (RFC 6996), its own (as-override).
 *
 * Both hide what loop detection lives on, so they are for the border of a fabric whose sites share AS numbers.
 */

import { AsPathSegmentType } from '../iana.ts';
import { u32At } from './define.ts';

export interface AsPathEdit {
  /** The neighbor's AS. With `overrides` it is replaced by ours; otherwise never taken out, as it guards against loops. */
  readonly neighborAs: number;
  /** What stands for a number that is replaced. */
  readonly ownAs: number;
  readonly overrides: boolean;
  readonly privateAs: 'keep' | 'remove' | 'replace';
}

/** RFC 6996 §5. */
export function isPrivateAs(asn: number): boolean {
  return (asn >= 64_512 && asn <= 65_534) || (asn >= 4_200_000_000 && asn <= 4_294_967_294);
}

/** A value of AS_PATH in 4-octet AS numbers, edited; never longer. Segments left without a number go. */
export function editAsPath(path: Uint8Array, edit: AsPathEdit): Uint8Array {
  const out = new Uint8Array(path.length);
  let written = 0;
  for (let at = 0; at < path.length; ) {
    const type = path[at]!;
    const end = at + 2 + path[at + 1]! * 4;
    const start = written;
    written += 2;
    for (at += 2; at < end; at += 4) {
      const asn = editAs(u32At(path, at), edit);
      if (asn === undefined) continue;
      new DataView(out.buffer).setUint32(written, asn);
      written += 4;
    }
    const count = (written - start - 2) / 4;
    if (count === 0) written = start;
    else {
      out[start] = type;
      out[start + 1] = count;
      written = joined(out, start, written);
    }
  }
  return out.subarray(0, written);
}

/** Undefined: taken out. */
function editAs(asn: number, edit: AsPathEdit): number | undefined {
  if (asn === edit.neighborAs) return edit.overrides ? edit.ownAs : asn;
  if (edit.privateAs === 'keep' || !isPrivateAs(asn)) return asn;
  return edit.privateAs === 'replace' ? edit.ownAs : undefined;
}

/** An AS_SET whose members became the same number has it once. */
function joined(out: Uint8Array, start: number, end: number): number {
  if (out[start] !== AsPathSegmentType.AsSet && out[start] !== AsPathSegmentType.AsConfedSet) {
    return end;
  }
  const members = new Set<number>();
  for (let at = start + 2; at < end; at += 4) members.add(u32At(out, at));
  let at = start + 2;
  for (const asn of members) {
    new DataView(out.buffer).setUint32(at, asn);
    at += 4;
  }
  out[start + 1] = members.size;
  return at;
}
