import { describe, expect, it } from 'vitest';
import { millis } from '../base/units.ts';
import type { SpeakerEvent } from '../speaker/events.ts';
import { EventLimit } from './event-limit.ts';

const down = (peer: string): SpeakerEvent => ({
  event: 'session-down',
  peer,
  address: '10.0.0.1',
  state: 'Established',
  reason: 'it went away',
});
const parked = (i: number): SpeakerEvent => ({
  event: 'route-parked',
  prefix: `10.${i >> 8}.${i & 255}.0/24`,
  reason: 'the link is down',
});

const names = (told: readonly SpeakerEvent[]): string[] => told.map(({ event }) => event);
function times<T>(count: number, of: (i: number) => readonly T[]): T[] {
  return Array.from({ length: count }, (_, i) => of(i)).flat();
}

describe('events', () => {
  it('of a neighbor that flaps are told 30 times, and once that more are left out', () => {
    const limit = new EventLimit();
    const told = times(100, () => limit.pass(down('tor'), millis(0)));
    expect(names(told)).toEqual([...Array(30).fill('session-down'), 'events-left-out']);
    expect(names(limit.pass(down('other'), millis(0)))).toEqual(['session-down']);
  });

  it('are told again when they slow down, with how many were left out', () => {
    const limit = new EventLimit();
    times(100, () => limit.pass(down('tor'), millis(0)));
    expect(limit.pass(down('tor'), millis(2000))).toEqual([
      { event: 'events-left-out', subject: 'tor', count: 70, reason: 'they came too fast' },
      down('tor'),
    ]);
    expect(names(limit.pass(down('tor'), millis(2000)))).toEqual(['events-left-out']);
    expect(names(times(40, () => limit.pass(down('tor'), millis(90_000))))).toHaveLength(32);
  });

  it('that somebody must act on now are never left out', () => {
    const limit = new EventLimit();
    const error: SpeakerEvent = { event: 'peer-quarantined', peer: 'tor', reason: 'r', seconds: 1 };
    expect(times(100, () => limit.pass(error, millis(0)))).toHaveLength(100);
    const lost: SpeakerEvent = { event: 'datastore-lost', reason: 'gone' };
    expect(times(100, () => limit.pass(lost, millis(0)))).toHaveLength(100);
  });

  it('about prefixes are told a thousand times a kind', () => {
    const limit = new EventLimit();
    const told = times(5000, (i) => limit.pass(parked(i), millis(0)));
    expect(told).toHaveLength(1001);
    expect(told.at(-1)).toMatchObject({ event: 'events-left-out' });
  });

  it('of ever new neighbors take no more than a bounded memory, the oldest first', () => {
    const limit = new EventLimit();
    times(31, () => limit.pass(down('tor'), millis(0)));
    times(1024, (i) => limit.pass(down(`p${i}`), millis(0)));
    expect(names(limit.pass(down('tor'), millis(0)))).toEqual(['session-down']);
  });
});
