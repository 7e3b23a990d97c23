import { describe, expect, it } from 'vitest';
import { firstLoad, SCENARIOS } from './scenarios.ts';

describe('firstLoad', () => {
  // The base of memory was once read before the first step that is timed: in `flap` and `idle` behind the table,
  // whose octets were then not granted to us either.
  it.each(SCENARIOS)('$name takes its base before any route comes', (scenario) => {
    const { steps } = scenario;
    const load = firstLoad(scenario)!;
    const before = steps.slice(0, steps.indexOf(load));
    expect(load.command).toMatch(/^(announce 1|cold 1)$/);
    for (const { command, figure } of before) {
      expect(command).toMatch(/^(connect|wait)/);
      expect(figure).toBeUndefined();
    }
  });
});
