import { describe, expect, it } from 'vitest';
import { message, update } from '../../src/wire/testing/fixtures.ts';
import type { Audience } from './strict-attributes.ts';
import { StrictReader } from './strict-update.ts';

const EXTERNAL: Audience = {
  external: true,
  as4: true,
  messageMax: 4096,
  localAs: 65_001,
  clusterId: 1,
  nextHops: { 1: '0a630007', 2: '20'.repeat(16) },
};
const INTERNAL: Audience = { ...EXTERNAL, external: false };

const ORIGIN = '40 01 01 00';
const PATH = '40 02 06 02 01 0000fde9';
const HOP = '40 03 04 0a630007';
const PREF = '40 05 04 00000064';
const NLRI = '18 c0a801';
const OUTSIDE = `${ORIGIN} ${PATH} ${HOP}`;
const INSIDE = `${OUTSIDE} ${PREF}`;

function problemOf(octets: Uint8Array, audience: Audience = EXTERNAL): string | undefined {
  try {
    new StrictReader(audience).read(octets);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the strict reader', () => {
  it('takes what RFC 4271 asks for, in and out of the AS', () => {
    expect(problemOf(update({ attributes: OUTSIDE, nlri: NLRI }))).toBeUndefined();
    expect(problemOf(update({ attributes: INSIDE, nlri: NLRI }), INTERNAL)).toBeUndefined();
    expect(problemOf(update({ withdrawn: NLRI }))).toBeUndefined();
    expect(problemOf(update({}))).toBeUndefined(); // End-of-RIB
    expect(problemOf(update({ attributes: '90 0f 0003 0002 01' }))).toBeUndefined();
  });

  const refused: readonly (readonly [string, Uint8Array, Audience?])[] = [
    ['LOCAL_PREF leaves the AS', update({ attributes: INSIDE, nlri: NLRI })],
    ['No LOCAL_PREF', update({ attributes: OUTSIDE, nlri: NLRI }), INTERNAL],
    ['which is not ours', update({ attributes: `${ipv6('2001')} ${ORIGIN} ${PATH}` })],
    ['is not ours', update({ attributes: OUTSIDE.replace('0a63', '0a64'), nlri: NLRI })],
    ['in front', update({ attributes: OUTSIDE.replace('fde9', 'fdea'), nlri: NLRI })],
    ['segment of type 3', update({ attributes: OUTSIDE.replace('02 01', '03 01'), nlri: NLRI })],
    ['MED to an external', update({ attributes: `${OUTSIDE} 80 04 04 00000001`, nlri: NLRI })],
    ['NO_EXPORT leaves', update({ attributes: `${OUTSIDE} c0 08 04 ffffff01`, nlri: NLRI })],
    ['out of order', update({ attributes: `${PATH} ${ORIGIN} ${HOP}`, nlri: NLRI })],
    ['twice', update({ attributes: `${OUTSIDE} ${HOP}`, nlri: NLRI })],
    ['flags c0', update({ attributes: `${OUTSIDE} c0 c8 01 00`, nlri: NLRI })],
    ['needless wide', update({ attributes: `50 01 0001 00 ${PATH} ${HOP}`, nlri: NLRI })],
    ['No AS_PATH', update({ attributes: `${ORIGIN} ${HOP}`, nlri: NLRI })],
    ['AIGP', update({ attributes: `${OUTSIDE} 80 1a 03 010003`, nlri: NLRI })],
    ['NEW speaker', update({ attributes: `${OUTSIDE} c0 11 06 02010000fde9`, nlri: NLRI })],
    ['not together', update({ attributes: `${INSIDE} 80 09 04 00000001`, nlri: NLRI }), INTERNAL],
    ['cluster 2', update({ attributes: `${INSIDE} 80 0a 04 00000002`, nlri: NLRI }), INTERNAL],
    ['Prefix length 33', update({ attributes: OUTSIDE, nlri: '21 c0a8010100' })],
    ['exceeds its field', update({ attributes: OUTSIDE, nlri: '18 c0a8' })],
    ['Bits past the length', update({ attributes: OUTSIDE, nlri: '17 c0a801' })],
    ['Attributes without NLRI', update({ attributes: OUTSIDE })],
    ['of 4096 at most', update({ withdrawn: '20 0a000001'.repeat(830) })],
    ['fewer than an UPDATE', message(2, new Uint8Array(2))],
    ['Type 4', message(4, new Uint8Array(4))],
  ];
  for (const [problem, octets, audience] of refused) {
    it(`refuses: ${problem}`, () => {
      expect(problemOf(octets, audience)).toContain(problem);
    });
  }
});

function ipv6(start: string): string {
  return `90 0e 001a 0002 01 10 ${start}${'00'.repeat(14)} 00 20 20010db8`;
}
