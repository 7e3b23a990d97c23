import { describe, expect, it } from 'vitest';
import { GroupLog } from './group-log.ts';

/** A message of `length` octets with a right length field, filled with `mark`. */
function write(log: GroupLog, audience: number, message: { length: number; mark: number }): void {
  const { length, mark } = message;
  const chunk = log.room(length);
  const at = chunk.used;
  chunk.octets.fill(mark, at, at + length);
  chunk.octets[at + 16] = length >>> 8;
  chunk.octets[at + 17] = length;
  chunk.commit(at + length, audience);
}

describe('GroupLog', () => {
  it('gives a reader that joined at the end what is appended to the same run', () => {
    const log = new GroupLog({ names: 'prefixes' });
    write(log, 0, { length: 30, mark: 1 });
    const reader = log.readerAtEnd();
    write(log, 0, { length: 40, mark: 2 });
    expect(log.read(reader, 5, 1000)).toHaveLength(40);
    expect(log.read(reader, 5, 1000)).toBeUndefined();
    expect(log.isAtEnd(reader)).toBe(true);
  });

  it('skips runs that are not for the reader', () => {
    const log = new GroupLog({ names: 'prefixes' });
    const [one, two] = [log.readerAtEnd(), log.readerAtEnd()];
    write(log, 1, { length: 30, mark: 1 }); // all but 1
    write(log, -1, { length: 31, mark: 2 }); // only 1
    write(log, 0, { length: 32, mark: 3 });
    expect(log.read(one, 1, 1000)).toHaveLength(63);
    expect(log.read(two, 2, 1000)).toHaveLength(30);
    expect(log.read(two, 2, 1000)).toHaveLength(32);
    expect(log.read(two, 2, 1000)).toBeUndefined();
  });

  it('cuts between messages, never within one, and gives at least one', () => {
    const log = new GroupLog({ names: 'prefixes' });
    const reader = log.readerAtEnd();
    for (let i = 0; i < 3; i++) write(log, 0, { length: 100, mark: 0 });
    expect(log.read(reader, 1, 250)).toHaveLength(200);
    expect(log.read(reader, 1, 10)).toHaveLength(100);
  });

  it('forgets chunks that everybody has read', () => {
    const log = new GroupLog({ names: 'prefixes' });
    const [fast, slow] = [log.readerAtEnd(), log.readerAtEnd()];
    for (let i = 0; i < 100; i++) write(log, 0, { length: 4000, mark: 0 });
    while (log.read(fast, 1, 65_536) !== undefined);
    expect(log.chunkCount).toBeGreaterThan(5);
    log.leave(slow);
    expect(log.chunkCount).toBe(1);
  });
});
