import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { AttributeCursor, encodeAttributes } from './attributes.ts';
import type { KernelNextHop } from './kernel-route.ts';
import { decodeMultipath, decodeVia, multipathAttribute, nextHopAttributes } from './nexthop.ts';

function value(attributes: readonly { type: number; value: Uint8Array }[]): AttributeCursor {
  const octets = encodeAttributes(attributes);
  const cursor = new AttributeCursor(octets, 0, octets.length);
  cursor.next();
  return cursor;
}

describe('Next hops', () => {
  it('survive encoding and decoding, weights 1 to 256 and directions without gateway included', () => {
    const hops: KernelNextHop[] = [
      { gateway: ip('10.0.0.1'), interfaceIndex: 3, weight: 1, onlink: true },
      { gateway: ip('fe80::1'), interfaceIndex: 4, weight: 256, onlink: false },
      { interfaceIndex: 5, weight: 2, onlink: false },
    ];
    expect(decodeMultipath(4, value([multipathAttribute(4, hops)]))).toEqual(hops);
  });

  it('of the other family go as RTA_VIA, of the own as RTA_GATEWAY (RFC 8950)', () => {
    const hop = { interfaceIndex: 3, weight: 1, onlink: false };
    const types = (gateway: string) =>
      nextHopAttributes(4, { ...hop, gateway: ip(gateway) }).map(({ type }) => type);
    expect(types('10.0.0.1')).toEqual([5, 4]);
    expect(types('fd00::1')).toEqual([18, 4]);
  });

  it('of RTA_VIA are ignored where family and length do not fit', () => {
    const via = (...octets: number[]) =>
      decodeVia(value([{ type: 18, value: Uint8Array.from(octets) }]));
    expect(via(2, 0, 10, 0, 0, 1)).toBe('10.0.0.1');
    expect(via(10, 0, 10, 0, 0, 1)).toBeUndefined();
    expect(via(7, 0, 10, 0, 0, 1)).toBeUndefined();
    expect(via(2)).toBeUndefined();
  });
});
