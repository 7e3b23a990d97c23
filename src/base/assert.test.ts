/** Assertions name what should have held, and are told apart from every other error. */

import { describe, expect, it } from 'vitest';
import { AssertionError, assert, present, unreachable } from './assert.ts';

describe('assertions', () => {
  it('assert() throws only when its condition is false, and says what should have held', () => {
    expect(() => assert(true, 'never shown')).not.toThrow();
    expect(() => assert(false, 'the heap is ordered')).toThrow(
      new AssertionError('Assertion failed: the heap is ordered'),
    );
  });

  it('present() hands on falsy values and refuses only undefined', () => {
    expect(present(0, 'count')).toBe(0);
    expect(present('', 'name')).toBe('');
    expect(() => present(undefined, 'peer of the session')).toThrow(/peer of the session/);
  });

  it('unreachable() names the value that the types ruled out', () => {
    expect(() => unreachable('surprise' as never)).toThrow(/surprise/);
  });

  it('carries a code, so that the loop can tell our fault from others', () => {
    expect(new AssertionError('x')).toMatchObject({ code: 'ERR_GODWIT_ASSERTION' });
  });
});
