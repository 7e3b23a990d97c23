/** Code points and families name each other (RFC 4760 §3); anything else is none of ours. */

import { describe, expect, it } from 'vitest';
import { AFI_SAFIS, afiSafiFrom, afiSafiOfIpFamily, factsOf } from './afi-safi.ts';

describe('address families', () => {
  it.each(AFI_SAFIS)('%s is found again by its code points and by its IP family', (family) => {
    const { afi, safi, ipFamily, width } = factsOf(family);
    expect(afiSafiFrom(afi, safi)).toBe(family);
    expect(afiSafiOfIpFamily(ipFamily)).toBe(family);
    expect(width).toBe(ipFamily === 4 ? 32 : 128);
  });

  it('uses the registered numbers', () => {
    expect(afiSafiFrom(1, 1)).toBe('ipv4-unicast');
    expect(afiSafiFrom(2, 1)).toBe('ipv6-unicast');
  });

  it.each([
    [1, 2],
    [2, 128],
    [25, 70],
    [0, 1],
    [3, 1],
    [16388, 71],
  ])('AFI %i, SAFI %i is not spoken', (afi, safi) => {
    expect(afiSafiFrom(afi, safi)).toBeUndefined();
  });
});
