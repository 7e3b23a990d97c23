/**
 * Neighbors that nobody names: three real BIRD 2 call from a listen range with one password for all of it. They are let
 * in within its limit, carry both families over one connection, and are gone when they are gone.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { type CalicoResource, calico, Godwit } from '../support/godwit.ts';
import { allRoutes, NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { staysTrue, waitFor, waitForEqual } from '../support/wait-for.ts';

const PASSWORD = 'one-for-the-range';
const BLOCK_V4 = '10.244.1.0/26';
const BLOCK_V6 = 'fd00:10:244:1::/122';

/** In the range 10.9.0.128/25. */
const CALLERS = {
  first: { host: 129, as: 65_101, v4: '203.0.113.0/24', v6: '2001:db8:a::/48' },
  second: { host: 130, as: 65_102, v4: '198.51.100.0/24', v6: '2001:db8:b::/48' },
  third: { host: 131, as: 65_103, v4: '192.0.2.0/24', v6: '2001:db8:c::/48' },
} as const;
type CallerName = keyof typeof CALLERS;

function addressOf(name: CallerName): string {
  return `10.9.0.${CALLERS[name].host}`;
}

function birdConfig(name: CallerName, password = PASSWORD): string {
  const { host, as, v4, v6 } = CALLERS[name];
  return `${birdConfHead({ routerId: addressOf(name) })}
protocol static s4 { ipv4; route ${v4} blackhole; }
protocol static s6 { ipv6; route ${v6} blackhole; }
protocol bgp node {
  local ${addressOf(name)} as ${as}; neighbor 10.9.0.1 as 64512; direct;
  password "${password}";
  connect retry time 1; connect delay time 1; error wait time 1, 2;
  hold time 9; keepalive time 1; graceful restart off;
  ipv4 { import all; export where proto = "s4"; next hop self; };
  ipv6 { import all; export where proto = "s6"; next hop address fd09::${host}; };
}
`;
}

