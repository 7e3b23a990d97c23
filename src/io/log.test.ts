import { describe, expect, it } from 'vitest';
import { readableLine } from './log.ts';

describe('the readable log', () => {
  it('is time of day, level and sentence on one line', () => {
    const line = '{"level":40,"time":"2026-01-02T03:04:05.678Z","node":"a","msg":"Session down"}\n';
    expect(readableLine(line)).toBe('03:04:05.678 WARN  Session down\n');
  });

  it('names the event where there is no sentence, and passes on what is no log line', () => {
    const line = '{"level":30,"time":"2026-01-02T03:04:05.678Z","event":"starting"}';
    expect(readableLine(line)).toBe('03:04:05.678 INFO  starting\n');
    expect(readableLine('not JSON\n')).toBe('not JSON\n');
  });
});
