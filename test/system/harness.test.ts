/**
 * The harness itself, on two real daemons that know nothing of godwit: what the other system tests
 * rely on (namespaces, starting, asking, watching the kernel) is proved here first.
 */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { isAlive } from '../../tools/fabric/process.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { Gobgp } from '../support/gobgp.ts';
import { type CalicoResource, calico, Godwit } from '../support/godwit.ts';
import { allRoutes, NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { RouteMonitor } from '../support/route-monitor.ts';
import { staysTrue, waitFor, waitForEqual } from '../support/wait-for.ts';

const NEEDS = ['root', 'netns', 'ip', 'veth', 'bird2', 'gobgpd'] as const;

describeWith(NEEDS, 'System test harness with BIRD 2 and GoBGP', () => {
  const lab = new NetworkLab();
  let left: Namespace;
  let right: Namespace;
  let bird: Bird;
  let gobgp: Gobgp;

  beforeAll(async () => {
    left = await lab.namespace('left');
    right = await lab.namespace('right');
    await lab.link(
      { namespace: left, device: 'eth0', addresses: ['10.9.0.1/24', 'fd09::1/64'] },
      { namespace: right, device: 'eth0', addresses: ['10.9.0.2/24', 'fd09::2/64'] },
    );
    bird = await Bird.start({ lab, namespace: left, name: 'bird', config: birdConfig('') });
    const common = { as: 64601, restartTime: 60 };
    gobgp = await Gobgp.start({
      lab,
      namespace: right,
      name: 'gobgp',
      as: 64602,
      routerId: '10.9.0.2',
      neighbors: [
        { ...common, address: '10.9.0.1', localAddress: '10.9.0.2', families: ['ipv4-unicast'] },
        { ...common, address: 'fd09::1', localAddress: 'fd09::2', families: ['ipv6-unicast'] },
      ],
    });
    await bird.untilEstablished('gobgp_v4', 'gobgp_v6');
  });

  afterAll(async () => {
    await lab.destroy();
  });

  it('sees sessions from both ends with the same words', async () => {
    await gobgp.untilEstablished('10.9.0.1', 'fd09::1');
    const session = await bird.protocol('gobgp_v4');
    expect(session).toMatchObject({
      proto: 'BGP',
      state: 'up',
      bgpState: 'Established',
      neighborAddress: '10.9.0.2',
      neighborAs: 64602,
    });
    const seen = (await gobgp.neighbors()).find((one) => one.address === '10.9.0.1');
    expect(seen).toMatchObject({ as: 64601, state: 'Established' });
  });

  it('reads the routes of each daemon, with their attributes', async () => {
    await gobgp.announce('203.0.113.0/24', 'med', '17', 'community', '64602:5');
    const route = await waitFor(
      () => bird.routes('203.0.113.0/24'),
      (routes) => routes.length === 1,
      { what: 'BIRD to have the route' },
    );
    expect(route[0]).toMatchObject({
      prefix: '203.0.113.0/24',
      protocol: 'gobgp_v4',
      best: true,
      attributes: { as_path: '64602', next_hop: '10.9.0.2', med: '17', community: '(64602,5)' },
    });
    const rib = await waitFor(
      () => gobgp.rib('ipv4'),
      (paths) => paths.some((one) => one.prefix === '192.0.2.0/24'),
      { what: "GoBGP to have BIRD's route" },
    );
    expect(rib.find((one) => one.prefix === '192.0.2.0/24')).toMatchObject({
      best: true,
      asPath: [64601],
      nextHop: '10.9.0.1',
    });
    const v6 = await waitFor(
      () => gobgp.rib('ipv6'),
      (paths) => paths.length === 1,
      { what: "GoBGP to have BIRD's IPv6 route" },
    );
    expect(v6[0]).toMatchObject({ prefix: '2001:db8:9::/48', nextHop: 'fd09::1', best: true });
  });

  it('sees every change of the kernel in order, and that a route is not touched', async () => {
    const monitor = await RouteMonitor.start(lab, left);
    await gobgp.announce('198.51.100.0/24');
    await waitFor(
      () => allRoutes(left),
      (routes) => routes.some((one) => one.dst === '198.51.100.0/24' && one.protocol === 'bird'),
      { what: 'BIRD to install the route' },
    );
    await staysTrue(
      () => allRoutes(left),
      (routes) => routes.some((one) => one.dst === '198.51.100.0/24'),
      { what: 'The route', forMs: 300 },
    );
    await gobgp.withdraw('198.51.100.0/24');
    await waitFor(
      () => allRoutes(left),
      (routes) => !routes.some((one) => one.dst === '198.51.100.0/24'),
      { what: 'BIRD to remove the route' },
    );
    const events = (await monitor.stop()).filter((one) => one.route.includes('198.51.100.0/24'));
    expect(events.map((one) => one.kind)).toEqual(['added', 'deleted']);
  });

  it('counts updates and withdrawals that BIRD received', async () => {
    const before = (await bird.protocol('gobgp_v4')).channels['ipv4'];
    await gobgp.announce('198.18.0.0/24');
    await gobgp.withdraw('198.18.0.0/24');
    await waitForEqual(
      async () => (await bird.protocol('gobgp_v4')).channels['ipv4']?.withdrawsReceived,
      (before?.withdrawsReceived ?? 0) + 1,
      { what: 'BIRD to count the withdrawal' },
    );
  });

  it('applies a new configuration without losing the session, and refuses a broken one', async () => {
    await bird.configure(birdConfig('route 192.0.3.0/24 blackhole;'));
    await waitFor(
      () => gobgp.rib('ipv4'),
      (paths) => paths.some((one) => one.prefix === '192.0.3.0/24'),
      { what: 'the added route' },
    );
    await expect(bird.configure('no such statement;')).rejects.toThrow(/syntax error/);
    expect((await bird.protocol('gobgp_v4')).bgpState).toBe('Established');
  });

  it('kills and restarts a daemon; its peer keeps stale routes through a graceful restart', async () => {
    await bird.configure(birdConfig(''));
    await bird.kill('SIGKILL');
    await waitFor(
      () => gobgp.rib('ipv4'),
      (paths) => paths.some((one) => one.prefix === '192.0.2.0/24' && one.stale),
      { what: 'GoBGP to mark the routes stale' },
    );
    await bird.startAgain({ recover: true });
    await bird.untilEstablished('gobgp_v4');
    await waitFor(
      () => gobgp.rib('ipv4'),
      (paths) => paths.some((one) => one.prefix === '192.0.2.0/24' && !one.stale),
      { what: 'the routes to be fresh again' },
    );
  });
});

describeWith([...NEEDS, 'native'], 'System test harness with godwit', () => {
  const lab = new NetworkLab();

  afterAll(async () => {
    await lab.destroy();
  });

  it('starts a godwit from resources, asks it, edits them, kills and starts it again', async () => {
    const left = await lab.namespace('left');
    const right = await lab.namespace('right');
    await lab.link(
      { namespace: left, device: 'eth0', addresses: ['10.9.0.1/24'] },
      { namespace: right, device: 'eth0', addresses: ['10.9.0.2/24'] },
    );
    const config = `${birdConfHead({ routerId: '10.9.0.1' })}
protocol bgp node {
  local 10.9.0.1 as 64601; neighbor 10.9.0.2 as 64512; passive; graceful restart on;
  ipv4 { import all; export none; };
}
`;
    const bird = await Bird.start({ lab, namespace: left, name: 'bird', config });
    const affinity = (cidr: string): CalicoResource =>
      calico('BlockAffinity', 'one', { node: 'right', cidr, state: 'confirmed', deleted: false });
    const godwit = new Godwit({
      lab,
      namespace: right,
      name: 'right',
      resources: [
        calico('Node', 'right', { bgp: { ipv4Address: '10.9.0.2/24' } }),
        calico('IPPool', 'pods', { cidr: '10.244.0.0/16' }),
        calico('BGPPeer', 'bird', { peerIP: '10.9.0.1', asNumber: 64601 }),
        affinity('10.244.7.0/26'),
      ],
    });
    const announced = (): Promise<string[]> =>
      bird.routes().then((routes) => routes.map((one) => one.prefix));
    await godwit.start();
    await godwit.untilEstablished('10.9.0.1');
    await waitForEqual(announced, ['10.244.7.0/26'], { what: "BIRD to have godwit's block" });

    godwit.writeResource(affinity('10.244.8.0/26'));
    await waitForEqual(announced, ['10.244.8.0/26'], { what: 'the edit to reach BIRD' });
    const [neighbor] = await godwit.neighbors();
    expect(neighbor).toMatchObject({ address: '10.9.0.1', remoteAs: 64601, flaps: 0 });

    await godwit.kill('SIGKILL');
    expect(await announced()).toEqual(['10.244.8.0/26']);
    await godwit.start();
    await bird.untilEstablished('node');
    godwit.removeResource('BlockAffinity', 'one');
    await waitForEqual(announced, [], { what: 'the withdrawal to reach BIRD' });
  });
});

describeWith(['root', 'netns', 'ip', 'veth'], 'System test harness', () => {
  it('leaves no namespace, process or directory behind', async () => {
    const lab = new NetworkLab();
    const namespace = await lab.namespace('only');
    const sleeper = await lab.spawn(namespace, { name: 'sleeper', argv: ['sleep', '1000'] });
    expect(namespace.exists()).toBe(true);
    expect(await namespace.pids()).toContain(sleeper.pid);
    await lab.destroy();
    expect(namespace.exists()).toBe(false);
    expect(isAlive(sleeper)).toBe(false);
    expect(existsSync(lab.dir)).toBe(false);
  });

  it('fails a wait with what was last seen', async () => {
    const never = waitFor(
      () => ({ state: 'Idle' }),
      () => false,
      { what: 'a miracle', timeoutMs: 30, intervalMs: 10 },
    );
    await expect(never).rejects.toThrow(/a miracle; last seen: \{"state":"Idle"\}/);
  });

  it('names the line of a batch that the kernel refuses', async () => {
    const lab = new NetworkLab();
    const namespace = await lab.namespace('only');
    const batch = namespace.batch(['link set lo up', 'link set nothere up']);
    await expect(batch).rejects.toThrow(/in line "link set nothere up"/);
    await lab.destroy();
  });
});

function birdConfig(more: string): string {
  return `${birdConfHead({ routerId: '10.9.0.1', kernel: true })}
protocol static own_v4 { ipv4; route 192.0.2.0/24 blackhole; ${more} }
protocol static own_v6 { ipv6; route 2001:db8:9::/48 blackhole; }
template bgp gobgp {
  connect retry time 1; error wait time 1, 2;
  graceful restart on;
}
protocol bgp gobgp_v4 from gobgp {
  local 10.9.0.1 as 64601; neighbor 10.9.0.2 as 64602;
  ipv4 { import all; export where source = RTS_STATIC; };
}
protocol bgp gobgp_v6 from gobgp {
  local fd09::1 as 64601; neighbor fd09::2 as 64602;
  ipv6 { import all; export where source = RTS_STATIC; };
}
`;
}
