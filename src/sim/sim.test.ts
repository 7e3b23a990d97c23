/**
 * Seeded courses of events on simulated clusters. A seed that fails names the line that repeats it:
 * `npm run sim -- --scenario … --seed … --nodes …`.
 */

import { describe, expect, it } from 'vitest';
import { repeatLine, runScenario, SCENARIOS, type ScenarioName } from './scenarios.ts';

/** Quick ones get more seeds; `npm run sim -- --seeds 1000` runs through the others at night. */
const SEEDS: Readonly<Partial<Record<ScenarioName, number>>> = { mix: 10, storm: 1, deaf: 1 };
const SEEDS_DEFAULT = 3;

function seedsOf(scenario: ScenarioName): number[] {
  return Array.from({ length: SEEDS[scenario] ?? SEEDS_DEFAULT }, (_, i) => i + 1);
}

describe.each(SCENARIOS)('%s', (scenario) => {
  it.each(seedsOf(scenario))('with seed %i comes to rest with every rule kept', (seed) => {
    const options = { scenario, seed, nodes: 4 };
    const { problems, story } = runScenario(options);
    expect(problems, `${repeatLine(options)}\n${story.join('\n')}`).toEqual([]);
  });
});

describe('a course of events', () => {
  it('is the same each time with the same seed, and another with another', () => {
    const run = (seed: number): unknown => runScenario({ scenario: 'mix', seed, nodes: 4 });
    expect(run(5)).toEqual(run(5));
    expect(run(6)).not.toEqual(run(5));
  });
});

describe('a mesh of 20 nodes', () => {
  it('starts at one instant and comes to rest', () => {
    const { problems, sessions } = runScenario({ scenario: 'mesh', seed: 2, nodes: 20 });
    expect(problems).toEqual([]);
    expect(sessions).toBeGreaterThanOrEqual(380);
  });
});

describe('a mesh of 50 nodes', () => {
  it('costs a session a bounded number of steps, however many there are', () => {
    const { problems, sessions, steps } = runScenario({ scenario: 'mesh', seed: 1, nodes: 50 });
    expect(problems).toEqual([]);
    expect(sessions).toBe(50 * 49);
    expect(steps / sessions).toBeLessThan(8);
  }, 30_000);
});
