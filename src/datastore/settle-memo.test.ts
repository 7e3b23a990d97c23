import { describe, expect, it } from 'vitest';
import { resource, yaml } from '../../test/support/resources.ts';
import { plainDocument, type RawDocument } from './documents.ts';
import { NO_LAST_GOOD, type Settled, settle } from './last-good.ts';
import { SettleMemo } from './settle-memo.ts';

const GOOD = resource('IPPool', 'p', { cidr: '10.1.0.0/16' });
const WRONG = resource('IPPool', 'q', { cidr: 'none' });

function at(line: number, value: unknown, file = 'a.yaml'): RawDocument {
  return { file, documentIndex: 0, value, positionOf: () => ({ line, column: 1 }) };
}

/** Settles one snapshot after the other with one memo, as the keeper does. */
function course(...snapshots: readonly (readonly RawDocument[])[]): Settled[] {
  const memo = new SettleMemo();
  let { lastGood } = settle(NO_LAST_GOOD, { documents: [], broken: [] });
  return snapshots.map((documents) => {
    const settled = settle(lastGood, { documents, broken: [] }, memo);
    lastGood = settled.lastGood;
    return settled;
  });
}

describe('what settling remembers', () => {
  it('spares a second look at a value that is the same, wherever it stands in its file', () => {
    const [first, moved, other] = course(
      [at(1, GOOD)],
      [at(9, GOOD)],
      [at(1, structuredClone(GOOD))],
    );
    const pool = (settled?: Settled): unknown => settled?.resources.ipPools.get('p');
    expect(pool(moved)).toBe(pool(first));
    expect(moved?.resources).toBe(first?.resources);
    expect(pool(other)).not.toBe(pool(first));
  });

  it('names a mistake where it stands now, not where it stood', () => {
    const wrong = [at(1, WRONG), at(9, WRONG), at(9, WRONG, 'b.yaml')].map((one) => [one]);
    const found = course(...wrong).map(({ problems }) => problems[0]);
    expect(found).toMatchObject([{ line: 1 }, { line: 9 }, { file: 'b.yaml' }]);
  });

  it('names the place of a good document as it is now', () => {
    const problem = { kind: 'ConfigError', severity: 'warning', code: 'X', message: '' } as const;
    const places = course([at(1, GOOD)], [at(9, GOOD)]).map(({ locate }) =>
      locate({ ...problem, resource: 'IPPool/p' }),
    );
    expect(places.at(-1)).toMatchObject({ line: 9 });
  });

  it('says of which file a good resource is when it moves', () => {
    const course_ = course([at(1, GOOD, 'a.yaml')], [at(1, GOOD, 'b.yaml')]);
    expect(course_.map(({ lastGood }) => lastGood.resources[0]?.file)).toEqual([
      'a.yaml',
      'b.yaml',
    ]);
  });

  it('looks again at the items of a list whose places have moved', () => {
    const list = { kind: 'IPPoolList', items: [GOOD, WRONG] };
    const found = course([at(1, list)], [at(5, list)]).map(({ problems }) => problems[0]);
    expect(found).toMatchObject([{ line: 1 }, { line: 5 }]);
  });

  it('follows which of two documents of one name comes first', () => {
    const [x, y] = [at(1, GOOD), at(2, resource('IPPool', 'p', { cidr: '10.2.0.0/16' }), 'b.yaml')];
    const cidrs = course([x, y], [y, x], [x], [y, x]).map(
      ({ resources }) => resources.ipPools.get('p')?.cidr,
    );
    expect(cidrs).toEqual(['10.1.0.0/16', '10.2.0.0/16', '10.1.0.0/16', '10.2.0.0/16']);
  });

  it('reads a last good version once', () => {
    const memo = new SettleMemo();
    const good = { key: 'IPPool/p', file: 'a.yaml', value: GOOD };
    expect(memo.reread(good)).toBe(memo.reread(good));
    expect(memo.reread({ ...good, value: WRONG })).toBeUndefined();
  });

  it('does not take scalars for the same document', () => {
    const [first, second] = course([plainDocument('a.yaml', 'x')], yaml('- y', 'b.yaml'));
    expect(first?.problems[0]).toMatchObject({ file: 'a.yaml' });
    expect(second?.problems[0]).toMatchObject({ file: 'b.yaml' });
  });
});
