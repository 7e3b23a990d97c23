import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { type Prefix, prefixContains, prefixFrom, prefixLength } from '../net/prefix.ts';
import { routePrefixOf } from './ownership.ts';
import { PrefixSet } from './prefix-set.ts';

/** Few distinct leading bits, so that prefixes nest often. */
const anyPrefix = fc
  .record({ six: fc.boolean(), bits: fc.nat(255), length: fc.nat(24) })
  .map(({ six, bits, length }) => {
    const octets = new Uint8Array(six ? 16 : 4);
    octets[0] = bits & 0x81;
    octets[1] = bits;
    octets[six ? 11 : 2] = bits << 4;
    return prefixFrom(octets, six ? length * 5 : length);
  });

describe('PrefixSet', () => {
  it('Gives the longest of the entries that contain a prefix, as a plain scan finds it', () => {
    fc.assert(
      fc.property(fc.array(anyPrefix, { maxLength: 20 }), anyPrefix, (entries, asked) => {
        const set = new PrefixSet(entries.map((prefix) => ({ prefix, value: prefix })));
        let longest: Prefix | undefined;
        for (const entry of entries) {
          if (!prefixContains(entry, asked)) continue;
          if (longest === undefined || prefixLength(entry) > prefixLength(longest)) longest = entry;
        }
        expect(set.match(routePrefixOf(asked))).toBe(longest);
      }),
      runs(500),
    );
  });
});
