/** Which routes of the kernel and of interfaces may be announced (calico model 3.1, 3.4). */

import { describe, expect, it } from 'vitest';
import { mustPlan, node, planOf, resource } from '../../test/support/resources.ts';

const A = node('a', '10.0.0.1');
const POOL = resource('IPPool', 'p', { cidr: '10.244.0.0/16' });

function inside(...values: unknown[]): readonly string[] | undefined {
  return mustPlan('a', [A, ...values]).learn?.inside;
}

describe('what is learned from the kernel', () => {
  it('lies in a pool that is exported, in an own block, or in a CIDR of services', () => {
    const closed = resource('IPPool', 'q', { cidr: '10.245.0.0/16', disableBGPExport: true });
    const block = resource('BlockAffinity', 'b', { node: 'a', cidr: '10.246.1.0/26' });
    const services = resource('BGPConfiguration', 'default', {
      serviceClusterIPs: [{ cidr: '10.96.0.0/12' }],
    });
    expect(inside(POOL, closed, block, services)).toEqual([
      '10.244.0.0/16',
      '10.246.1.0/26',
      '10.96.0.0/12',
    ]);
  });

  it('lies where an export filter of some peer accepts, and is everything where that has no bounds', () => {
    const peer = resource('BGPPeer', 'p', { peerIP: '10.0.0.9', asNumber: 1, filters: ['f'] });
    const filter = (...exportV4: object[]): unknown => resource('BGPFilter', 'f', { exportV4 });
    const match = { matchOperator: 'In', cidr: '192.0.2.0/24' };
    expect(inside(peer, filter({ action: 'Accept', ...match }))).toEqual(['192.0.2.0/24']);
    expect(inside(peer, filter({ action: 'Reject', ...match }))).toEqual([]);
    expect(inside(filter({ action: 'Accept', ...match }))).toEqual([]);
    expect(inside(peer, filter({ action: 'Accept', source: 'RemotePeers' }))).toEqual([]);
    expect(inside(peer, filter({ action: 'Accept' }))).toEqual(['0.0.0.0/0']);
    const not = { ...match, matchOperator: 'NotIn' };
    expect(inside(peer, filter({ action: 'Accept', ...not }))).toEqual(['0.0.0.0/0']);
  });

  it('are no subnets of interfaces of workloads, of kube-proxy and of ignoredInterfaces', () => {
    const ignoring = resource('BGPConfiguration', 'default', {
      ignoredInterfaces: ['eth1', 'vlan*'],
    });
    expect(mustPlan('a', [A, ignoring]).learn?.ignoredInterfaces).toEqual([
      'eth1',
      'vlan*',
      'cali*',
      'kube-ipvs*',
    ]);
  });

  it('heeds ignoredInterfaces of default alone, and refuses * as a pattern', () => {
    const own = resource('BGPConfiguration', 'node.a', { ignoredInterfaces: ['eth1'] });
    expect(mustPlan('a', [A, own]).learn?.ignoredInterfaces).toEqual(['cali*', 'kube-ipvs*']);
    const all = resource('BGPConfiguration', 'default', { ignoredInterfaces: ['*'] });
    expect(planOf('a', [A, all]).problems).toContainEqual(
      expect.objectContaining({ path: 'spec.ignoredInterfaces[0]', code: 'BadValue' }),
    );
  });
});
