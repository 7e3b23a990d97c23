import { describe, expect, it } from 'vitest';
import { Prng } from '../base/prng.ts';
import { IdIndex } from './id-index.ts';
import { prefix, prefixFrom } from './prefix.ts';
import { PrefixTable } from './prefix-table.ts';

describe('PrefixTable', () => {
  it('gives one id to all spellings of a prefix (RFC 4271 §4.3)', () => {
    const table = new PrefixTable(32, 7);
    const id = table.intern(Uint8Array.of(10, 1, 0x40), 0, 18);
    expect(table.intern(Uint8Array.of(10, 1, 0x7f), 0, 18)).toBe(id);
    expect(table.intern(Uint8Array.of(10, 1, 0x80), 0, 18)).not.toBe(id);
    expect(table.intern(Uint8Array.of(10, 1, 0x40), 0, 19)).not.toBe(id);
    expect(table.prefixOf(id)).toBe('10.1.64.0/18');
  });

  it('knows 0.0.0.0/0 and ::/0, host prefixes and nothing of the other family', () => {
    const four = new PrefixTable(32, 7);
    const six = new PrefixTable(128, 7);
    for (const text of ['0.0.0.0/0', '255.255.255.255/32']) {
      expect(four.prefixOf(four.internPrefix(prefix(text)))).toBe(text);
      expect(six.findPrefix(prefix(text))).toBe(0);
    }
    for (const text of ['::/0', '2001:db8::/33', 'ffff::1/128', '2001:db8:0:1::/64']) {
      const id = six.internPrefix(prefix(text));
      expect(six.prefixOf(id)).toBe(text);
      expect(six.findPrefix(prefix(text))).toBe(id);
    }
  });

  it('takes neighbors by thousands for different prefixes, at every length', () => {
    for (const [width, step] of [
      [32, 1],
      [128, 7],
    ] as const) {
      const table = new PrefixTable(width, -3);
      const ids = new Map<string, number>();
      for (let length = 0; length <= width; length += step) {
        const bits = Math.min(length, 9);
        for (let value = 0; value < 1 << bits; value++) {
          const text = prefixFrom(withLastBits(width, length, value), length);
          ids.set(text, table.internPrefix(text));
        }
      }
      expect(table.size).toBe(ids.size);
      expect(new Set(ids.values()).size).toBe(ids.size);
      for (const [text, id] of ids) expect(table.prefixOf(id)).toBe(text);
    }
  });

  for (const width of [32, 128] as const) {
    it(`agrees with a Map under random inserts and releases (${width} bits)`, () => {
      const random = new Prng(width);
      const table = new PrefixTable(width, 99);
      const model = new Map<string, number>();
      for (let step = 0; step < 60_000; step++) {
        const octets = new Uint8Array(width / 8);
        // Few distinct values, so that prefixes come back; one long phase of growth, one of decay.
        octets[0] = random.below(4);
        octets[width / 8 - 1] = random.below(256);
        octets[1] = random.below(64);
        const length = random.below(4) === 0 ? random.below(width + 1) : width;
        const text = prefixFrom(octets, length);
        const known = model.get(text);
        expect(table.find(octets, 0, length)).toBe(known ?? 0);
        const isGrowing = step % 20_000 < 14_000;
        if (random.below(10) < (isGrowing ? 9 : 2)) {
          const id = table.intern(octets, 0, length);
          if (known === undefined) expect(id).toBeGreaterThan(0);
          else expect(id).toBe(known);
          model.set(text, id);
        } else if (known !== undefined) {
          table.release(known);
          model.delete(text);
        }
      }
      expect(table.size).toBe(model.size);
      expect(new Set(model.values()).size).toBe(model.size);
      const seen: string[] = [];
      table.forEach((id) => void seen.push(table.prefixOf(id)));
      expect(seen.sort()).toEqual([...model.keys()].sort());
    });
  }
});

describe('IdIndex', () => {
  it('finds every id of an equal tag, also while it is being moved', () => {
    const index = new IdIndex();
    for (let id = 1; id <= 5000; id++) {
      index.insert(id % 100, 0, id);
      if (id % 97 !== 0) continue;
      const found = new Set<number>();
      for (let at = index.first(7, 0); at !== 0; at = index.next()) found.add(at);
      expect(found.size).toBe(Math.floor((id - 7) / 100) + 1);
    }
    for (let id = 1; id <= 5000; id++) index.remove(id % 100, 0, id);
    expect(index.size).toBe(0);
    expect(index.first(7, 0)).toBe(0);
    expect(index.octets).toBeLessThan(100_000);
  });
});

/** An address whose bits before `length` end in `value`. */
function withLastBits(width: number, length: number, value: number): Uint8Array {
  const octets = new Uint8Array(width / 8);
  for (let bit = 0; bit < length && value >>> bit !== 0; bit++) {
    const at = length - 1 - bit;
    octets[at >>> 3]! |= ((value >>> bit) & 1) << (7 - (at & 7));
  }
  return octets;
}
