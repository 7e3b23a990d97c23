import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../text.ts';
import { EMPTY_ATTRIBUTES, encodeAttributes } from './codec.ts';
import { linkBandwidthOctets, linkBandwidthOf } from './link-bandwidth.ts';

const bandwidthOf = (...extendedCommunities: string[]): number =>
  linkBandwidthOf(encodeAttributes({ ...EMPTY_ATTRIBUTES, extendedCommunities }, 'ipv4-unicast'));

describe('the link-bandwidth community', () => {
  it('is octets a second as a float, transitive or not', () => {
    expect(bandwidthOf('4004fde94cbebc20')).toBe(100_000_000);
    expect(bandwidthOf('0004fde94cbebc20')).toBe(100_000_000);
  });

  it('counts as absent where it is no positive finite number', () => {
    // Zero, minus one, infinity, not a number.
    for (const value of ['00000000', 'bf800000', '7f800000', '7fc00000']) {
      expect(bandwidthOf(`4004fde9${value}`), value).toBe(0);
    }
  });

  it('is the least of several, and no other community is taken for it', () => {
    expect(bandwidthOf('4004fde94cbebc20', '4004fde93f800000')).toBe(1);
    expect(bandwidthOf('0002fde900000064', '4006fde94cbebc20', '8004fde94cbebc20')).toBe(0);
    expect(bandwidthOf()).toBe(0);
  });

  it('is written with AS_TRANS where the AS needs four octets', () => {
    expect(toHex(linkBandwidthOctets({ asn: 65_001, octetsPerSecond: 1e8 }))).toBe(
      toHex(fromHex('4004fde94cbebc20')!),
    );
    expect(linkBandwidthOctets({ asn: 4_200_000_000, octetsPerSecond: 1 }).slice(2, 4)).toEqual(
      Uint8Array.of(0x5b, 0xa0),
    );
  });
});
