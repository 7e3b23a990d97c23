/**
 * Integers in the host's order, which is what netlink and socket structures use.
 *
 * Invariant: little-endian only (x64, arm64); `io/native.ts` refuses to load anywhere else. Callers check
 * bounds first: these read zero bits past the end instead of throwing.
 */

export function readU16(octets: Uint8Array, at: number): number {
  return octets[at]! | (octets[at + 1]! << 8);
}

export function readU32(octets: Uint8Array, at: number): number {
  return readI32(octets, at) >>> 0;
}

export function readI32(octets: Uint8Array, at: number): number {
  return octets[at]! | (octets[at + 1]! << 8) | (octets[at + 2]! << 16) | (octets[at + 3]! << 24);
}

export function writeU16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value;
  octets[at + 1] = value >>> 8;
}

export function writeU32(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value;
  octets[at + 1] = value >>> 8;
  octets[at + 2] = value >>> 16;
  octets[at + 3] = value >>> 24;
}
