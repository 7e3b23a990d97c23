import { describe, expect, it } from 'vitest';
import { sortedByPrefix } from './sorted.ts';

async function* rows(prefixes: readonly string[]): AsyncGenerator<{ prefix: string }> {
  for (const prefix of prefixes) yield { prefix };
}

async function sorted(prefixes: readonly string[], max?: number): Promise<string[]> {
  const found: string[] = [];
  for await (const { prefix } of sortedByPrefix(rows(prefixes), max)) found.push(prefix);
  return found;
}

const MIXED = ['fd00::/64', '10.0.0.0/16', '9.0.0.0/8', '10.0.0.0/8', '::/0', '100.0.0.0/8'];

describe('sortedByPrefix', () => {
  it('puts IPv4 first, then by number, not by text, then the shorter prefix', async () => {
    expect(await sorted(MIXED)).toEqual([
      '9.0.0.0/8',
      '10.0.0.0/8',
      '10.0.0.0/16',
      '100.0.0.0/8',
      '::/0',
      'fd00::/64',
    ]);
  });

  it('gives a list that is too long to hold as it comes, all of it', async () => {
    expect(await sorted(MIXED, 3)).toEqual(MIXED);
    expect(await sorted(MIXED, MIXED.length)).not.toEqual(MIXED);
    expect(await sorted([])).toEqual([]);
  });
});
