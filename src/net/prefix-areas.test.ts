import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Prefix, prefix, prefixContains } from './prefix.ts';
import { PrefixAreas } from './prefix-areas.ts';

const anyPrefix = fc
  .tuple(fc.constantFrom('10.1.2.0', '10.1.0.0', '192.0.2.128', 'fd00::', 'fd00:1::'), fc.nat(32))
  .map(([address, length]) => prefix(`${address}/${length}`));

it('agrees with a look at each of them', () => {
  fc.assert(
    fc.property(fc.array(anyPrefix, { maxLength: 8 }), anyPrefix, (areas, asked) => {
      const set = new PrefixAreas(areas);
      const around = (area: Prefix): boolean => prefixContains(area, asked);
      expect(set.contains(asked)).toBe(areas.some(around));
      expect(set.containsWider(asked)).toBe(areas.some((area) => area !== asked && around(area)));
    }),
  );
});
