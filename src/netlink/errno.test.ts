import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { Errno, errnoName } from './errno.ts';

describe('errno', () => {
  it('has the numbers of the machine it runs on', () => {
    const here = constants.errno as Readonly<Record<string, number>>;
    for (const [name, value] of Object.entries(Errno)) {
      if (here[name] !== undefined) expect([name, here[name]]).toEqual([name, value]);
    }
  });

  it('is shown by name, and by number where it has none', () => {
    expect(errnoName(17)).toBe('EEXIST');
    expect(errnoName(4242)).toBe('errno 4242');
  });
});
