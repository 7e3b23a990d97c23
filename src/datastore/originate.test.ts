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

describe('with USE_POD_CIDR', () => {
  it('the own blocks are the podCIDRs of the own Node, and no affinity counts', () => {
    const own = { ...(A as object), status: { podCIDRs: ['10.244.7.0/24', 'fd00:7::/64'] } };
    const affinity = resource('BlockAffinity', 'x', { node: 'a', cidr: '10.244.1.0/26' });
    const prefixes = (usePodCidr: boolean): string[] =>
      mustPlan('a', [own, affinity], { usePodCidr }).originated.map((item) => item.prefix);
    expect(prefixes(true)).toEqual(['10.244.7.0/24', 'fd00:7::/64']);
    expect(prefixes(false)).toEqual(['10.244.1.0/26']);
  });
});

describe('a peer with reachableBy', () => {
  const peer = (name: string, spec: object): unknown =>
    resource('BGPPeer', name, { peerIP: '192.0.2.9', asNumber: 65_000, ...spec });
  const routes = (...values: unknown[]): unknown =>
    mustPlan('a', [A, ...values]).originated.filter((item) => item.source === 'static');

  it('has a host route by way of that gateway, once whatever the number of peers there', () => {
    const route = {
      prefix: '192.0.2.9/32',
      source: 'static',
      blackhole: false,
      gateway: '10.0.0.254',
      origin: 'reachableBy of BGPPeer/p',
    };
    const p = peer('p', { reachableBy: '10.0.0.254' });
    expect(routes(p)).toEqual([route]);
    const q = peer('q', { peerIP: '192.0.2.9:1179', reachableBy: '10.0.0.254' });
    expect(routes(p, q)).toEqual([route]);
    expect(routes(peer('p', { node: 'b', reachableBy: '10.0.0.254' }))).toEqual([]);
  });

  it('that is reversed has one to the other node by the same gateway', () => {
    const b = node('b', '10.9.0.2');
    const towardsMe = peer('p', {
      node: 'b',
      peerIP: '10.0.0.1',
      asNumber: 64_512,
      reachableBy: '10.0.0.254',
    });
    expect(routes(b, towardsMe)).toEqual([
      expect.objectContaining({ prefix: '10.9.0.2/32', gateway: '10.0.0.254' }),
    ]);
  });
});
