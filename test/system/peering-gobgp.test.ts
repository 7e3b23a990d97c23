/**
 * godwit and real GoBGPs: eBGP and iBGP, IPv4 and IPv6, dialled by either side; announcing, changing,
 * withdrawing, a restart of either side, and a wrong AS.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Gobgp, type GobgpFamily, type GobgpPath } from '../support/gobgp.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { allRoutes, NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { RouteMonitor } from '../support/route-monitor.ts';
import { waitFor, waitForEqual } from '../support/wait-for.ts';

const BLOCKS = { ipv4: '10.244.1.0/26', ipv6: 'fd00:10:244:1::/122' } as const;
const NODE = { ipv4: '10.9.0.1', ipv6: 'fd09::1' } as const;
/** GoBGP's own: it installs nothing, so that these are only learned. `dials` by family. */
const PEERS = {
  outside: {
    as: 64_602,
    ipv4: { address: '10.9.0.2', route: '203.0.113.0/24', dials: 'godwit' },
    ipv6: { address: 'fd09::2', route: '2001:db8:a::/48', dials: 'gobgp' },
  },
  inside: {
    as: 64_512,
    ipv4: { address: '10.9.0.3', route: '198.51.100.0/24', dials: 'gobgp' },
    ipv6: { address: 'fd09::3', route: '2001:db8:b::/48', dials: 'godwit' },
  },
  // godwit expects AS 64698 of it.
  wrong: {
    as: 64_699,
    ipv4: { address: '10.9.0.4', route: '192.0.2.0/24', dials: 'godwit' },
    ipv6: { address: 'fd09::4', route: '2001:db8:c::/48', dials: 'godwit' },
  },
} as const;
type PeerName = keyof typeof PEERS;
const FAMILIES = ['ipv4', 'ipv6'] as const;
const GOOD = ['outside', 'inside'] as const;
const SESSIONS = GOOD.flatMap((name) => FAMILIES.map((family) => ({ name, family })));
const ADDRESSES = SESSIONS.map(({ name, family }) => PEERS[name][family].address);

const NEEDS = ['root', 'netns', 'ip', 'veth', 'bridge', 'gobgpd', 'native'] as const;

