/** Which blocks are the own ones (calico model 1.6, 3.1). */

import { describe, expect, it } from 'vitest';
import { mustPlan, node, resource } from '../../test/support/resources.ts';

const A = node('a', '10.0.0.1');

describe('own blocks', () => {
  const block = (name: string, spec: object): unknown =>
    resource('BlockAffinity', name, { node: 'a', cidr: '10.244.1.0/26', ...spec });

  it('are those of this node, confirmed or without a state, with a blackhole', () => {
    for (const spec of [{}, { state: 'confirmed' }, { state: '' }, { type: 'host' }]) {
      expect(mustPlan('a', [A, block('x', spec)]).originated).toEqual([
        { prefix: '10.244.1.0/26', source: 'block', blackhole: true, origin: 'BlockAffinity/x' },
      ]);
    }
  });

  it('are not those pending, deleted, virtual or of others', () => {
    const without = [{ state: 'pending' }, { deleted: 'true' }, { deleted: true }, { node: 'b' }];
    for (const spec of [...without, { type: 'virtual' }]) {
      expect(mustPlan('a', [A, block('x', spec)]).originated).toEqual([]);
    }
  });

  it('of one address have no blackhole', () => {
    const plan = mustPlan('a', [A, block('x', { cidr: '10.244.1.9/32' })]);
    expect(plan.originated[0]!.blackhole).toBe(false);
  });
});
