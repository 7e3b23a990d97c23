/** What is imported and exported, by evaluating the policies (calico model 3.3–3.6). */

import { describe, expect, it } from 'vitest';
import { mustPlan, node, peerNamed, planOf, resource } from '../../test/support/resources.ts';
import { accepts, localPref, run } from '../../test/support/run-policy.ts';
import type { PeerPlan } from './plan-types.ts';

const A = node('a', '10.0.0.1');
const B = node('b', '10.0.0.2');
const POOL = resource('IPPool', 'pool', { cidr: '10.244.0.0/16', ipipMode: 'CrossSubnet' });
const BLOCK = resource('BlockAffinity', 'a1', { node: 'a', cidr: '10.244.1.0/26' });
const TOR = resource('BGPPeer', 'tor', { peerIP: '10.0.0.254', asNumber: 64601 });
const M = 2_147_483_647;

describe('export to the mesh', () => {
  const disabled = resource('IPPool', 'secret', { cidr: '10.99.0.0/16', disableBGPExport: true });
  const peer = peerNamed(mustPlan('a', [A, B, POOL, BLOCK, disabled]), 'Mesh_10_0_0_2');
  const policy = peer.exportPolicy;

  it('announces the own block and nothing else inside it', () => {
    expect(accepts(policy, '10.244.1.0/26', { source: 'block' })).toBe(true);
    expect(accepts(policy, '10.244.1.7/32', { source: 'kernel' })).toBe(false);
  });

  it('announces what lies in a pool, so also an address borrowed from another block', () => {
    expect(accepts(policy, '10.244.2.7/32', { source: 'kernel' })).toBe(true);
  });

  it('announces a workload inside the own block that has just moved here', () => {
    const elevated = { source: 'kernel', attributes: localPref(M - 512) } as const;
    expect(accepts(policy, '10.244.1.7/32', elevated)).toBe(true);
  });

  it('keeps pools with disableBGPExport, host subnets and the default route to itself', () => {
    expect(accepts(policy, '10.99.1.0/26', { source: 'block' })).toBe(false);
    expect(accepts(policy, '10.0.0.0/24', { source: 'direct' })).toBe(false);
    expect(accepts(policy, '0.0.0.0/0')).toBe(false);
  });

  it('keeps routes through tunnels of others to itself', () => {
    expect(accepts(policy, '10.244.2.0/26', { interfaceName: 'vxlan.calico' })).toBe(false);
    expect(accepts(policy, '10.244.2.0/26', { interfaceName: 'wireguard.cali' })).toBe(false);
    expect(accepts(policy, '10.244.2.0/26', { interfaceName: 'bpfin.cali' })).toBe(false);
    expect(accepts(policy, '10.244.2.0/26', { interfaceName: 'tunl0' })).toBe(true);
  });

  it('gives own routes the LOCAL_PREF of the normal priority and leaves learned ones theirs', () => {
    expect(run(policy, '10.244.1.0/26', { source: 'block' }).localPref).toBe(M - 1024);
    expect(run(policy, '10.244.2.0/26').localPref).toBeUndefined();
  });

  it('follows ipv4NormalRoutePriority, and Calico v3.31 has no priorities at all', () => {
    const global = resource('BGPConfiguration', 'default', { ipv4NormalRoutePriority: 2000 });
    const changed = mustPlan('a', [A, B, POOL, BLOCK, global]);
    const verdict = run(changed.peers[0]!.exportPolicy, '10.244.1.0/26', { source: 'block' });
    expect(verdict.localPref).toBe(M - 2000);
    expect(changed.kernel.metric).toEqual({ mode: 'priority', normal: { ipv4: 2000, ipv6: 1024 } });
    const old = mustPlan('a', [A, B, POOL, BLOCK], { compat: 'v3.31' });
    expect(run(old.peers[0]!.exportPolicy, '10.244.1.0/26', { source: 'block' }).localPref).toBe(
      undefined,
    );
    expect(old.kernel.metric).toEqual({ mode: 'none' });
  });

  it('a block that is pending deletion no longer stands for what is inside it', () => {
    const going = resource('BlockAffinity', 'a1', {
      node: 'a',
      cidr: '10.244.1.0/26',
      state: 'pendingDeletion',
    });
    const plan = mustPlan('a', [A, B, POOL, going]);
    expect(accepts(plan.peers[0]!.exportPolicy, '10.244.1.7/32', { source: 'kernel' })).toBe(true);
    expect(plan.originated.map((item) => item.blackhole)).toEqual([true]);
  });
});

