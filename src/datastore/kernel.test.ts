/** Who writes which routes, and how (calico model 3.9). */

import { describe, expect, it } from 'vitest';
import { mustPlan, node, planOf, resource } from '../../test/support/resources.ts';

const A = node('a', '10.0.0.1');
const POOL = resource('IPPool', 'pool', { cidr: '10.244.0.0/16', ipipMode: 'CrossSubnet' });

describe('kernel rules', () => {
  const programming = (spec: object, global?: object, compat?: 'v3.33'): string => {
    const configuration = resource('BGPConfiguration', 'default', global ?? {});
    const pool = resource('IPPool', 'p', { cidr: '10.1.0.0/16', ...spec });
    const options = compat === undefined ? {} : { compat };
    return mustPlan('a', [A, configuration, pool], options).kernel.pools[0]!.programming;
  };

  it('carry the source and the MTU of routes, where godwit.yaml names them', () => {
    const routeExtras = { mtu: 1400 };
    expect(mustPlan('a', [A, POOL], { routeExtras }).kernel.extras).toEqual({ mtu: 1400 });
    expect(mustPlan('a', [A, POOL]).kernel.extras).toBeUndefined();
  });

  it('follow the encapsulation of the pool', () => {
    expect(programming({})).toBe('direct');
    expect(programming({ ipipMode: 'Always' })).toBe('tunnel');
    expect(programming({ ipipMode: 'CrossSubnet' })).toBe('cross-subnet');
    expect(programming({ vxlanMode: 'CrossSubnet' })).toBe('foreign');
    expect(programming({ disabled: true })).toBe('direct');
  });

  it('leave to Felix what programClusterRoutes leaves to it', () => {
    const ipip = { ipipMode: 'Always' };
    const table = [
      ['Enabled', 'tunnel', 'direct'],
      ['EnabledIPIPOnly', 'tunnel', 'foreign'],
      ['EnabledNoEncapOnly', 'foreign', 'direct'],
      ['Disabled', 'foreign', 'foreign'],
    ];
    for (const [value, tunnelled, plain] of table) {
      expect(programming(ipip, { programClusterRoutes: value })).toBe(tunnelled);
      expect(programming({}, { programClusterRoutes: value })).toBe(plain);
    }
  });

  it('without the field follow the version: Felix writes IP-in-IP from v3.33 on', () => {
    expect(programming({ ipipMode: 'Always' }, {}, 'v3.33')).toBe('foreign');
    expect(programming({}, {}, 'v3.33')).toBe('direct');
    const cluster = resource('ClusterInformation', 'default', { calicoVersion: 'v3.34.1' });
    const pool = resource('IPPool', 'p', { cidr: '10.1.0.0/16', ipipMode: 'Always' });
    expect(mustPlan('a', [A, pool, cluster]).kernel.pools[0]!.programming).toBe('foreign');
  });

  it('hold tunnelled routes where Calico may be, and nobody says which', () => {
    const held = mustPlan('a', [A, POOL], { datastore: 'kubernetes' }).kernel.holdTunnelled;
    expect(held).toContain('ClusterInformation');
    expect(mustPlan('a', [A, POOL]).kernel.holdTunnelled).toBeUndefined();
    const said = resource('BGPConfiguration', 'default', { programClusterRoutes: 'Enabled' });
    const known = mustPlan('a', [A, POOL, said], { datastore: 'kubernetes' });
    expect(known.kernel.holdTunnelled).toBeUndefined();
  });

  it('of two pools with one CIDR take the alphabetically first, and name the other', () => {
    const first = resource('IPPool', 'aa', { cidr: '10.1.0.0/16' });
    const second = resource('IPPool', 'bb', { cidr: '10.1.0.0/16', ipipMode: 'Always' });
    const { plan, problems } = planOf('a', [A, second, first]);
    expect(plan!.kernel.pools).toEqual([
      { cidr: '10.1.0.0/16', name: 'aa', programming: 'direct' },
    ]);
    expect(problems).toContainEqual(
      expect.objectContaining({ code: 'DuplicatePool', resource: 'IPPool/bb' }),
    );
  });

  it('say nothing of IPv4 pools on a node without IPv4 address', () => {
    const six = resource('Node', 'a', { bgp: { ipv6Address: 'fd00::1/64' } });
    expect(mustPlan('a', [six, POOL]).kernel.pools).toEqual([]);
    expect(mustPlan('a', [A]).kernel.ownSubnet).toEqual({ ipv4: '10.0.0.0/24' });
  });
});

describe('WireGuard', () => {
  const guarded = (name: string, address: string): unknown =>
    resource('Node', name, {
      bgp: { ipv4Address: `${address}/24` },
      wireguard: { interfaceIPv4Address: '10.244.99.1' },
    });

  it('leaves routes to nodes that have it too to Felix, by family, where this node has it', () => {
    const values = [guarded('b', '10.0.0.2'), node('c', '10.0.0.3')];
    expect(mustPlan('a', [guarded('a', '10.0.0.1'), ...values]).kernel.wireguard).toEqual([
      '10.0.0.2',
    ]);
    expect(mustPlan('a', [A, ...values]).kernel.wireguard).toBeUndefined();
  });
});
