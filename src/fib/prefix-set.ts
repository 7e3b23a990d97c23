/**
 * Longest match over a handful of prefixes (pools, service CIDRs), asked once per route: masks and words in typed
 * arrays, longest first, scanned. With the dozens that a cluster has, a scan beats a trie.
 */

import { ipToOctets } from '../net/ip-address.ts';
import { type Prefix, prefixAddress, prefixFamily, prefixLength } from '../net/prefix.ts';
import type { RoutePrefix } from './types.ts';

export class PrefixSet<T> {
  readonly #families: { readonly 4: Rows<T>; readonly 6: Rows<T> };

  constructor(entries: readonly { readonly prefix: Prefix; readonly value: T }[]) {
    this.#families = { 4: rowsOf(entries, 4), 6: rowsOf(entries, 6) };
  }

  /** The value of the longest entry equal to or containing `prefix`; undefined when none does. */
  match(prefix: RoutePrefix): T | undefined {
    const rows = this.#families[prefix.family];
    const { octets, octetsAt } = prefix;
    const words = prefix.family === 4 ? 1 : 4;
    for (let row = 0; row < rows.lengths.length; row++) {
      if (rows.lengths[row]! > prefix.length) continue;
      let inside = true;
      for (let word = 0; inside && word < words; word++) {
        const at = row * words + word;
        const value = wordAt(octets, octetsAt + word * 4);
        inside = ((value ^ rows.words[at]!) & rows.masks[at]!) === 0;
      }
      if (inside) return rows.values[row];
    }
    return undefined;
  }
}

/** Shapes: `lengths` and `values` one entry a row, `words` and `masks` one (IPv4) or four (IPv6). */
interface Rows<T> {
  readonly lengths: Uint8Array;
  readonly words: Int32Array;
  readonly masks: Int32Array;
  readonly values: readonly T[];
}

function rowsOf<T>(
  entries: readonly { readonly prefix: Prefix; readonly value: T }[],
  family: 4 | 6,
): Rows<T> {
  const own = entries
    .filter(({ prefix }) => prefixFamily(prefix) === family)
    .toSorted((a, b) => prefixLength(b.prefix) - prefixLength(a.prefix));
  const words = family === 4 ? 1 : 4;
  const rows = {
    lengths: Uint8Array.from(own, ({ prefix }) => prefixLength(prefix)),
    words: new Int32Array(own.length * words),
    masks: new Int32Array(own.length * words),
    values: own.map(({ value }) => value),
  };
  for (const [row, { prefix }] of own.entries()) {
    const octets = ipToOctets(prefixAddress(prefix));
    for (let word = 0; word < words; word++) {
      const bits = Math.min(32, Math.max(0, prefixLength(prefix) - word * 32));
      rows.words[row * words + word] = wordAt(octets, word * 4);
      rows.masks[row * words + word] = bits === 0 ? 0 : -1 << (32 - bits);
    }
  }
  return rows;
}

function wordAt(octets: Uint8Array, at: number): number {
  return (octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!;
}
