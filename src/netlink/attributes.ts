/**
 * rtattr: 2 octets length (header included), 2 octets type, value, padding to 4. Read by a cursor that cannot
 * leave its range, written into a buffer that the caller sized.
 *
 * Invariant: a length that does not fit ends the walk; the kernel's octets never make a decoder throw.
 */

import { type IpAddress, ipFromOctets } from '../net/ip-address.ts';
import { readU16, readU32, writeU16, writeU32 } from './host-order.ts';

const ATTRIBUTE_HEADER_OCTETS = 4;
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER live in the top bits of the type. */
const TYPE_MASK = 0x3fff;

/** Walks attributes in `octets[start, end)`. Reusable through `reset`: no allocation per message. */
export class AttributeCursor {
  octets: Uint8Array;
  /** Type of the current attribute, without its flag bits. */
  type = 0;
  /** The current value is `octets[start, end)`. */
  start = 0;
  end = 0;
  #at: number;
  #limit: number;

  constructor(octets: Uint8Array, start: number, end: number) {
    this.octets = octets;
    this.#at = start;
    this.#limit = Math.min(end, octets.length);
  }

  reset(octets: Uint8Array, start: number, end: number): this {
    this.octets = octets;
    this.#at = start;
    this.#limit = Math.min(end, octets.length);
    return this;
  }

  /** Steps to the next attribute; false at the end or at a length that cannot be. */
  next(): boolean {
    const at = this.#at;
    const left = this.#limit - at;
    if (left < ATTRIBUTE_HEADER_OCTETS) return false;
    const length = readU16(this.octets, at);
    if (length < ATTRIBUTE_HEADER_OCTETS || length > left) return false;
    this.type = readU16(this.octets, at + 2) & TYPE_MASK;
    this.start = at + ATTRIBUTE_HEADER_OCTETS;
    this.end = at + length;
    this.#at = at + align4(length);
    return true;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** undefined where the value is too short. */
  u8(): number | undefined {
    return this.length < 1 ? undefined : this.octets[this.start]!;
  }

  u32(): number | undefined {
    return this.length < 4 ? undefined : readU32(this.octets, this.start);
  }

  /** The value up to its first zero octet, as ASCII; octets above 127 come out as Latin-1. */
  text(): string {
    let text = '';
    for (let at = this.start; at < this.end && this.octets[at] !== 0; at++) {
      text += String.fromCharCode(this.octets[at]!);
    }
    return text;
  }

  /** The value as an address of `family`; undefined where its length is another. */
  ip(family: 4 | 6): IpAddress | undefined {
    if (this.length !== (family === 4 ? 4 : 16)) return undefined;
    return ipFromOctets(this.octets.subarray(this.start, this.end));
  }

  /** A cursor over the attributes inside the current one. */
  nested(): AttributeCursor {
    return new AttributeCursor(this.octets, this.start, this.end);
  }
}

/** Octets that an attribute with a value of `length` takes, padding included. */
export function attributeOctets(length: number): number {
  return align4(ATTRIBUTE_HEADER_OCTETS + length);
}

/** Writes one attribute at `at` and zeroes its padding. @returns the index after it. */
function writeAttribute(
  out: Uint8Array,
  at: number,
  attribute: { readonly type: number; readonly value: Uint8Array },
): number {
  const { type, value } = attribute;
  const next = at + attributeOctets(value.length);
  writeU16(out, at, ATTRIBUTE_HEADER_OCTETS + value.length);
  writeU16(out, at + 2, type);
  out.set(value, at + ATTRIBUTE_HEADER_OCTETS);
  out.fill(0, at + ATTRIBUTE_HEADER_OCTETS + value.length, next);
  return next;
}

/** Joins attributes into one run of octets, each padded to 4. */
export function encodeAttributes(
  attributes: readonly { readonly type: number; readonly value: Uint8Array }[],
): Uint8Array {
  let length = 0;
  for (const { value } of attributes) length += attributeOctets(value.length);
  const out = new Uint8Array(length);
  let at = 0;
  for (const attribute of attributes) at = writeAttribute(out, at, attribute);
  return out;
}

export function u32Octets(value: number): Uint8Array {
  const octets = new Uint8Array(4);
  writeU32(octets, 0, value);
  return octets;
}

export function align4(length: number): number {
  return (length + 3) & ~3;
}
