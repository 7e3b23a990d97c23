/** The trie against a list that is searched from end to end. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { ip, ipFromOctets } from './ip-address.ts';
import {
  type Prefix,
  prefix,
  prefixContains,
  prefixCovers,
  prefixFrom,
  prefixLength,
} from './prefix.ts';
import { PrefixTrie } from './prefix-trie.ts';

// Few distinct octets: prefixes nest, and share long beginnings.
const octets = fc
  .array(fc.constantFrom(0, 1, 128, 192, 255), { minLength: 4, maxLength: 4 })
  .map((given) => Uint8Array.from(given));
const anyPrefix = fc
  .tuple(octets, fc.integer({ min: 0, max: 32 }))
  .map(([address, length]) => prefixFrom(address, length));
const operation = fc.record({ key: anyPrefix, remove: fc.boolean(), value: fc.nat() });

describe('PrefixTrie', () => {
  it('holds, finds and matches as a list does', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80 }), anyPrefix, octets, (steps, asked, at) => {
        const trie = new PrefixTrie<number>();
        const model = new Map<Prefix, number>();
        for (const { key, remove, value } of steps) {
          if (remove) expect(trie.delete(key)).toBe(model.delete(key));
          else {
            trie.set(key, value);
            model.set(key, value);
          }
        }
        expect(trie.size).toBe(model.size);
        expect(trie.get(asked)).toBe(model.get(asked));
        expect(trie.has(asked)).toBe(model.has(asked));
        expect(all((visit) => trie.forEach(visit))).toEqual(ordered(model, () => true));
        expect(all((visit) => trie.forEachInside(asked, visit))).toEqual(
          ordered(model, (key) => prefixContains(asked, key)),
        );
        expect(all((visit) => trie.forEachCovering(asked, visit))).toEqual(
          ordered(model, (key) => prefixContains(key, asked)),
        );
        const address = ipFromOctets(at);
        const even = (value: number): boolean => value % 2 === 0;
        for (const accept of [undefined, even]) {
          const covering = ordered(
            model,
            (key, value) => prefixCovers(key, address) && (accept?.(value) ?? true),
          );
          const longest = covering.at(-1);
          const expected = longest && { prefix: longest[0], value: longest[1] };
          expect(trie.longestMatch(address, accept)).toEqual(expected);
        }
      }),
      runs(300),
    );
  });

  it('matches IPv6, the default route, and nothing when it is empty', () => {
    const trie = new PrefixTrie<string>();
    expect(trie.longestMatch(ip('2001:db8::1'))).toBeUndefined();
    trie.set(prefix('::/0'), 'default');
    trie.set(prefix('2001:db8::/32'), 'documentation');
    expect(trie.longestMatch(ip('2001:db8::1'))?.value).toBe('documentation');
    expect(trie.longestMatch(ip('2001:db9::1'))?.value).toBe('default');
    trie.clear();
    expect(trie.size).toBe(0);
    expect(trie.longestMatch(ip('2001:db8::1'))).toBeUndefined();
  });

  it('a limit of width keeps longer prefixes out of the match', () => {
    const trie = new PrefixTrie<string>();
    trie.set(prefix('10.0.0.0/8'), 'pool');
    trie.set(prefix('10.0.0.0/26'), 'block');
    const address = Uint8Array.of(10, 0, 0, 1);
    expect(trie.longestMatchOctets(address)?.value).toBe('block');
    expect(trie.longestMatchOctets(address, undefined, 25)?.value).toBe('pool');
  });
});

type Visit = (prefix: Prefix, value: number) => void;

function all(walk: (visit: Visit) => void): [Prefix, number][] {
  const seen: [Prefix, number][] = [];
  walk((key, value) => seen.push([key, value]));
  return seen;
}

/** By address, covering prefixes before those inside them. */
function ordered(
  model: ReadonlyMap<Prefix, number>,
  keep: (key: Prefix, value: number) => boolean,
): [Prefix, number][] {
  const bits = (key: Prefix): string =>
    key
      .slice(0, key.indexOf('/'))
      .split('.')
      .map((octet) => Number(octet).toString(2).padStart(8, '0'))
      .join('');
  return [...model]
    .filter(([key, value]) => keep(key, value))
    .sort(([a], [b]) => bits(a).localeCompare(bits(b)) || prefixLength(a) - prefixLength(b));
}
