/** What a limit of prefixes is, and what a count means by it. */

import { describe, expect, it } from 'vitest';
import type { MaxPrefixesIn } from '../datastore/peer-settings.ts';
import { judgePrefixes, maxPrefixData, prefixLimitOf, waitAfter } from './prefix-limits.ts';

const V4 = 'ipv4-unicast';
const LARGEST = 0xffff_ffff;

function limit(most: number, warnAt = 80) {
  const maxPrefixesIn: MaxPrefixesIn = {
    limits: { [V4]: most },
    warnAt,
    action: 'drop',
    restartAfter: 60,
  };
  return prefixLimitOf({ settings: { maxPrefixesIn } }, V4, {});
}

describe('a limit of prefixes', () => {
  it('without a profile is what the cluster explains, and only warns', () => {
    expect(prefixLimitOf({}, V4, {})).toMatchObject({
      most: 1024,
      action: 'warn',
      isDerived: true,
    });
    const large = { expectedPrefixes: { [V4]: 4096 } };
    expect(prefixLimitOf({}, V4, large).most).toBe(4096);
    // A profile that limits the other family says nothing of this one.
    const other: MaxPrefixesIn = {
      limits: { 'ipv6-unicast': 5 },
      warnAt: 80,
      action: 'restart',
      restartAfter: 60,
    };
    expect(prefixLimitOf({ settings: { maxPrefixesIn: other } }, V4, {}).isDerived).toBe(true);
  });

  it('is said from its per cent on, and is over only beyond it', () => {
    const counts = [0, 79, 80, 100, 101].map((count) => judgePrefixes(limit(100), count));
    expect(counts).toEqual(['ok', 'ok', 'near', 'near', 'over']);
  });

  it('is exact at the extremes', () => {
    expect(limit(LARGEST, 100).warnFrom).toBe(LARGEST);
    expect(limit(LARGEST, 99).warnFrom).toBe(4_252_017_622);
    expect(limit(LARGEST, 1000).warnFrom).toBe(LARGEST);
    expect(limit(1, 50).warnFrom).toBe(0);
    expect(judgePrefixes(limit(1, 50), 0)).toBe('ok');
    expect([0, 1].map((count) => judgePrefixes(limit(0), count))).toEqual(['ok', 'over']);
    expect(judgePrefixes(limit(LARGEST, -5), 1)).toBe('near');
  });
});

describe('the wait after a limit', () => {
  it('doubles up to an hour, unless the first is longer', () => {
    expect([1, 2, 3, 7, 8, 1e9].map((times) => waitAfter(60, times))).toEqual([
      60, 120, 240, 3600, 3600, 3600,
    ]);
    expect([1, 2].map((times) => waitAfter(7200, times))).toEqual([7200, 7200]);
    expect(waitAfter(0, 1)).toBe(1);
  });
});

describe('RFC 4486 §4', () => {
  it('has AFI, SAFI and the upper bound in the data of Cease 6/1', () => {
    expect([...maxPrefixData('ipv6-unicast', 0x01020304)]).toEqual([0, 2, 1, 1, 2, 3, 4]);
    expect([...maxPrefixData(V4, LARGEST)]).toEqual([0, 1, 1, 255, 255, 255, 255]);
  });
});