describe('import', () => {
  it('accepts everything, and ranks elevated routes above local ones', () => {
    const peer = peerNamed(mustPlan('a', [A, B]), 'Mesh_10_0_0_2');
    expect(run(peer.importPolicy, '192.0.2.0/24')).toMatchObject({ accept: true });
    const moved = run(peer.importPolicy, '10.244.1.7/32', { attributes: localPref(M - 512) });
    expect(moved.preference).toBe(200);
    const normal = run(peer.importPolicy, '10.244.1.0/26', { attributes: localPref(M - 1024) });
    expect(normal.preference).toBeUndefined();
  });
});

describe('BGPFilters', () => {
  const filter = (name: string, spec: object): unknown => resource('BGPFilter', name, spec);
  const peerWith = (filters: string[], ...values: unknown[]): PeerPlan =>
    mustPlan('a', [
      A,
      POOL,
      BLOCK,
      ...values,
      resource('BGPPeer', 'tor', { peerIP: '10.0.0.254', asNumber: 64601, filters }),
    ]).peers[0]!;

  it('are tried in the order of the peer, and the first rule that matches ends it', () => {
    const reject = filter('no', {
      exportV4: [{ action: 'Reject', cidr: '10.244.0.0/16', matchOperator: 'In' }],
    });
    const accept = filter('yes', { exportV4: [{ action: 'Accept' }] });
    const noFirst = peerWith(['no', 'yes'], reject, accept).exportPolicy;
    expect(accepts(noFirst, '10.244.1.0/26', { source: 'block' })).toBe(false);
    expect(accepts(noFirst, '192.0.2.0/24')).toBe(true);
    const yesFirst = peerWith(['yes', 'no'], reject, accept).exportPolicy;
    expect(accepts(yesFirst, '10.244.1.0/26', { source: 'block' })).toBe(true);
  });

  it('that match nothing leave the decision to what follows', () => {
    const none = filter('none', {
      exportV6: [{ action: 'Reject' }],
      importV4: [{ action: 'Reject' }],
    });
    const { exportPolicy, importPolicy } = peerWith(['none'], none);
    expect(accepts(exportPolicy, '10.244.1.0/26', { source: 'block' })).toBe(true);
    expect(accepts(importPolicy, '192.0.2.0/24')).toBe(false);
  });

  it('an Accept on export bypasses all that is built in', () => {
    const accept = filter('all', { exportV4: [{ action: 'Accept' }] });
    const { exportPolicy } = peerWith(['all'], accept);
    expect(accepts(exportPolicy, '0.0.0.0/0')).toBe(true);
  });

  it('match on every condition together and carry out their operations', () => {
    const rule = {
      action: 'Accept',
      cidr: '10.0.0.0/8',
      matchOperator: 'In',
      prefixLength: { min: 26, max: 26 },
      source: 'RemotePeers',
      peerType: 'eBGP',
      priority: 512,
      operations: [
        { addCommunity: { value: '65000:7' } },
        { prependASPath: { prefix: [65100, '65101'] } },
        { setPriority: { value: 600 } },
      ],
    };
    const { exportPolicy } = peerWith(['f'], filter('f', { exportV4: [rule] }));
    const on = { peerType: 'ebgp', attributes: localPref(M - 512) } as const;
    expect(run(exportPolicy, '10.9.9.0/26', on)).toMatchObject({
      accept: true,
      addCommunities: [0xfde80007],
      prepend: [65100, 65101],
      localPref: M - 600,
    });
    expect(accepts(exportPolicy, '10.9.9.0/24', on)).toBe(false);
    expect(accepts(exportPolicy, '10.9.9.0/26', { ...on, peerType: 'ibgp' })).toBe(false);
    expect(accepts(exportPolicy, '10.9.9.0/26', { ...on, attributes: localPref(1) })).toBe(false);
  });

  it('that do not exist let nothing pass with least privilege, and are skipped as by Calico', () => {
    const peer = resource('BGPPeer', 'tor', {
      peerIP: '10.0.0.254',
      asNumber: 64601,
      filters: ['tor-im'],
    });
    const other = filter('tor-in', { importV4: [{ action: 'Accept' }] });
    const strict = planOf('a', [A, POOL, BLOCK, peer, other]);
    expect(accepts(strict.plan!.peers[0]!.importPolicy, '192.0.2.0/24')).toBe(false);
    expect(strict.problems).toContainEqual(
      expect.objectContaining({
        severity: 'error',
        code: 'UnknownFilter',
        path: 'spec.filters[0]',
        value: 'tor-im',
        remedy: 'Did you mean tor-in?',
      }),
    );
    const lax = planOf('a', [A, POOL, BLOCK, peer, other], { outside: 'calico' });
    expect(accepts(lax.plan!.peers[0]!.importPolicy, '192.0.2.0/24')).toBe(true);
    expect(lax.problems).toContainEqual(
      expect.objectContaining({ severity: 'warning', code: 'UnknownFilter' }),
    );
  });
});

