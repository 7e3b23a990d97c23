import { expect, it } from 'vitest';
import { documents, node, resource } from '../../test/support/resources.ts';
import { changed, collect } from './collect.ts';
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

it('keeps the map of a kind in which nothing changed, and no other', () => {
  const before = collect([...POOL, ...NODE]);
  const moved = entries(node('a', '10.0.0.2'))[0];
  const after = changed(before, [{ before: NODE[0], after: moved }]);
  expect(after.ipPools).toBe(before.ipPools);
  expect(after.nodes.get('a')?.ipv4?.address).toBe('10.0.0.2');
  expect(before.nodes.get('a')?.ipv4?.address).toBe('10.0.0.1');
  const gone = changed(after, [{ before: moved, after: undefined }]);
  expect(gone.nodes.size).toBe(0);
});

it('names what has a namespace by both', () => {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'n' } };
  expect([...collect(entries(secret)).secrets.keys()]).toEqual(['n/s']);
});

it('takes the ClusterInformation of the name default alone', () => {
  const [info, other] = entries(
    resource('ClusterInformation', 'default', { calicoVersion: 'v3.32.0' }),
    resource('ClusterInformation', 'other', { calicoVersion: 'v3.31.0' }),
  );
  const both = collect([info!, other!]);
  expect(both.clusterInformation?.calicoVersion).toBe('v3.32.0');
  const one = changed(both, [{ before: other, after: undefined }]);
  expect(one.clusterInformation?.calicoVersion).toBe('v3.32.0');
  expect(changed(one, [{ before: info, after: undefined }]).clusterInformation).toBeUndefined();
});
