/** Where a message stands among others, and as a view of its own. */

import { expect, it } from 'vitest';
import { viewOf, wholeMessage } from './message-span.ts';

it('is a view of nothing but the message', () => {
  const octets = Uint8Array.of(9, 1, 2, 3, 9);
  expect([...viewOf({ octets, start: 1, end: 4 })]).toEqual([1, 2, 3]);
  expect([...viewOf(wholeMessage(octets))]).toEqual([...octets]);
});
