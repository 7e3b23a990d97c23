import { describe, expect, it } from 'vitest';
import { resource, yaml } from '../../test/support/resources.ts';
import { plainDocument, type RawDocument } from './documents.ts';
import { NO_LAST_GOOD, settle } from './last-good.ts';
import { SettleMemo } from './settle-memo.ts';

const GOOD = resource('IPPool', 'p', { cidr: '10.1.0.0/16' });
const WRONG = resource('IPPool', 'q', { cidr: 'none' });

function at(line: number, value: unknown, file = 'a.yaml'): RawDocument {
  return { file, documentIndex: 0, value, positionOf: () => ({ line, column: 1 }) };
}

describe('what settling remembers', () => {
  it('spares a second look at a value that is the same', () => {
    const memo = new SettleMemo();
    const [first] = memo.check(at(1, GOOD));
    expect(memo.check(at(9, GOOD))[0]?.entry).toBe(first?.entry);
    expect(memo.check(at(1, structuredClone(GOOD)))[0]?.entry).not.toBe(first?.entry);
  });

  it('names a mistake where it stands now, not where it stood', () => {
    const memo = new SettleMemo();
    expect(memo.check(at(1, WRONG))[0]?.problems[0]).toMatchObject({ line: 1 });
    expect(memo.check(at(9, WRONG))[0]?.problems[0]).toMatchObject({ line: 9 });
    expect(memo.check(at(9, WRONG, 'b.yaml'))[0]?.problems[0]).toMatchObject({ file: 'b.yaml' });
  });

  it('says of which file a good resource is when it moves', () => {
    const memo = new SettleMemo();
    const files = ['a.yaml', 'b.yaml'].map((file) => {
      const snapshot = { documents: [at(1, GOOD, file)], broken: [] };
      return settle(NO_LAST_GOOD, snapshot, memo).lastGood.resources[0]?.file;
    });
    expect(files).toEqual(['a.yaml', 'b.yaml']);
  });

  it('looks again at the items of a list whose places have moved', () => {
    const memo = new SettleMemo();
    const list = { kind: 'IPPoolList', items: [GOOD, WRONG] };
    const problems = (line: number): unknown =>
      memo.check(at(line, list)).flatMap((one) => one.problems)[0];
    expect([problems(1), problems(5)]).toMatchObject([{ line: 1 }, { line: 5 }]);
  });

  it('reads a last good version once', () => {
    const memo = new SettleMemo();
    const good = { key: 'IPPool/p', file: 'a.yaml', value: GOOD };
    expect(memo.reread(good)).toBe(memo.reread(good));
    expect(memo.reread({ ...good, value: WRONG })).toBeUndefined();
  });

  it('does not take scalars for the same document', () => {
    const memo = new SettleMemo();
    const [first, second] = [plainDocument('a.yaml', 'x'), yaml('- y', 'b.yaml')[0]!];
    expect(memo.check(first)[0]?.problems[0]).toMatchObject({ file: 'a.yaml' });
    expect(memo.check(second)[0]?.problems[0]).toMatchObject({ file: 'b.yaml' });
  });
});
