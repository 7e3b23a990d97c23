import { describe, expect, it } from 'vitest';
import { ResolutionHandles } from './resolution-handles.ts';

describe('ResolutionHandles', () => {
  it('gives equal ways equal numbers, and others to others', () => {
    const handles = new ResolutionHandles();
    const first = handles.handleOf('10.0.0.1%2*1');
    expect(handles.handleOf('%3*1')).not.toBe(first);
    expect(handles.handleOf('10.0.0.1%2*1')).toBe(first);
  });

  it('stays small while interfaces come and go, and never gives a number twice', () => {
    const handles = new ResolutionHandles();
    const given = new Set<number>();
    for (let i = 0; i < 40_000; i++) given.add(handles.handleOf(`%${i}*1`));
    expect(given.size).toBe(40_000);
    expect(handles.size).toBeLessThan(20_000);
  });
});
