import { describe, expect, it } from 'vitest';
import type { SpeakerEvent } from '../speaker/events.ts';
import { EVENTS_KEPT_MAX, EventLog } from './event-log.ts';

const event = (n: number): SpeakerEvent => ({ event: 'kernel-synced', reason: `number ${n}` });

function logOf(count: number): EventLog {
  const log = new EventLog(() => '2026-01-02T03:04:05Z');
  for (let n = 1; n <= count; n++) log.add(event(n));
  return log;
}

describe('EventLog', () => {
  it('gives each event a number, a time, its fields as JSON and its sentence', () => {
    expect(logOf(0).add(event(1))).toEqual({
      sequence: 1,
      time: '2026-01-02T03:04:05Z',
      event: 'kernel-synced',
      fieldsJson: '{"reason":"number 1"}',
      text: 'Kernel routes are in sync: number 1',
    });
  });

  it('gives the newest events, oldest first, and none when none are asked for', () => {
    const log = logOf(5);
    expect(log.recent(2).map(({ sequence }) => sequence)).toEqual([4, 5]);
    expect(log.recent(100)).toHaveLength(5);
    expect(log.recent(0)).toEqual([]);
    expect(log.recent(-1)).toEqual([]);
  });

  it('forgets the oldest beyond its limit and never reuses a number', () => {
    const log = logOf(EVENTS_KEPT_MAX + 3);
    const kept = log.recent(EVENTS_KEPT_MAX * 2);
    expect(kept).toHaveLength(EVENTS_KEPT_MAX);
    expect(kept[0]?.sequence).toBe(4);
    expect(kept.at(-1)?.sequence).toBe(EVENTS_KEPT_MAX + 3);
  });

  it('tells followers until they end, and drops one that throws without harm to the others', () => {
    const log = logOf(0);
    const heard: number[] = [];
    let calls = 0;
    log.subscribe(() => {
      calls++;
      throw new Error('a follower of no use');
    });
    const end = log.subscribe(({ sequence }) => heard.push(sequence));
    log.add(event(1));
    log.add(event(2));
    end();
    log.add(event(3));
    expect(heard).toEqual([1, 2]);
    expect(calls).toBe(1);
  });
});
