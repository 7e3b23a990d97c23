import { describe, expect, it } from 'vitest';
import { formatDuration } from './duration.ts';

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [0.9, '0s'],
    [12, '12s'],
    [60, '1m'],
    [200, '3m20s'],
    [3600, '1h'],
    [3605, '1h'],
    [15_000, '4h10m'],
    [86_400, '1d'],
    [183_600, '2d3h'],
    [8_640_000, '100d'],
    [-5, '0s'],
  ])('says %d seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});
