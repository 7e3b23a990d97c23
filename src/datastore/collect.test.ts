import { expect, it } from 'vitest';
import { documents, node, resource } from '../../test/support/resources.ts';
import { collect, shareKinds } from './collect.ts';
import { checkDocument } from './validate.ts';

function entries(...values: unknown[]): Parameters<typeof collect>[0] {
  return documents(values)
    .flatMap(checkDocument)
    .flatMap((one) => one.entry ?? []);
}

const POOL = entries(resource('IPPool', 'p', { cidr: '10.1.0.0/16' }));
const NODE = entries(node('a', '10.0.0.1'));

it('puts every entry under its kind and name', () => {
  const { nodes, ipPools, clusterInformation } = collect([...POOL, ...NODE]);
  expect([...nodes.keys(), ...ipPools.keys()]).toEqual(['a', 'p']);
  expect(clusterInformation).toBeUndefined();
});

it('takes the map of a kind in which nothing changed from before, and no other', () => {
  const before = collect([...POOL, ...NODE]);
  const shared = shareKinds(before, collect([...POOL, ...entries(node('a', '10.0.0.2'))]));
  expect(shared.ipPools).toBe(before.ipPools);
  expect(shared.nodes.get('a')?.ipv4?.address).toBe('10.0.0.2');
  expect(shareKinds(before, collect(POOL)).nodes.size).toBe(0);
});
