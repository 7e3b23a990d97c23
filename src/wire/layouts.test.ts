/** The fixed layouts read exactly their own octets. */
import { describe, expect, it } from 'vitest';
import { AssertionError } from '../base/assert.ts';
import {
  readFamily,
  readFamilyAndOctet,
  readLongLivedFamily,
  readNextHopEncoding,
  readNotificationBody,
  readOpenFixed,
} from './layouts.ts';
import { hex } from './testing/fixtures.ts';

describe('fixed layouts', () => {
  const layouts = [
    [
      'OPEN',
      readOpenFixed,
      '04 fde9 005a 0a000001 07',
      {
        version: 4,
        myAs: 65001,
        holdTime: 90,
        bgpIdentifier: 0x0a000001,
        optionalParametersLength: 7,
      },
    ],
    ['NOTIFICATION', readNotificationBody, '06 02', { code: 6, subcode: 2 }],
    ['family', readFamily, '0002 80 01', { afi: 2, middle: 128, safi: 1 }],
    ['family and octet', readFamilyAndOctet, '4004 47 80', { afi: 16388, safi: 71, octet: 128 }],
    [
      'long-lived family',
      readLongLivedFamily,
      '0001 01 80 fedcba',
      { afi: 1, safi: 1, flags: 128, staleTime: 0xfedcba },
    ],
    [
      'next hop encoding',
      readNextHopEncoding,
      '0001 0004 0002',
      { afi: 1, safi: 4, nextHopAfi: 2 },
    ],
  ] as const;
  for (const [name, read, text, value] of layouts) {
    it(`${name} is read from a slice of exactly its length, and from no other`, () => {
      const octets = hex(text);
      // Octets around the slice must not matter.
      const inside = new Uint8Array([0xaa, ...octets, 0xbb]).subarray(1, 1 + octets.length);
      expect(read(inside)).toEqual(value);
      for (let length = 0; length < octets.length; length++) {
        expect(() => read(inside.subarray(0, length))).toThrow(AssertionError);
      }
      expect(() => read(new Uint8Array([...octets, 0]))).toThrow(AssertionError);
    });
  }
});
