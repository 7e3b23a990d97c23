/** "Inside any of these prefixes", at the price of the distinct lengths among them, however many there are. */

import { ipToOctets } from './ip-address.ts';
import { type Prefix, prefixAddress, prefixFamily, prefixFrom, prefixLength } from './prefix.ts';

export class PrefixAreas {
  readonly #areas: ReadonlySet<Prefix>;
  /** By family, ascending. */
  readonly #lengths: { readonly 4: readonly number[]; readonly 6: readonly number[] };

  constructor(areas: Iterable<Prefix>) {
    this.#areas = new Set(areas);
    const lengths = (family: 4 | 6): number[] => {
      const own = [...this.#areas].filter((area) => prefixFamily(area) === family);
      return [...new Set(own.map(prefixLength))].sort((a, b) => a - b);
    };
    this.#lengths = { 4: lengths(4), 6: lengths(6) };
  }

  /** Equal to one of them, or inside one. */
  contains(prefix: Prefix): boolean {
    return this.#isWithin(prefix, prefixLength(prefix));
  }

  /** Inside one of them that is wider. */
  containsWider(prefix: Prefix): boolean {
    return this.#isWithin(prefix, prefixLength(prefix) - 1);
  }

  #isWithin(prefix: Prefix, longest: number): boolean {
    const lengths = this.#lengths[prefixFamily(prefix)];
    if (lengths.length === 0 || lengths[0]! > longest) return false;
    const octets = ipToOctets(prefixAddress(prefix));
    return lengths.some(
      (length) => length <= longest && this.#areas.has(prefixFrom(octets, length)),
    );
  }
}
