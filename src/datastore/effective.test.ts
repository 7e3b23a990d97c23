/** The values of a session (calico model 2.4). */

import { describe, expect, it } from 'vitest';
import { mustPlan, node, peerNamed, planOf, resource } from '../../test/support/resources.ts';

const A = node('a', '10.0.0.1', { ipv6Address: 'fd00::1/64' });
const C = node('c', '10.0.0.10');
const RR = { routeReflectorClusterID: '244.0.0.1' };
const NO_MESH = resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false });

describe('values of a session', () => {
  const peer = (spec: object): unknown =>
    resource('BGPPeer', 'p', { peerIP: '10.0.0.254', asNumber: 64601, ...spec });
  const only = (spec: object, own = A): ReturnType<typeof peerNamed> =>
    mustPlan('a', [own, NO_MESH, peer(spec)]).peers[0]!;

  it('localASNumber replaces the local AS', () => {
    expect(only({ localASNumber: 65010 }).localAs).toBe(65010);
    expect(only({}).localAs).toBe(64512);
  });

  it('sourceAddress None lets the kernel choose', () => {
    expect(only({}).localAddress).toBe('10.0.0.1');
    expect(only({ sourceAddress: 'None' }).localAddress).toBeUndefined();
  });

  it('nextHopMode holds for every session, keepOriginalNextHop for eBGP alone', () => {
    expect(only({ nextHopMode: 'Self' }).nextHop).toBe('self');
    expect(only({ nextHopMode: 'Keep', asNumber: 64512 }).nextHop).toBe('keep');
    expect(only({ keepOriginalNextHop: true }).nextHop).toBe('keep');
    expect(only({ keepOriginalNextHop: true, asNumber: 64512 }).nextHop).toBe('auto');
  });

  it('clients of a reflector are iBGP peers outside its cluster, also any given by peerIP', () => {
    const own = node('a', '10.0.0.1', RR, { rr: 'yes' });
    expect(only({ asNumber: 64512 }, own).rrClient).toBe(true);
    expect(only({}, own).rrClient).toBe(false);
    const mate = node('m', '10.0.0.8', RR, { rr: 'yes' });
    const far = node('f', '10.0.0.7', { routeReflectorClusterID: '244.0.0.2' }, { rr: 'yes' });
    const all = resource('BGPPeer', 'rrs', { node: 'a', peerSelector: 'has(rr)' });
    const plan = mustPlan('a', [own, mate, far, all]);
    expect(peerNamed(plan, 'Node_10_0_0_8').rrClient).toBe(false);
    expect(peerNamed(plan, 'Node_10_0_0_7').rrClient).toBe(true);
    expect(plan.clusterId).toBe('244.0.0.1');
  });

  it('timers, TTL security and allowed own AS are taken over', () => {
    const spec = { keepaliveTime: '7s', maxRestartTime: '1m30s', ttlSecurity: 2 };
    expect(only({ ...spec, numAllowedLocalASNumbers: 3 })).toMatchObject({
      keepaliveTime: 7,
      restartTime: 90,
      ttlSecurity: 2,
      allowLocalAs: 3,
    });
    expect(only({ ttlSecurity: 0 }).ttlSecurity).toBeUndefined();
  });

  it('a password is read from its Secret; a missing one holds the session down, by name', () => {
    const spec = { password: { secretKeyRef: { name: 'bgp', key: 'tor' } } };
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'bgp', namespace: 'kube-system' },
      data: { tor: Buffer.from('s3cret').toString('base64') },
    };
    const plan = mustPlan('a', [A, NO_MESH, peer(spec), secret]);
    expect(plan.peers[0]!.password).toEqual({ value: 's3cret' });
    const without = planOf('a', [A, NO_MESH, peer(spec)]);
    expect(without.plan!.peers[0]!.password).toEqual({
      missing: 'Secret/kube-system/bgp (it does not exist)',
    });
    expect(without.problems).toContainEqual(expect.objectContaining({ code: 'MissingSecret' }));
  });

  it('two nodes with one address are one session of the mesh, whatever their ports, and it is said', () => {
    const port = resource('BGPConfiguration', 'node.d', { listenPort: 1179 });
    const { plan, problems } = planOf('a', [A, C, node('d', '10.0.0.10'), port]);
    expect(plan!.peers.map((item) => [item.name, item.remotePort])).toEqual([
      ['Mesh_10_0_0_10', 179],
    ]);
    expect(problems).toContainEqual(
      expect.objectContaining({ code: 'SameNodeAddress', value: '10.0.0.10' }),
    );
  });

  it('mesh and explicit peer to one node are one session, the explicit one, and it is said', () => {
    const explicit = resource('BGPPeer', 'x', { node: 'a', peerIP: '10.0.0.10', asNumber: 64512 });
    const { plan, problems } = planOf('a', [A, C, explicit]);
    expect(plan!.peers.map((item) => item.name)).toEqual(['Node_10_0_0_10']);
    expect(problems).toContainEqual(
      expect.objectContaining({ code: 'DuplicateSession', resource: 'BGPPeer/x' }),
    );
  });

  it('two sessions to one address on two ports are both kept, and it is said', () => {
    const explicit = resource('BGPPeer', 'x', { peerIP: '10.0.0.10:1179', asNumber: 65000 });
    const { plan, problems } = planOf('a', [A, C, explicit]);
    expect(plan!.peers.map((item) => item.name)).toEqual([
      'Global_10_0_0_10_port_1179',
      'Mesh_10_0_0_10',
    ]);
    expect(problems).toContainEqual(expect.objectContaining({ code: 'SameAddress' }));
  });
});
