import { describe, expect, it } from 'vitest';
import { Prng } from '../base/prng.ts';
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

function trieOf(...texts: string[]): PrefixTrie<string> {
  const trie = new PrefixTrie<string>();
  for (const text of texts) trie.set(prefix(text), text);
  return trie;
}

describe('PrefixTrie', () => {
  it('matches the longest prefix whose value is accepted', () => {
    const trie = trieOf('0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24');
    expect(trie.longestMatch(ip('10.1.2.3'))?.value).toBe('10.1.2.0/24');
    expect(trie.longestMatch(ip('10.1.3.3'))?.prefix).toBe('10.1.0.0/16');
    expect(trie.longestMatch(ip('192.0.2.1'))?.value).toBe('0.0.0.0/0');
    expect(trie.longestMatch(ip('10.1.2.3'), (value) => value !== '10.1.2.0/24')?.value).toBe(
      '10.1.0.0/16',
    );
    expect(trieOf('10.0.0.0/8').longestMatch(ip('11.0.0.1'))).toBeUndefined();
  });

  it('walks in address order, covering prefixes before those inside them', () => {
    const trie = trieOf('10.128.0.0/9', '10.0.0.0/8', '9.0.0.0/8', '10.0.0.0/9', '10.0.0.1/32');
    const seen: string[] = [];
    trie.forEach((_, value) => void seen.push(value));
    expect(seen).toEqual(['9.0.0.0/8', '10.0.0.0/8', '10.0.0.0/9', '10.0.0.1/32', '10.128.0.0/9']);
    const inside: string[] = [];
    trie.forEachInside(prefix('10.0.0.0/9'), (_, value) => void inside.push(value));
    expect(inside).toEqual(['10.0.0.0/9', '10.0.0.1/32']);
    const covering: string[] = [];
    trie.forEachCovering(prefix('10.0.0.0/24'), (_, value) => void covering.push(value));
    expect(covering).toEqual(['10.0.0.0/8', '10.0.0.0/9']);
  });

  it('agrees with a list under random sets, deletes and matches', () => {
    const random = new Prng(5);
    const trie = new PrefixTrie<number>();
    const model = new Map<Prefix, number>();
    for (let step = 0; step < 4000; step++) {
      const octets = Uint8Array.of(10, random.below(4), random.below(4) * 64, random.below(256));
      const one = prefixFrom(octets, random.below(33));
      if (random.below(3) > 0) {
        trie.set(one, step);
        model.set(one, step);
      } else expect(trie.delete(one)).toBe(model.delete(one));
      expect(trie.size).toBe(model.size);
      expect(trie.get(one)).toBe(model.get(one));
      const address = ipFromOctets(octets);
      let best: Prefix | undefined;
      for (const held of model.keys()) {
        if (!prefixCovers(held, address)) continue;
        if (best === undefined || prefixLength(held) > prefixLength(best)) best = held;
      }
      expect(trie.longestMatch(address)?.prefix).toBe(best);
      if (step % 200 !== 0) continue;
      const inside = [...model.keys()].filter((held) => prefixContains(one, held));
      const seen: Prefix[] = [];
      trie.forEachInside(one, (held) => void seen.push(held));
      expect(seen.sort()).toEqual(inside.sort());
    }
  });

  it('holds IPv6', () => {
    const trie = trieOf('2001:db8::/32', '2001:db8:1::/48', '::/0');
    expect(trie.longestMatch(ip('2001:db8:1::5'))?.value).toBe('2001:db8:1::/48');
    expect(trie.longestMatch(ip('2001:db9::5'))?.value).toBe('::/0');
  });
});
