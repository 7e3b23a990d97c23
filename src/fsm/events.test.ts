/** The events carry the RFC's numbers, so that a log and the RFC can be read side by side. */

import { describe, expect, it } from 'vitest';
import { EVENT_NUMBERS } from './events.ts';

describe('EVENT_NUMBERS', () => {
  it('counts from 1 to 28 in the order of RFC 4271 §8.1, and 29 is RFC 9687', () => {
    const numbers = Object.values(EVENT_NUMBERS).filter((number) => number > 0);
    expect(numbers).toEqual(Array.from({ length: 29 }, (_, i) => i + 1));
    expect(EVENT_NUMBERS.SendHoldTimer_Expires).toBe(29);
    expect(EVENT_NUMBERS.TcpConnectionFails).toBe(18);
  });

  it('gives no number to what no RFC numbers', () => {
    const unnumbered = Object.entries(EVENT_NUMBERS).filter(([, number]) => number === 0);
    expect(unnumbered.map(([name]) => name)).toEqual(['RouteRefreshMsg']);
  });
});
