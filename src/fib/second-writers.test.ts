import { expect, it } from 'vitest';
import { FIGHT_ATTEMPTS, SecondWriters } from './second-writers.ts';

it('Who disturbs a route once or twice is no second writer', () => {
  const writers = new SecondWriters();
  for (let attempts = 1; attempts < FIGHT_ATTEMPTS; attempts++) {
    expect(writers.strike('ip', attempts, 0)).toBeUndefined();
  }
});

it('A second writer is told of once a minute, with the routes it has fought about so far', () => {
  const writers = new SecondWriters();
  expect(writers.strike('ip', 3, 0)).toEqual({ writer: 'ip', routes: 1 });
  expect(writers.strike('ip', 3, 1_000)).toBeUndefined(); // another route
  expect(writers.strike('ip', 4, 2_000)).toBeUndefined();
  expect(writers.strike('bird', 3, 3_000)).toEqual({ writer: 'bird', routes: 1 });
  expect(writers.strike('ip', 5, 60_000)).toEqual({ writer: 'ip', routes: 2 });
});

it('One whose name nobody knows is told of all the same', () => {
  const told = new SecondWriters().strike(undefined, 3, 0);
  expect(told).toEqual({ writer: 'Another program', routes: 1 });
});

it('Of many writers the latest are remembered', () => {
  const writers = new SecondWriters();
  for (let i = 0; i < 20; i++) writers.strike(`writer-${i}`, 3, i);
  expect(writers.strike('writer-19', 4, 20)).toBeUndefined();
  expect(writers.strike('writer-0', 4, 21)).toMatchObject({ writer: 'writer-0' });
});
