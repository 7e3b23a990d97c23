import { describe, expect, it } from 'vitest';
import { prefix } from '../net/prefix.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import { tableOctets } from './table-octets.ts';

describe('octets of the tables', () => {
  it('grow with the rows that are used, not with what columns reserve', () => {
    const sets = new AttributeSets({ seed: 1, nextHops: new NextHops(1) });
    const rib = new Rib({ family: 'ipv4-unicast', sets, seed: 1 });
    const empty = tableOctets(rib);
    expect(empty.paths).toBe(0);
    expect(empty['adj-rib-out']).toBe(0);
    for (let i = 0; i < 100; i++) rib.originate(prefix(`10.1.${i}.0/24`), { source: 'block' });
    const full = tableOctets(rib);
    // Own paths are told apart by their source and have a preference: two columns more.
    expect(full.paths).toBe(100 * (16 + 4 + 2));
    expect(full.prefixes - empty.prefixes).toBeGreaterThanOrEqual(100 * (4 + 1 + 5));
  });
});
