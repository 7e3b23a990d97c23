import { expect, it } from 'vitest';
import { node, planOf, resource } from '../../test/support/resources.ts';

const A = node('a', '10.0.0.1');
const affinity = (name: string, owner: string, spec: object = {}): unknown =>
  resource('BlockAffinity', name, {
    node: owner,
    cidr: '10.244.9.0/26',
    state: 'confirmed',
    ...spec,
  });

function warnings(...values: readonly unknown[]) {
  return planOf('a', [A, ...values]).problems.filter(({ code }) => code === 'TwoOwners');
}

it('A block that two nodes have is named, with both and what to do', () => {
  const [warning, ...more] = warnings(affinity('y', 'c'), affinity('x', 'b'));
  expect(more).toEqual([]);
  expect(warning).toMatchObject({
    severity: 'warning',
    resource: 'BlockAffinity/x',
    value: 'b, c',
    message: expect.stringContaining('Block 10.244.9.0/26 belongs to b and c'),
    remedy: expect.stringContaining('x, y'),
  });
});

it('One that is pending, deleted, virtual, or of the same node is no second owner', () => {
  const own = affinity('x', 'b');
  for (const spec of [{ state: 'pending' }, { state: 'pendingDeletion' }, { deleted: 'true' }]) {
    expect(warnings(own, affinity('y', 'c', spec))).toEqual([]);
  }
  expect(warnings(own, affinity('y', 'b'))).toEqual([]);
});

it('Many such blocks are some that are named and a count', () => {
  const many = Array.from({ length: 25 }, (_, i) => {
    const cidr = `10.244.${i}.0/26`;
    return [affinity(`x${i}`, 'b', { cidr }), affinity(`y${i}`, 'c', { cidr })];
  });
  const found = warnings(...many.flat());
  expect(found).toHaveLength(20);
  expect(found.at(-1)!.message).toContain('and 5 more blocks');
});
