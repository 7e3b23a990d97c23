/** Whether a rival may have waited for the harness. */

import { describe, expect, it } from 'vitest';
import { checkGenerator } from './generator-check.ts';
import { type Figures, GENERATOR_CPU, type Round, summarise } from './summary.ts';

const figures = (wall: number, generator: number): Figures => ({
  'announce s': wall,
  [`announce${GENERATOR_CPU}`]: generator,
});
const round = (rival: string, one: Figures): Round => ({ scenario: 'fanout', rival, figures: one });

describe('the check of the load generator', () => {
  it('shows both shares, and is content when they are small', () => {
    const rounds = [round('relay', figures(0.1, 0.09)), round('bird2', figures(2, 0.2))];
    expect(checkGenerator(summarise(rounds))).toEqual([
      'ok   fanout, announce: relay wall / generator CPU of wall: bird2 5 % / 10 %',
    ]);
  });

  it('warns of a rival that is nearly as fast as the relay, or whom the generator can hardly feed', () => {
    const near = checkGenerator(
      summarise([round('relay', figures(0.1, 0)), round('godwit', figures(0.15, 0))]),
    );
    expect(near[0]).toMatch(/^WARN .*godwit 67 % \/ 0 %: godwit may wait for the harness$/);
    expect(checkGenerator(summarise([round('godwit', figures(1, 0.6))]))[0]).toMatch(/^WARN /);
  });
});
