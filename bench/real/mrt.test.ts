/** Records made by hand, octet by octet (RFC 6396), and what a cut file is answered with. */

import { describe, expect, it } from 'vitest';
import { MrtError, readMrt } from './mrt.ts';

const record = (type: number, subtype: number, body: readonly number[]): number[] => [
  ...[0, 0, 0, 1], // time
  ...[0, type, 0, subtype],
  ...[0, 0, 0, body.length],
  ...body,
];
const read = (...octets: readonly number[]) => [...readMrt(Buffer.from(octets))];

/** Peer AS, local AS, interface, AFI 1, peer, local; then whatever the message is. */
const message = (as: readonly number[]) => [
  ...as,
  ...as,
  ...[0, 0, 0, 1],
  ...[192, 0, 2, 1, 192, 0, 2, 2],
  ...[7, 8, 9],
];

const ROUTE = [
  ...[0, 0, 0, 5], // view, sequence
  ...[10, 20, 128, 0, 17, 1], // prefix, length, status
  ...[0, 0, 0, 9], // time
  ...[193, 203, 0, 1, 0x07, 0x3d], // peer, AS 1853
  ...[0, 4, 0x40, 1, 1, 0], // attributes: ORIGIN
];

describe('readMrt', () => {
  it('reads a BGP4MP message with AS numbers of 2 or 4 octets (RFC 6396 §4.4)', () => {
    expect(read(...record(16, 1, message([0x0f, 0x10])))).toEqual([
      {
        kind: 'message',
        peer: { address: '192.0.2.1', as: 3856 },
        as4: false,
        octets: Buffer.of(7, 8, 9),
      },
    ]);
    const [wide] = read(...record(16, 4, message([0, 1, 0, 0])));
    expect(wide).toMatchObject({ as4: true, peer: { as: 65_536 } });
  });

  it('passes over the microseconds of BGP4MP_ET (RFC 6396 §3)', () => {
    const [plain] = read(...record(16, 4, message([0, 0, 0, 5])));
    expect(read(...record(17, 4, [1, 2, 3, 4, ...message([0, 0, 0, 5])]))).toEqual([plain]);
  });

  it('reads a route of TABLE_DUMP, its prefix cut to the octets that count (RFC 6396 §4.2)', () => {
    expect(read(...record(12, 1, ROUTE))).toEqual([
      {
        kind: 'route',
        peer: { address: '193.203.0.1', as: 1853 },
        nlri: Buffer.of(17, 10, 20, 128),
        attributes: Buffer.of(0x40, 1, 1, 0),
      },
    ]);
  });

  it('names what it does not read', () => {
    expect(read(...record(17, 5, [1]), ...record(13, 2, []))).toEqual([
      { kind: 'other', type: 17, subtype: 5 },
      { kind: 'other', type: 13, subtype: 2 },
    ]);
  });

  it('refuses a file that is cut anywhere, instead of reading less', () => {
    const whole = record(12, 1, ROUTE);
    for (let length = 1; length < whole.length; length++) {
      expect(() => read(...whole.slice(0, length))).toThrow(MrtError);
    }
    for (let length = 0; length < ROUTE.length; length++) {
      expect(() => read(...record(12, 1, ROUTE.slice(0, length)))).toThrow(MrtError);
    }
  });
});
