/** Conversions of units. */

import { expect, it } from 'vitest';
import { millis, seconds, secondsToMillis } from './units.ts';

it('a second has a thousand milliseconds, and brands vanish at run time', () => {
  expect(secondsToMillis(seconds(90))).toBe(90_000);
  expect(secondsToMillis(seconds(0.25))).toBe(250);
  expect(millis(1.5)).toBe(1.5);
});
