/**
 * Where a BGP message stands in a chunk of octets: thousands stand in one that was read, and a view of each would be
 * an object of 100 octets, a twentieth of the time that a table takes (`docs/performance.md`).
 */

/** `octets[start..end)`. Borrowed: whoever delivers it fills it anew for the next message. */
export interface MessageSpan {
  readonly octets: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A message with nothing around it. */
export function wholeMessage(octets: Uint8Array): MessageSpan {
  return { octets, start: 0, end: octets.length };
}

/** The message as a view, for what is rare. */
export function viewOf({ octets, start, end }: MessageSpan): Uint8Array {
  return octets.subarray(start, end);
}
