/**
 * NLRI on the wire: optional Path Identifier, a length octet in bits, then as few octets as hold it
 * (RFC 4271 §4.3, RFC 4760 §5, RFC 7911 §3).
 *
 * Hot path (`bench/wire.bench.ts`): one pass checks a whole field, a second one visits it; no allocation a prefix.
 * Invariant: a field is visited only after `checkNlri`, which `locateUpdate` has done for every field it fills.
 */
import { type Prefix, prefixFrom } from '../net/prefix.ts';

/** A run of NLRI inside a message. Mutable: one belongs to a layout and is reused. */
export interface NlriField {
  /** First octet, and one past the last. */
  start: number;
  end: number;
  /** Address width in bits. */
  width: 32 | 128;
  /** Whether each prefix has a Path Identifier in front (RFC 7911). */
  addPath: boolean;
  /** Number of prefixes; set by `checkNlri` through `locateUpdate`. */
  count: number;
}

/**
 * Called for each prefix, in the order of the wire.
 *
 * `addressOffset` is where its `(length + 7) >>> 3` address octets start in the visited buffer. Bits past `length`
 * are irrelevant (RFC 4271 §4.3) and NOT yet zero: the visitor masks them. `pathId` is 0 without ADD-PATH.
 */
export type NlriVisit = (addressOffset: number, length: number, pathId: number) => void;

/** A prefix as a value. */
export interface NlriValue {
  readonly prefix: Prefix;
  readonly pathId: number;
}

export function nlriField(): NlriField {
  return { start: 0, end: 0, width: 32, addPath: false, count: 0 };
}

/**
 * Checks that `field` is made of whole prefixes.
 *
 * @returns The number of prefixes; -1 when a length exceeds the width or the field. After that no next prefix can be
 *   located, so RFC 7606 §3(j) leaves only a session reset; which NOTIFICATION depends on where the field stood.
 */
export function checkNlri(octets: Uint8Array, field: NlriField): number {
  const { end, width } = field;
  const head = field.addPath ? 4 : 0;
  let at = field.start;
  let count = 0;
  while (at < end) {
    at += head;
    if (at >= end) return -1;
    const length = octets[at]!;
    if (length > width) return -1;
    at += 1 + ((length + 7) >>> 3);
    count++;
  }
  return at === end ? count : -1;
}

/** Visits every prefix of a checked field. */
export function forEachNlri(octets: Uint8Array, field: NlriField, visit: NlriVisit): void {
  const { end, addPath } = field;
  let at = field.start;
  while (at < end) {
    let pathId = 0;
    if (addPath) {
      pathId =
        ((octets[at]! << 24) |
          (octets[at + 1]! << 16) |
          (octets[at + 2]! << 8) |
          octets[at + 3]!) >>>
        0;
      at += 4;
    }
    const length = octets[at]!;
    visit(at + 1, length, pathId);
    at += 1 + ((length + 7) >>> 3);
  }
}

/** The prefixes of a checked field as values. For tests and people; the RIB visits. */
export function decodeNlri(octets: Uint8Array, field: NlriField): NlriValue[] {
  const values: NlriValue[] = [];
  const width = field.width >>> 3;
  forEachNlri(octets, field, (addressOffset, length, pathId) => {
    const address = new Uint8Array(width);
    address.set(octets.subarray(addressOffset, addressOffset + ((length + 7) >>> 3)));
    values.push({ prefix: prefixFrom(address, length), pathId });
  });
  return values;
}
