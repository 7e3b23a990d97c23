/** The prefix table against a plain map: equal prefixes are one id, whatever was released between. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { type Prefix, prefixFrom } from './prefix.ts';
import { type PrefixId, PrefixTable } from './prefix-table.ts';

const WIDTHS = [32, 128] as const;

/** Few distinct prefixes, with host bits set, so that ids are met again and reused. */
function spelling(width: 32 | 128): fc.Arbitrary<{ octets: Uint8Array; length: number }> {
  const octets = width >>> 3;
  return fc.record({
    octets: fc
      .array(fc.constantFrom(0, 1, 127, 128, 255), { minLength: octets, maxLength: octets })
      .map((given) => Uint8Array.from(given)),
    length: fc.oneof(fc.integer({ min: 0, max: width }), fc.constantFrom(0, 8, 26, width)),
  });
}

describe.each(WIDTHS)('PrefixTable of %i bits', (width) => {
  it('agrees with a map from prefix to id after any sequence of operations', () => {
    const step = fc.record({ key: spelling(width), release: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const table = new PrefixTable(width, 4271);
        const model = new Map<Prefix, PrefixId>();
        for (const { key, release } of steps) {
          const prefix = prefixFrom(key.octets, key.length);
          const held = model.get(prefix);
          expect(table.find(key.octets, 0, key.length)).toBe(held ?? 0);
          if (release && held !== undefined) {
            table.release(held);
            model.delete(prefix);
            expect(table.isLive(held)).toBe(false);
          } else {
            const id = table.intern(key.octets, 0, key.length);
            if (held !== undefined) expect(id).toBe(held);
            model.set(prefix, id);
          }
        }
        expect(table.size).toBe(model.size);
        const seen = new Map<Prefix, PrefixId>();
        table.forEach((id) => {
          seen.set(table.prefixOf(id), id);
        });
        expect(seen).toEqual(new Map([...model].sort(([, a], [, b]) => a - b)));
      }),
      runs(60),
    );
  });

  it('holds many prefixes through growing and shrinking, and reuses their ids', () => {
    const table = new PrefixTable(width, 9);
    const octets = new Uint8Array(width >>> 3);
    const count = 30_000;
    const put = (value: number): PrefixId => {
      octets[0] = value >>> 16;
      octets[1] = value >>> 8;
      octets[2] = value;
      return table.intern(octets, 0, 24);
    };
    const ids = Array.from({ length: count }, (_, value) => put(value));
    expect(new Set(ids).size).toBe(count);
    expect(ids.map((_, value) => put(value))).toEqual(ids);
    for (const id of ids.slice(100)) table.release(id);
    expect(table.size).toBe(100);
    expect(ids.slice(0, 100).map((_, value) => put(value))).toEqual(ids.slice(0, 100));
    for (let value = 100; value < count; value++) put(value);
    expect(table.top).toBe(count); // nothing beyond what was once given out
  });

  it('refuses to release what is not held', () => {
    const table = new PrefixTable(width, 1);
    const id = table.intern(new Uint8Array(width >>> 3), 0, 8);
    table.release(id);
    expect(() => table.release(id)).toThrow(/held/);
    expect(() => table.release(0)).toThrow(/held/);
  });
});
