import { describe, expect, it } from 'vitest';
import { node, planOf, resource } from '../../test/support/resources.ts';
import { isWrittenByOther } from './node-statuses.ts';

describe('CalicoNodeStatus', () => {
  const resources = [
    node('a', '10.0.0.1'),
    resource('CalicoNodeStatus', 'of-b', { node: 'b', classes: ['BGP'] }),
    resource('CalicoNodeStatus', 'z', { node: 'a', classes: ['BGP'], updatePeriodSeconds: 60 }),
    resource('CalicoNodeStatus', 'y', { node: 'a', classes: ['Agent'] }),
  ];

  it('is in the plan of the node that it asks, by name', () => {
    for (const datastore of ['etcd', 'kubernetes'] as const) {
      expect(planOf('a', resources, { datastore }).plan?.statuses).toEqual([
        { name: 'y', classes: ['Agent'], periodSeconds: 10 },
        { name: 'z', classes: ['BGP'], periodSeconds: 60 },
      ]);
    }
    expect(planOf('a', resources.slice(0, 2), { datastore: 'etcd' }).plan).not.toHaveProperty(
      'statuses',
    );
  });

  it('is not written to a directory, which is said', () => {
    const { plan, problems } = planOf('a', resources);
    expect(plan).not.toHaveProperty('statuses');
    expect(problems.filter(({ code }) => code === 'NotWritten')).toHaveLength(2);
  });

  it('belongs to whoever wrote it lately, and to us when nobody does any more', () => {
    const turn = { lastUpdated: 'then', ours: undefined, ageMs: 1000, periodSeconds: 60 };
    expect(isWrittenByOther(turn)).toBe(true);
    expect(isWrittenByOther({ ...turn, ours: 'then' })).toBe(false);
    expect(isWrittenByOther({ ...turn, lastUpdated: undefined })).toBe(false);
    expect(isWrittenByOther({ ...turn, ageMs: 180_000 })).toBe(false);
    expect(isWrittenByOther({ ...turn, periodSeconds: 1, ageMs: 29_000 })).toBe(true);
  });
});
