import { describe, expect, it } from 'vitest';
import { prefix } from '../net/prefix.ts';
import { PrefixTable } from '../net/prefix-table.ts';
import { AttributeTable } from './attribute-table.ts';
import { NextHops } from './next-hops.ts';
import { RouteSubject } from './route-subject.ts';

describe('RouteSubject', () => {
  it('shows the set and the prefix it was last given', () => {
    const sets = new AttributeTable({ seed: 1, nextHops: new NextHops(1) });
    const prefixes = new PrefixTable(32, 1);
    const family = 'ipv4-unicast';
    const subject = new RouteSubject({ family, sets, prefixes, peerType: 'ebgp' });
    const origins = [0, 2].map((origin) => Uint8Array.of(0x40, 1, 1, origin));
    for (const [index, text] of ['10.1.0.0/16', '192.0.2.128/25'].entries()) {
      subject.carry(sets.intern(origins[index]!));
      subject.name(prefixes.internPrefix(prefix(text)));
      expect([...subject.attributes]).toEqual([...origins[index]!]);
      expect(`${subject.prefix.join('.')}/${subject.length}`).toBe(text);
    }
  });
});
