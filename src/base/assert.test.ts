/** Assertions name what should have held, and are told apart from every other error. */

import { describe, expect, it } from 'vitest';
import { AssertionError, assert, assertShared, present, unreachable } from './assert.ts';

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

  it('assertShared() says that it is about what all peers share', () => {
    expect(() => assertShared(true, 'never shown')).not.toThrow();
    expect(() => assertShared(false, 'counted right')).toThrow(
      expect.objectContaining({ shared: true, message: 'Assertion failed: counted right' }),
    );
    expect(new AssertionError('x').shared).toBe(false);
  });

  it('carries a code, so that the loop can tell our fault from others', () => {
    expect(new AssertionError('x')).toMatchObject({ code: 'ERR_GODWIT_ASSERTION' });
  });
});
