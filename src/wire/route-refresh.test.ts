/** ROUTE-REFRESH both ways, and wrong lengths. */
import { describe, expect, it } from 'vitest';
import { ProtocolError } from './protocol-error.ts';
import { decodeRouteRefresh, encodeRouteRefresh } from './route-refresh.ts';
import { hex, message } from './testing/fixtures.ts';

describe('ROUTE-REFRESH (RFC 2918, RFC 7313)', () => {
  it('is what was encoded', () => {
    const refresh = { afi: 2, safi: 1, subtype: 2 };
    expect(encodeRouteRefresh(refresh)).toEqual(message(5, hex('0002 02 01')));
    expect(decodeRouteRefresh(encodeRouteRefresh(refresh))).toEqual(refresh);
  });

  for (const body of ['', '00', '0001', '000100', '0001010100', '0001020100 00000000']) {
    it(`with the body "${body}" is Invalid Message Length with the message as data (RFC 7313 §5)`, () => {
      const bad = message(5, hex(body));
      try {
        decodeRouteRefresh(bad);
        expect.unreachable();
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        expect(error.notification).toEqual({ code: 7, subcode: 1, data: bad });
      }
    });
  }

  it('is read where a request, or a subtype that nobody knows, is longer: §5 names subtypes 1 and 2 alone', () => {
    expect(decodeRouteRefresh(message(5, hex('0001 00 01 01 40 0000')))).toEqual({
      afi: 1,
      safi: 1,
      subtype: 0,
    });
    expect(decodeRouteRefresh(message(5, hex('0002 09 01 ff'))).subtype).toBe(9);
  });
});
