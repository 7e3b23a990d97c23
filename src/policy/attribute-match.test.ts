import { describe, expect, it } from 'vitest';
import { ATTRIBUTES } from '../../test/support/run-policy.ts';
import {
  asPathStartsWith,
  hasCommunity,
  hasLargeCommunity,
  localPrefOf,
} from './attribute-match.ts';

const NONE = new Uint8Array();

describe('canonical attribute octets', () => {
  it('give LOCAL_PREF, 100 where there is none', () => {
    expect(localPrefOf(ATTRIBUTES)).toBe(200);
    expect(localPrefOf(NONE)).toBe(100);
  });

  it('give communities, also behind an attribute of extended length', () => {
    expect(hasCommunity(ATTRIBUTES, 0xfde80001)).toBe(true);
    expect(hasCommunity(ATTRIBUTES, 0xfde80002)).toBe(false);
    expect(hasCommunity(NONE, 1)).toBe(false);
    expect(hasLargeCommunity(ATTRIBUTES, [1, 2, 3])).toBe(true);
    expect(hasLargeCommunity(ATTRIBUTES, [3, 2, 1])).toBe(false);
    expect(hasLargeCommunity(NONE, [1, 2, 3])).toBe(false);
  });

  it('give the beginning of AS_PATH, what was prepended first', () => {
    expect(asPathStartsWith(ATTRIBUTES, [65001, 65002], [])).toBe(true);
    expect(asPathStartsWith(ATTRIBUTES, [65002], [])).toBe(false);
    expect(asPathStartsWith(ATTRIBUTES, [7, 65001], [7])).toBe(true);
    expect(asPathStartsWith(ATTRIBUTES, [7], [7, 8])).toBe(true);
    expect(asPathStartsWith(ATTRIBUTES, [65001], [7])).toBe(false);
    expect(asPathStartsWith(NONE, [7], [])).toBe(false);
    expect(asPathStartsWith(NONE, [7], [7])).toBe(true);
  });

  it('a confederation segment fills no place', () => {
    const confederated = Uint8Array.of(0x40, 2, 6, 3, 1, 0, 0, 0, 7);
    expect(asPathStartsWith(confederated, [7], [])).toBe(false);
  });
});
