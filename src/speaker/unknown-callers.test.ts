/** Strangers are remembered, and never more of them than there is room for. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { UnknownCallers } from './unknown-callers.ts';

const A = ip('192.0.2.1');

describe('a stranger', () => {
  it('is worth telling once a minute, however often it calls', () => {
    const callers = new UnknownCallers();
    const told = [0, 1, 59_999, 60_000, 60_001, 120_000].map((now) => callers.note(A, now));
    expect(told).toEqual([true, false, false, true, false, true]);
    expect(callers.list(121_000)).toEqual([{ address: A, count: 6, lastMs: 1000 }]);
  });

  it('that becomes a neighbor is forgotten, but was counted', () => {
    const callers = new UnknownCallers();
    callers.note(A, 0);
    callers.forget(A);
    expect(callers.list(0)).toEqual([]);
    expect(callers.total).toBe(1);
  });
});

describe('many strangers', () => {
  it('are all counted, and a bounded number of them is told a minute', () => {
    const callers = new UnknownCallers();
    const told = (from: number, now: number): number => {
      let count = 0;
      for (let i = from; i < from + 1000; i++) {
        if (callers.note(ip(`fd00::${i.toString(16)}`), now)) count++;
      }
      return count;
    };
    expect([told(1, 0), told(2000, 30_000), told(4000, 60_000)]).toEqual([64, 0, 64]);
    expect(callers.total).toBe(3000);
  });

  it('are kept up to 64; the one seen longest ago makes room', () => {
    const callers = new UnknownCallers();
    for (let i = 0; i < 64; i++) callers.note(ip(`192.0.2.${i}`), i);
    callers.note(ip('192.0.2.0'), 100);
    callers.note(ip('198.51.100.1'), 101);
    const addresses = callers.list(101).map(({ address }) => address);
    expect(addresses.length).toBe(64);
    expect(addresses).toContain('192.0.2.0');
    expect(addresses).not.toContain('192.0.2.1');
    expect(callers.total).toBe(66);
  });
});
