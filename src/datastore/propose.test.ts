/** A change laid over what the datastore holds. */

import { describe, expect, it } from 'vitest';
import { documents, FILE_OPTIONS, mustPlan, node, resource } from '../../test/support/resources.ts';
import { NO_LAST_GOOD } from './last-good.ts';
import { type ProposalBase, type ProposedPlan, propose } from './propose.ts';

const A = node('a', '10.0.0.1');
const B = node('b', '10.0.0.2');
const C = node('c', '10.0.0.3');
const HERE = [A, B, C, resource('IPPool', 'p', { cidr: '10.1.0.0/16' })];

function base(over: Partial<ProposalBase> = {}): ProposalBase {
  return {
    node: 'a',
    options: FILE_OPTIONS,
    running: mustPlan('a', HERE),
    snapshot: { documents: documents(HERE), broken: [] },
    lastGood: NO_LAST_GOOD,
    problems: [],
    ...over,
  };
}

function proposed(
  values: readonly unknown[],
  over: { replace?: boolean; remove?: string[] } = {},
  on: Partial<ProposalBase> = {},
): ProposedPlan {
  const change = { documents: documents(values), broken: [], replace: false, remove: [], ...over };
  return propose(change, base(on));
}

const names = ({ changes }: ProposedPlan): string[] => changes.map((one) => one.change);

describe('a proposed change', () => {
  it('takes the place of the resource of its kind and name, and leaves the others', () => {
    expect(names(proposed([node('b', '10.0.0.9')]))).toEqual(['remove-peer', 'add-peer']);
    expect(names(proposed([A]))).toEqual([]);
  });

  it('removes by name, and names what is not there', () => {
    expect(names(proposed([], { remove: ['Node/b'] }))).toEqual(['remove-peer']);
    const none = proposed([], { remove: ['Node/z'] });
    expect(none.problems).toEqual([expect.objectContaining({ code: 'NothingToRemove' })]);
  });

  it('that replaces has nothing of what was there, and is held back where the guard would hold it', () => {
    const only = proposed([A], { replace: true });
    expect(names(only)).toContain('remove-peer');
    expect(only.held).toContain('2 of 2 sessions');
    expect(proposed([A, B, C], { replace: true }).held).toBeUndefined();
  });

  it('that gives no plan has none, with the reason; problems that are there already are not named again', () => {
    const { next, problems } = proposed([B], { replace: true });
    expect(next).toBeUndefined();
    expect(problems).toEqual([expect.objectContaining({ code: 'UnknownNode' })]);
    expect(proposed([B], { replace: true }, { problems }).problems).toEqual([]);
  });

  it('is laid over the last good resources while the datastore is away', () => {
    const lastGood = {
      format: 1 as const,
      resources: HERE.map((value, index) => ({ key: `x/${index}`, file: 'test.yaml', value })),
    };
    const away = proposed([node('b', '10.0.0.9')], {}, { snapshot: undefined, lastGood });
    expect(names(away)).toEqual(['remove-peer', 'add-peer']);
  });
});
