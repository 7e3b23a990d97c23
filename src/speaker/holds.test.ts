import { describe, expect, it } from 'vitest';
import { Holds } from './holds.ts';

describe('what holds a peer down', () => {
  it('is lifted one by one, and the operator is named first', () => {
    const holds = new Holds();
    expect(holds.because).toBeUndefined();
    holds.set('quarantine', 'a bug');
    holds.set('operator', 'by hand');
    expect(holds.because).toBe('by hand');
    holds.set('operator', undefined);
    expect(holds.because).toBe('a bug');
    expect(holds.has('operator')).toBe(false);
    holds.set('quarantine', undefined);
    expect(holds.because).toBeUndefined();
  });
});
