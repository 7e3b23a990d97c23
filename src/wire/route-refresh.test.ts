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

  for (const length of [0, 1, 2, 3, 5, 27]) {
    it(`with a body of ${length} octets is Invalid Message Length with the message as data (RFC 7313 §5)`, () => {
      const bad = message(5, new Uint8Array(length));
      try {
        decodeRouteRefresh(bad);
        expect.unreachable();
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        expect(error.notification).toEqual({ code: 7, subcode: 1, data: bad });
      }
    });
  }
});