describeWith(NEEDS, 'godwit and GoBGP', () => {
  const lab = new NetworkLab();
  const peers = {} as Record<PeerName, Gobgp>;
  let node: Namespace;
  let godwit: Godwit;

  beforeAll(async () => {
    node = await lab.namespace('node');
    const bridge = { namespace: node, device: 'eth0', addresses: ['10.9.0.1/24', 'fd09::1/64'] };
    await lab.bridge(bridge);
    for (const name of ['outside', 'inside', 'wrong'] as const) {
      const { as, ipv4, ipv6 } = PEERS[name];
      const namespace = await lab.namespace(name);
      const addresses = [`${ipv4.address}/24`, `${ipv6.address}/64`];
      await lab.attach(bridge, { namespace, device: 'eth0', addresses });
      const neighbors = FAMILIES.map((family) => ({
        address: NODE[family],
        as: 64_512,
        localAddress: PEERS[name][family].address,
        families: [`${family}-unicast`] as const,
        passive: PEERS[name][family].dials === 'godwit',
        restartTime: 30,
      }));
      const routerId = ipv4.address;
      peers[name] = await Gobgp.start({ lab, namespace, name, as, routerId, neighbors });
    }
    godwit = new Godwit({
      lab,
      namespace: node,
      name: 'node',
      resources: [
        calico('Node', 'node', { bgp: { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd09::1/64' } }),
        calico('IPPool', 'pods-v4', { cidr: '10.244.0.0/16' }),
        calico('IPPool', 'pods-v6', { cidr: 'fd00:10:244::/48' }),
        ...FAMILIES.map((family) =>
          calico('BlockAffinity', family, {
            node: 'node',
            cidr: BLOCKS[family],
            state: 'confirmed',
          }),
        ),
        ...(['outside', 'inside', 'wrong'] as const).flatMap((name) =>
          FAMILIES.map((family) => {
            const { address, dials } = PEERS[name][family];
            // A port of 1: godwit's own calls find nobody there.
            const host = family === 'ipv6' ? `[${address}]` : address;
            const peerIP = dials === 'godwit' ? address : `${host}:1`;
            const asNumber = name === 'wrong' ? 64_698 : PEERS[name].as;
            return calico('BGPPeer', `${name}-${family}`, { peerIP, asNumber });
          }),
        ),
      ],
    });
    await godwit.start();
    await godwit.untilEstablished(...ADDRESSES);
  });

  afterAll(async () => {
    await lab.destroy();
  });

  async function announceAll(...words: string[]): Promise<void> {
    for (const { name, family } of SESSIONS) {
      await peers[name].announce(PEERS[name][family].route, ...words);
    }
  }

  type Path = Awaited<ReturnType<Godwit['routes']>>[0]['paths'][0];

  async function path(prefix: string): Promise<Path | undefined> {
    const [route] = await godwit.routes(prefix);
    return route?.paths.find(({ best }) => best);
  }

  async function untilLearned(prefix: string, there: boolean): Promise<void> {
    await waitForEqual(
      async () => [
        (await path(prefix)) !== undefined,
        (await allRoutes(node)).some(({ dst }) => dst === prefix),
      ],
      [there, there],
      { what: `${prefix} to be ${there ? 'learned and installed' : 'gone'}`, intervalMs: 50 },
    );
  }

  async function blockAt(name: PeerName, family: GobgpFamily): Promise<GobgpPath | undefined> {
    return (await peers[name].rib(family)).find(({ prefix }) => prefix === BLOCKS[family]);
  }

  it('forms every session, called by GoBGP or calling it', async () => {
    for (const { name, family } of SESSIONS) {
      const { address, dials } = PEERS[name][family];
      expect(await godwit.neighbor(address)).toMatchObject({
        state: 'Established',
        type: name === 'inside' ? 'ibgp' : 'ebgp',
        remoteAs: PEERS[name].as,
      });
      const host = family === 'ipv6' ? `[${address}]` : address;
      const text = await node.runOk(['ss', '-Htn', 'state', 'established', 'dst', host]);
      expect(/:179\s*$/.test(text.trim())).toBe(dials === 'godwit');
    }
  });

  it('announces its blocks with the attributes that belong to eBGP and to iBGP', async () => {
    for (const { name, family } of SESSIONS) {
      const seen = await waitFor(
        () => blockAt(name, family),
        (block) => block !== undefined,
        { what: `${name} to have the ${family} block` },
      );
      expect(seen).toMatchObject({
        best: true,
        asPath: name === 'outside' ? [64_512] : [],
        nextHop: NODE[family],
        // As Calico 3.32 and later derives it from the metric 1024; none goes over eBGP.
        localPref: name === 'outside' ? undefined : 2_147_482_623,
      });
    }
  });

  it('learns, installs, changes and withdraws what GoBGP says', async () => {
    await announceAll();
    for (const { name, family } of SESSIONS) {
      await untilLearned(PEERS[name][family].route, true);
      expect(await path(PEERS[name][family].route)).toMatchObject({
        asPath: name === 'outside' ? '64602' : '',
        nextHop: PEERS[name][family].address,
        communities: [],
      });
    }
    await announceAll('med', '17', 'community', '64602:5');
    for (const { name, family } of SESSIONS) {
      await waitFor(
        () => path(PEERS[name][family].route),
        (seen) => seen?.med === 17 && seen.communities.includes('64602:5'),
        { what: `the change of ${name} ${family}`, intervalMs: 50 },
      );
    }
    for (const { name, family } of SESSIONS) {
      await peers[name].withdraw(PEERS[name][family].route);
      await untilLearned(PEERS[name][family].route, false);
      const { address } = PEERS[name][family];
      expect(await godwit.neighbor(address)).toMatchObject({ established: 1, flaps: 0 });
    }
  });

  it('withdraws a deleted block from GoBGP, and announces it again', async () => {
    const own = { node: 'node', cidr: BLOCKS.ipv6, state: 'confirmed' };
    godwit.removeResource('BlockAffinity', 'ipv6');
    for (const name of GOOD) {
      await waitFor(
        () => blockAt(name, 'ipv6'),
        (block) => block === undefined,
        { what: `${name} to lose the block` },
      );
    }
    godwit.writeResource(calico('BlockAffinity', 'ipv6', own));
    for (const name of GOOD) {
      await waitFor(
        () => blockAt(name, 'ipv6'),
        (block) => block !== undefined,
        { what: `${name} to have the block again` },
      );
    }
  });

  it('keeps the routes of a killed GoBGP until it comes back without them', async () => {
    await announceAll();
    for (const { name, family } of SESSIONS) await untilLearned(PEERS[name][family].route, true);
    await peers.outside.kill('SIGKILL');
    for (const family of FAMILIES) {
      const { route } = PEERS.outside[family];
      await waitFor(
        () => path(route),
        (seen) => seen?.stale === true,
        { what: `${route} to be stale`, intervalMs: 50 },
      );
      expect((await allRoutes(node)).some(({ dst }) => dst === route)).toBe(true);
    }
    // GoBGP has forgotten what was added to it, and says that it kept no forwarding state.
    await peers.outside.startAgain();
    await godwit.untilEstablished(...ADDRESSES);
    for (const family of FAMILIES) await untilLearned(PEERS.outside[family].route, false);
    await announceAll();
    for (const { name, family } of SESSIONS) await untilLearned(PEERS[name][family].route, true);
  });

  it('drops at once what a GoBGP announced that is shut down in order', async () => {
    await peers.inside.command('neighbor', NODE.ipv4, 'shutdown');
    await untilLearned(PEERS.inside.ipv4.route, false);
    const { lastError } = await godwit.neighbor(PEERS.inside.ipv4.address);
    expect(lastError).toMatch(/^Peer says Cease \(6\), Administrative Shutdown \(2\)/);
    await peers.inside.command('neighbor', NODE.ipv4, 'enable');
    await godwit.untilEstablished(...ADDRESSES);
    await untilLearned(PEERS.inside.ipv4.route, true);
  });

  it('is a graceful restart to GoBGP when it is terminated: its blocks stay, its kernel too', async () => {
    const monitor = await RouteMonitor.start(lab, node);
    expect(await godwit.kill('SIGTERM')).toBe(0);
    for (const { name, family } of SESSIONS) {
      await waitFor(
        () => blockAt(name, family),
        (block) => block?.stale === true,
        { what: `${name} to keep the ${family} block as stale` },
      );
    }
    await godwit.start();
    await godwit.untilEstablished(...ADDRESSES);
    for (const { name, family } of SESSIONS) {
      await waitFor(
        () => blockAt(name, family),
        (block) => block?.stale === false,
        { what: `the ${family} block at ${name} to be fresh again` },
      );
      await untilLearned(PEERS[name][family].route, true);
    }
    expect((await monitor.stop()).filter(({ kind }) => kind === 'deleted')).toEqual([]);
  });

  it('refuses a GoBGP with another AS and says what would be right', async () => {
    const { address } = PEERS.wrong.ipv4;
    await waitFor(
      () => godwit.neighbor(address),
      ({ lastError }) => lastError?.includes('Bad Peer AS') === true,
      { what: 'the refusal', timeoutMs: 40_000 },
    );
    const { state, downBecause } = await godwit.neighbor(address);
    expect(state).not.toBe('Established');
    expect(downBecause).toMatch(/64699.*64698/);
    expect(godwit.events('notification').at(-1)).toMatchObject({
      direction: 'sent',
      text: expect.stringMatching(/^OPEN Message Error \(2\), Bad Peer AS \(2\)/),
    });
    // GoBGP keeps no record of what it read, but that it was a NOTIFICATION.
    const said = await peers.wrong.command('neighbor', NODE.ipv4, '-j');
    const { state: theirs } = JSON.parse(said) as {
      state: { messages: { received: { notification?: number } } };
    };
    expect(theirs.messages.received.notification).toBeGreaterThan(0);
  });
});
