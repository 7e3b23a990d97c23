/** The oracle itself, on sets small enough to be seen through. */

import { describe, expect, it } from 'vitest';
import { expectedOf, type Path, type Source, textOf } from './expectation.ts';
import { type Attribute, readAttributes } from './plain-update.ts';

const EXPORTER = { as: 64512, nextHop: Buffer.of(10, 0, 0, 1) };
const PREFIX = 0x0a000000 * 64 + 8;
const WIDE: Source = { address: 1, as: 65001, as4: true };

const attributes = (...octets: readonly (readonly number[])[]): Attribute[] =>
  readAttributes(Buffer.from(octets.flat()));
/** ORIGIN, an AS_PATH of one AS, NEXT_HOP. */
const USUAL = [
  [0x40, 1, 1, 0],
  [0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9],
  [0x40, 3, 4, 192, 0, 2, 1],
];
const told = (...paths: readonly Path[]) =>
  expectedOf(new Map([[PREFIX, paths]]), EXPORTER).get(PREFIX);
const toldOf = (...more: readonly (readonly number[])[]) =>
  told({ source: WIDE, attributes: attributes(...USUAL, ...more) });

const EXPORTED = '1:40:00 2:40:02020000fc000000fde9 3:40:0a000001';

describe('what an eBGP peer must be told', () => {
  it('has our AS in front, our address as next hop, no MED and no LOCAL_PREF', () => {
    expect(toldOf()).toBe(EXPORTED);
    expect(toldOf([0x80, 4, 4, 0, 0, 0, 9], [0x40, 5, 4, 0, 0, 0, 100])).toBe(EXPORTED);
  });

  it('keeps what is unknown and transitive as partial, and drops what is not transitive', () => {
    expect(toldOf([0xc0, 200, 1, 7])).toBe(`${EXPORTED} 200:e0:07`);
    expect(toldOf([0x80, 201, 1, 7], [0x80, 9, 4, 1, 1, 1, 1], [0x80, 10, 4, 1, 1, 1, 1])).toBe(
      EXPORTED,
    );
    expect(toldOf([0xd0, 32, 0, 12, ...Array(12).fill(1)])).toBe(
      `${EXPORTED} 32:c0:${'01'.repeat(12)}`,
    );
  });

  it('keeps communities, of extended ones those that are transitive', () => {
    expect(toldOf([0xc0, 8, 4, 0, 1, 0, 2])).toBe(`${EXPORTED} 8:c0:00010002`);
    const both = [0xc0, 16, 16, 0x40, 4, 0, 1, 0, 0, 0, 1, 0, 2, 0, 1, 0, 0, 0, 1];
    expect(toldOf(both)).toBe(`${EXPORTED} 16:c0:0002000100000001`);
  });

  it('is nothing for NO_EXPORT, NO_ADVERTISE and NO_EXPORT_SUBCONFED (RFC 1997)', () => {
    for (const low of [1, 2, 3])
      expect(toldOf([0xc0, 8, 4, 0xff, 0xff, 0xff, low])).toBeUndefined();
    expect(toldOf([0xc0, 8, 4, 0xff, 0xff, 0xff, 4])).toBe(`${EXPORTED} 8:c0:ffffff04`);
  });

  it('is nothing for a path that was here before', () => {
    const looped = attributes(USUAL[0]!, [0x40, 2, 6, 2, 1, 0, 0, 0xfc, 0], USUAL[2]!);
    expect(told({ source: WIDE, attributes: looped })).toBeUndefined();
  });

  it('is nothing for a path with AS 0, and an AGGREGATOR of AS 0 is left out (RFC 7607)', () => {
    const zero = attributes(USUAL[0]!, [0x40, 2, 6, 2, 1, 0, 0, 0, 0], USUAL[2]!);
    expect(told({ source: WIDE, attributes: zero })).toBeUndefined();
    expect(toldOf([0xc0, 7, 8, 0, 0, 0, 0, 1, 2, 3, 4])).toBe(EXPORTED);
  });

  it('has AS numbers of 4 octets whatever the neighbor speaks; a path with a set is not used', () => {
    const source = { ...WIDE, as4: false };
    const narrow = (type: number): Attribute[] =>
      attributes(
        USUAL[0]!,
        [0x40, 2, 4, type, 1, 0xfd, 0xe9],
        USUAL[2]!,
        [0xc0, 7, 6, 0xfd, 0xe9, 1, 2, 3, 4],
      );
    expect(told({ source, attributes: narrow(2) })).toBe(`${EXPORTED} 7:c0:0000fde901020304`);
    expect(told({ source, attributes: narrow(1) })).toBeUndefined(); // RFC 9774 §3
  });
});

describe('the path that must win', () => {
  const path = (address: number, asns: readonly number[], med: number, origin = 0): Path => ({
    source: { address, as: asns[0]!, as4: true },
    attributes: attributes(
      [0x40, 1, 1, origin],
      [
        0x40,
        2,
        2 + asns.length * 4,
        2,
        asns.length,
        ...asns.flatMap((as) => [0, 0, as >> 8, as & 255]),
      ],
      [0x40, 3, 4, 0, 0, 0, address],
      [0x80, 4, 4, 0, 0, 0, med],
    ),
  });
  /** AS numbers behind ours. */
  const winner = (...paths: readonly Path[]) =>
    / 2:40:02..0000fc00(\S*) /.exec(told(...paths)!)![1];

  it('is the shortest, then of the lowest origin (RFC 4271 §9.1.2.2 a, b)', () => {
    expect(winner(path(1, [5, 6], 0), path(2, [7], 0))).toBe('00000007');
    expect(winner(path(1, [5], 0, 2), path(2, [7], 0, 0))).toBe('00000007');
  });

  it('has the lowest MED of its neighboring AS alone (c), then the lowest identifier (f)', () => {
    expect(winner(path(1, [5, 1], 9), path(2, [5, 2], 3))).toBe('0000000500000002');
    expect(winner(path(1, [5, 1], 9), path(2, [6, 2], 3))).toBe('0000000500000001');
    expect(winner(path(2, [5, 2], 3), path(1, [5, 1], 3))).toBe('0000000500000001');
  });

  it('leaves an attribute set as text that does not depend on order or on how lengths are written', () => {
    const [a, b] = attributes([0x40, 1, 1, 0], [0x50, 3, 0, 4, 1, 2, 3, 4]);
    expect(textOf([b!, a!])).toBe('1:40:00 3:40:01020304');
  });
});
