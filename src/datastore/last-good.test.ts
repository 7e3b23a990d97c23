import { describe, expect, it } from 'vitest';
import { resource } from '../../test/support/resources.ts';
import { type BrokenFile, plainDocument, type RawSnapshot } from './documents.ts';
import type { LastGood } from './good-resource.ts';
import { NO_LAST_GOOD, settle } from './last-good.ts';

const pool = (name: string, cidr: string): unknown => resource('IPPool', name, { cidr });

function snapshot(files: Record<string, unknown[]>, broken: string[] = []): RawSnapshot {
  return {
    documents: Object.entries(files).flatMap(([file, values]) =>
      values.map((value) => plainDocument(file, value)),
    ),
    broken: broken.map(
      (file): BrokenFile => ({
        file,
        error: {
          kind: 'ConfigError',
          severity: 'error',
          code: 'Syntax',
          file,
          message: 'Not YAML',
        },
      }),
    ),
  };
}

const GOOD = settle(
  NO_LAST_GOOD,
  snapshot({
    'a.yaml': [pool('a', '10.1.0.0/16'), pool('b', '10.2.0.0/16')],
    'c.yaml': [pool('c', '10.3.0.0/16')],
  }),
).lastGood;

function poolsAfter(previous: LastGood, next: RawSnapshot): Record<string, string> {
  const { resources } = settle(previous, next);
  return Object.fromEntries([...resources.ipPools.values()].map((item) => [item.name, item.cidr]));
}

describe('last good versions', () => {
  it('a broken resource keeps its last good version and costs no other', () => {
    const next = snapshot({
      'a.yaml': [pool('a', '10.1.0.0/99'), pool('b', '10.22.0.0/16')],
      'c.yaml': [pool('c', '10.3.0.0/16')],
    });
    expect(poolsAfter(GOOD, next)).toEqual({
      a: '10.1.0.0/16',
      b: '10.22.0.0/16',
      c: '10.3.0.0/16',
    });
    const { statuses } = settle(GOOD, next);
    expect(statuses.map((status) => [status.key, status.state])).toEqual([
      ['IPPool/a', 'kept'],
      ['IPPool/b', 'in-force'],
      ['IPPool/c', 'in-force'],
    ]);
    expect(statuses[0]!.reason).toContain('spec.cidr: Not a CIDR');
  });

  it('without a last good version it is refused', () => {
    const { statuses, resources } = settle(NO_LAST_GOOD, snapshot({ 'a.yaml': [pool('a', 'x')] }));
    expect(resources.ipPools.size).toBe(0);
    expect(statuses).toEqual([expect.objectContaining({ key: 'IPPool/a', state: 'refused' })]);
  });

  it('a resource that its file no longer names is deleted', () => {
    expect(poolsAfter(GOOD, snapshot({ 'a.yaml': [pool('a', '10.1.0.0/16')] }))).toEqual({
      a: '10.1.0.0/16',
    });
  });

  it('a file that cannot be parsed deletes nothing', () => {
    const next = snapshot({ 'c.yaml': [pool('c', '10.3.0.0/16')] }, ['a.yaml']);
    expect(Object.keys(poolsAfter(GOOD, next))).toEqual(['a', 'b', 'c']);
  });

  it('a resource that moved out of a broken file is taken from where it is now', () => {
    const next = snapshot({ 'c.yaml': [pool('a', '10.11.0.0/16')] }, ['a.yaml']);
    expect(poolsAfter(GOOD, next)).toEqual({ a: '10.11.0.0/16', b: '10.2.0.0/16' });
  });

  it('a half-written document that lost its name deletes nothing in its file', () => {
    const next = snapshot({ 'a.yaml': [{ kind: 'IPPool', metadata: {} }] });
    expect(Object.keys(poolsAfter(GOOD, next))).toEqual(['a', 'b']);
  });

  it('a file with a mistake in it may have been written by half: it deletes nothing', () => {
    const next = snapshot({ 'a.yaml': [resource('IPPool', 'a', { cidr: '10.1' })] });
    expect(Object.keys(poolsAfter(GOOD, next))).toEqual(['a', 'b']);
    const { statuses } = settle(GOOD, next);
    expect(statuses[1]!.reason).toMatch(/^IPPool\/a in the same file: spec.cidr/);
  });

  it('of two resources with one name the first in file order counts, and the other is named', () => {
    const next = snapshot({
      'a.yaml': [pool('a', '10.1.0.0/16')],
      'z.yaml': [pool('a', '10.9.0.0/16')],
    });
    expect(poolsAfter(NO_LAST_GOOD, next)).toEqual({ a: '10.1.0.0/16' });
    expect(settle(NO_LAST_GOOD, next).problems).toEqual([
      expect.objectContaining({ code: 'DuplicateResource', file: 'z.yaml', resource: 'IPPool/a' }),
    ]);
  });

  it('survive as JSON, and settle to the same again', () => {
    const stored = JSON.parse(JSON.stringify(GOOD)) as LastGood;
    const next = snapshot({}, ['a.yaml', 'c.yaml']);
    expect(poolsAfter(stored, next)).toEqual({
      a: '10.1.0.0/16',
      b: '10.2.0.0/16',
      c: '10.3.0.0/16',
    });
    expect(settle(stored, next).lastGood).toEqual(GOOD);
  });

  it('a problem of the plan is given its place in the file', () => {
    const document = {
      ...plainDocument('p.yaml', pool('a', '10.1.0.0/16')),
      positionOf: () => ({ line: 7, column: 3 }),
    };
    const { locate } = settle(NO_LAST_GOOD, { documents: [document], broken: [] });
    const found = locate({
      kind: 'ConfigError',
      severity: 'warning',
      code: 'X',
      resource: 'IPPool/a',
      path: 'spec.cidr',
      message: 'M',
    });
    expect(found).toMatchObject({ file: 'p.yaml', line: 7, column: 3 });
  });
});