describe('peers outside the cluster', () => {
  const learned = { source: 'bgp', peerType: 'ebgp' } as const;

  it('are told own blocks alone with least privilege, and all pool members in Calico mode', () => {
    const strict = mustPlan('a', [A, POOL, BLOCK, TOR]).peers[0]!.exportPolicy;
    expect(accepts(strict, '10.244.1.0/26', { source: 'block', peerType: 'ebgp' })).toBe(true);
    expect(accepts(strict, '10.244.2.0/26', learned)).toBe(false);
    const lax = mustPlan('a', [A, POOL, BLOCK, TOR], { outside: 'calico' }).peers[0]!.exportPolicy;
    expect(accepts(lax, '10.244.2.0/26', learned)).toBe(true);
  });

  it('a node of the cluster is not outside, by whatever it is named', () => {
    const own = node('b', '10.0.0.2', { asNumber: 65002 });
    const plan = mustPlan('a', [A, own, POOL, BLOCK]);
    expect(accepts(peerNamed(plan, 'Mesh_10_0_0_2').exportPolicy, '10.244.2.0/26', learned)).toBe(
      true,
    );
  });

  it('may send anything, which is named until a filter says what', () => {
    const open = planOf('a', [A, POOL, BLOCK, TOR]);
    expect(accepts(open.plan!.peers[0]!.importPolicy, '192.0.2.0/24', learned)).toBe(true);
    expect(open.problems).toContainEqual(
      expect.objectContaining({ code: 'OpenImport', resource: 'BGPPeer/tor', severity: 'warning' }),
    );
    const peer = resource('BGPPeer', 'tor', {
      peerIP: '10.0.0.254',
      asNumber: 64601,
      filters: ['f'],
    });
    const filter = resource('BGPFilter', 'f', { importV4: [{ action: 'Reject' }] });
    expect(planOf('a', [A, POOL, BLOCK, peer, filter]).problems).toEqual([]);
  });
});

describe('prefixAdvertisements', () => {
  const list = (community: string): object => ({
    communities: [{ name: 'blue', value: community }],
    prefixAdvertisements: [{ cidr: '10.244.0.0/16', communities: ['blue'] }],
  });

  it('add communities, and the list of the node replaces the global one', () => {
    const global = resource('BGPConfiguration', 'default', list('65000:1'));
    const own = resource('BGPConfiguration', 'node.a', list('65000:2'));
    const first = mustPlan('a', [A, B, POOL, BLOCK, global]).peers[0]!.exportPolicy;
    expect(run(first, '10.244.1.0/26', { source: 'block' }).addCommunities).toEqual([0xfde80001]);
    const second = mustPlan('a', [A, B, POOL, BLOCK, global, own]).peers[0]!.exportPolicy;
    expect(run(second, '10.244.1.0/26', { source: 'block' }).addCommunities).toEqual([0xfde80002]);
  });
});
