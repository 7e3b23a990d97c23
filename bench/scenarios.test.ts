import { describe, expect, it } from 'vitest';
import { loads, SCENARIOS } from './scenarios.ts';

describe('SCENARIOS', () => {
  // The base was once read before the first step that is timed: in `flap` and `idle` behind the table, whose
  // octets were then not granted to us either.
  it.each(SCENARIOS)('$name loads its table first where another step is timed', ({ steps }) => {
    const loading = steps.findIndex(loads);
    expect(loading).toBeGreaterThanOrEqual(0);
    expect(loading).toBeLessThanOrEqual(steps.findIndex(({ figure }) => figure !== undefined));
  });
});
