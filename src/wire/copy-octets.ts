/**
 * Copies of octets that a value keeps.
 *
 * Not `octets.slice()`: on a Buffer, which is what sockets give, that is a view, and the value would change with the
 * next read.
 */

/** `octets[start..end)` as a fresh, plain Uint8Array; the end is cut at the length. */
export function copyOctets(octets: Uint8Array, start = 0, end: number = octets.length): Uint8Array {
  return new Uint8Array(octets.subarray(start, end));
}
