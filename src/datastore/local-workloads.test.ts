/** Sessions with local workloads: every rule of calico model 2.6 as a sentence. */

import { describe, expect, it } from 'vitest';
import { mustPlan, node, planOf, resource } from '../../test/support/resources.ts';

const A = node('a', '10.0.0.1', { ipv6Address: 'fd00::1/64' });
const NO_MESH = resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false });

function workload(name: string, spec: object = {}): unknown {
  return {
    apiVersion: 'godwit.dev/v1',
    kind: 'LocalWorkload',
    metadata: { name },
    spec: {
      ifaceName: 'cali123',
      mac: 'ee:ee:ee:ee:ee:ee',
      ipv4Nets: ['10.65.0.2/32', '10.65.0.3/32'],
      ipv6Nets: ['fd00:65::2/128'],
      bgpPeerName: 'w',
      ...spec,
    },
  };
}

function workloadPeer(spec: object = {}): unknown {
  return resource('BGPPeer', 'w', { localWorkloadSelector: 'all()', asNumber: 65_000, ...spec });
}

const names = (...values: unknown[]): string[] =>
  mustPlan('a', [A, NO_MESH, ...values]).peers.map((peer) => peer.name);

describe('a BGPPeer with a localWorkloadSelector', () => {
  it('has a session with the first address of each family of each workload that names it', () => {
    expect(names(workloadPeer(), workload('x'))).toEqual([
      'Local_Workload_10_65_0_2',
      'Local_Workload_fd00_65__2',
    ]);
    const others = [workload('y', { bgpPeerName: '' }), workload('z', { bgpPeerName: 'v' })];
    expect(names(workloadPeer(), ...others)).toEqual([]);
    expect(names(workloadPeer())).toEqual([]);
  });

  it('waits for the call of the workload, at any address of the node, on port 179', () => {
    const [peer] = mustPlan('a', [A, NO_MESH, workloadPeer(), workload('x')]).peers;
    expect(peer).toMatchObject({
      passive: true,
      remotePort: 179,
      kind: 'workload',
      remoteAs: 65_000,
    });
    expect(peer).not.toHaveProperty('localAddress');
  });

  it('has its AS numbers and filters, and nothing else of it, which is said by name', () => {
    const filter = resource('BGPFilter', 'f', { importV4: [{ action: 'Reject' }] });
    const spec = {
      localASNumber: 65_001,
      filters: ['f'],
      maxRestartTime: '10s',
      keepaliveTime: '5s',
      ttlSecurity: 1,
      numAllowedLocalASNumbers: 3,
      nextHopMode: 'Self',
      password: { secretKeyRef: { name: 's', key: 'k' } },
    };
    const { plan, problems } = planOf('a', [
      ...[A, NO_MESH, filter],
      ...[workloadPeer(spec), workload('x')],
    ]);
    const [peer] = plan!.peers;
    expect(peer).toMatchObject({
      localAs: 65_001,
      restartTime: 120,
      nextHop: 'auto',
      allowLocalAs: 0,
    });
    for (const field of ['keepaliveTime', 'ttlSecurity', 'password']) {
      expect(peer).not.toHaveProperty(field);
    }
    expect(peer!.importPolicy.statements[0]!.name).toBe('BGPFilter/f importV4[0]');
    const without = problems.filter((item) => item.code === 'NoEffect').map((item) => item.path);
    expect(without.sort()).toEqual([
      'spec.keepaliveTime',
      'spec.maxRestartTime',
      'spec.nextHopMode',
      'spec.numAllowedLocalASNumbers',
      'spec.password',
      'spec.ttlSecurity',
    ]);
  });

  it('counts where its node or nodeSelector says so, and has no reverse', () => {
    expect(names(workloadPeer({ node: 'a' }), workload('x'))).toHaveLength(2);
    expect(names(workloadPeer({ node: 'b' }), workload('x'))).toEqual([]);
    expect(names(workloadPeer({ nodeSelector: "rack == 'r'" }), workload('x'))).toEqual([]);
  });

  it('needs the AS number of the workload', () => {
    const { problems } = planOf('a', [A, workloadPeer({ asNumber: undefined })]);
    expect(problems).toContainEqual(
      expect.objectContaining({ path: 'spec.asNumber', code: 'Missing' }),
    );
  });

  it('gives way to an explicit peer of the same address', () => {
    const explicit = resource('BGPPeer', 'e', { peerIP: '10.65.0.2', asNumber: 65_000 });
    expect(names(explicit, workloadPeer(), workload('x'))).toContain('Global_10_65_0_2');
    expect(names(explicit, workloadPeer(), workload('x'))).not.toContain(
      'Local_Workload_10_65_0_2',
    );
  });
});