const RANGE = { prefix: '10.9.0.128/25', asNumber: 'external', peersMax: 2 };
const RESOURCES: readonly CalicoResource[] = [
  calico('Node', 'node', { bgp: { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd09::1/64' } }),
  calico('IPPool', 'pods-v4', { cidr: '10.244.0.0/16' }),
  calico('IPPool', 'pods-v6', { cidr: 'fd00:10:244::/48' }),
  calico('BlockAffinity', 'v4', { node: 'node', cidr: BLOCK_V4, state: 'confirmed' }),
  calico('BlockAffinity', 'v6', { node: 'node', cidr: BLOCK_V6, state: 'confirmed' }),
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'range', namespace: 'kube-system' },
    stringData: { key: PASSWORD },
  } as unknown as CalicoResource,
  {
    apiVersion: 'godwit.dev/v1',
    kind: 'PeerProfile',
    metadata: { name: 'machines' },
    spec: {
      settings: { families: ['ipv4-unicast', 'ipv6-unicast'], timers: { holdTime: '9s' } },
      listenRanges: [{ ...RANGE, password: { secretKeyRef: { name: 'range', key: 'key' } } }],
    },
  },
];

const NEEDS = ['root', 'netns', 'ip', 'veth', 'bird2', 'native'] as const;

describeWith(NEEDS, 'callers from a listen range', () => {
  const lab = new NetworkLab();
  let node: Namespace;
  const birds = {} as Record<CallerName, Bird>;
  let godwit: Godwit;

  async function start(name: CallerName): Promise<void> {
    const namespace = await lab.namespace(name);
    const { host } = CALLERS[name];
    const addresses = [`${addressOf(name)}/24`, `fd09::${host}/64`];
    const bridge = { namespace: node, device: 'eth0', addresses: [] };
    await lab.attach(bridge, { namespace, device: 'eth0', addresses });
    birds[name] = await Bird.start({ lab, namespace, name, config: birdConfig(name) });
  }

  async function names(): Promise<string[]> {
    return (await godwit.neighbors()).map(({ name }) => name).sort();
  }

  async function inKernel(prefix: string): Promise<boolean> {
    const routes = await allRoutes(node);
    return routes.some(({ dst, protocol }) => dst === prefix && protocol === 'bird');
  }

  beforeAll(async () => {
    node = await lab.namespace('node');
    await lab.bridge({
      namespace: node,
      device: 'eth0',
      addresses: ['10.9.0.1/24', 'fd09::1/64'],
    });
    godwit = new Godwit({ lab, namespace: node, name: 'node', resources: RESOURCES });
    await godwit.start();
    await godwit.untilReady();
    for (const name of ['first', 'second'] as const) await start(name);
    await godwit.untilEstablished(addressOf('first'), addressOf('second'));
  });

  afterAll(async () => {
    await lab.destroy();
  });

  it('are neighbors, by the AS that they say and the one password of the range', async () => {
    expect(await godwit.neighbor(addressOf('first'))).toMatchObject({
      name: 'Dynamic_10_9_0_129',
      kind: 'dynamic',
      remoteAs: 65_101,
      origin: 'PeerProfile/machines range 10.9.0.128/25',
      holdTime: 9,
    });
    const detail = await godwit.command('show', 'neighbors', addressOf('second'));
    expect(detail).toMatch(/^Neighbor: +Dynamic_10_9_0_130 \(dynamic eBGP, /m);
    expect(detail).toMatch(/^timers\.holdTime +9s +PeerProfile\/machines$/m);
  });

  it('carry both families over one connection, each with a next hop of its own', async () => {
    const { v4, v6 } = CALLERS.first;
    await waitForEqual(() => Promise.all([v4, v6].map(inKernel)), [true, true], {
      what: 'the routes of both families to be installed',
    });
    const [six] = await godwit.routes(v6);
    expect(six?.paths[0]).toMatchObject({ nextHop: 'fd09::129', asPath: '65101' });
    await waitFor(
      () => birds.first.routes('protocol', 'node'),
      (routes) => routes.length === 2,
      { what: 'BIRD to have both blocks' },
    );
    const told = await birds.first.routes('protocol', 'node');
    const hops = told.map(({ prefix, attributes }) => [prefix, attributes['next_hop']]);
    expect(hops.sort()).toEqual([
      [BLOCK_V4, '10.9.0.1'],
      [BLOCK_V6, 'fd09::1'],
    ]);
  });

  it('are refused when the range is full, with the reason, and let in when one has gone', async () => {
    await start('third');
    const caller = await waitFor(
      async () => (await godwit.status()).unknownCallers[0],
      (seen) => seen?.address === addressOf('third'),
      { what: 'the third caller to be refused' },
    );
    expect(caller!.reason).toBe(
      'range 10.9.0.128/25 of PeerProfile/machines has its 2 neighbors; raise peersMax',
    );
    expect(await names()).toEqual(['Dynamic_10_9_0_129', 'Dynamic_10_9_0_130']);

    await birds.second.shutDown();
    await waitForEqual(names, ['Dynamic_10_9_0_129', 'Dynamic_10_9_0_131'], {
      what: 'the third to take the place of the second',
    });
    await godwit.untilEstablished(addressOf('third'));
    expect(await inKernel(CALLERS.second.v4)).toBe(false);
    expect(godwit.events('peer-removed')).toMatchObject([{ peer: 'Dynamic_10_9_0_130' }]);
  });

  it('are not even heard with another password', async () => {
    await birds.third.configure(birdConfig('third', 'another'));
    await waitForEqual(names, ['Dynamic_10_9_0_129'], { what: 'the third to be gone' });
    await staysTrue(names, ({ length }) => length === 1, {
      what: 'a caller with another password is not heard',
      forMs: 3000,
    });
    await birds.third.configure(birdConfig('third'));
    await godwit.untilEstablished(addressOf('third'));
    expect(await godwit.neighbor(addressOf('first'))).toMatchObject({ flaps: 0 });
  });

  it('go with the range', async () => {
    const profile = RESOURCES.at(-1)!;
    godwit.writeResource({ ...profile, spec: { settings: {} } });
    await waitForEqual(names, [], { what: 'all of them to be gone' });
    expect(await inKernel(CALLERS.first.v6)).toBe(false);
  });
});
