/** The KEEPALIVE octets. */
import { expect, it } from 'vitest';
import { KEEPALIVE } from './keepalive.ts';
import { hex } from './testing/fixtures.ts';

it('a KEEPALIVE is a header of type 4 and nothing else (RFC 4271 §4.4)', () => {
  expect(KEEPALIVE).toEqual(hex(`${'ff'.repeat(16)} 0013 04`));
});
