/**
 * godwit and two real BIRD 2: four sessions at once (eBGP and iBGP, IPv4 and IPv6, dialled by either side),
 * announcing, changing, withdrawing, restarts of either side, loss, and a wrong AS.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BirdRoute } from '../../tools/fabric/birdc.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { allRoutes, NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { RouteMonitor } from '../support/route-monitor.ts';
import { staysTrue, waitFor, waitForEqual } from '../support/wait-for.ts';

/** The four sessions, by BIRD's protocol name. A port of 1: godwit's own calls find nobody there. */
const SESSIONS = {
  ebgp4: { address: '10.9.0.2', as: 64_601, node: '10.9.0.1', dials: 'godwit' },
  ibgp4: { address: '10.9.0.3', as: 64_512, node: '10.9.0.1', dials: 'bird' },
  ebgp6: { address: 'fd09::2', as: 64_601, node: 'fd09::1', dials: 'bird' },
  ibgp6: { address: 'fd09::3', as: 64_512, node: 'fd09::1', dials: 'godwit' },
} as const;
type SessionName = keyof typeof SESSIONS;
const NAMES = Object.keys(SESSIONS) as SessionName[];

/** Of a node's own block, as Calico 3.32 and later derives it from the metric 1024: 2³¹ − 1 − 1024. */
const LOCAL_PREF = '2147482623';
const BLOCK_V4 = '10.244.1.0/26';
const BLOCK_V6 = 'fd00:10:244:1::/122';
/** What BIRD announces on each session. */
const ROUTES: Readonly<Record<SessionName, string>> = {
  ebgp4: '203.0.113.0/24',
  ibgp4: '198.51.100.0/24',
  ebgp6: '2001:db8:a::/48',
  ibgp6: '2001:db8:b::/48',
};

type BirdName = 'outside' | 'inside';
/** One BIRD outside, one in our AS: BIRD has one session at most with an address. */
const BIRDS: Readonly<Record<BirdName, readonly SessionName[]>> = {
  outside: ['ebgp4', 'ebgp6'],
  inside: ['ibgp4', 'ibgp6'],
};

interface BirdWish {
  /** Attributes set on what is announced, in BIRD's language. */
  readonly set?: string;
  /** Sessions that announce nothing. */
  readonly silent?: readonly SessionName[];
  /** AS of BIRD in its sessions, instead of the right one. */
  readonly as?: number;
}

function birdConfig(bird: BirdName, { set = '', silent = [], as }: BirdWish = {}): string {
  const names = BIRDS[bird];
  const statics = names
    .filter((name) => !silent.includes(name))
    .map(
      (name) =>
        `protocol static s_${name} { ${familyOf(name)}; route ${ROUTES[name]} blackhole; }\n`,
    );
  const sessions = names.map((name) => {
    const { address, as: usual, node, dials } = SESSIONS[name];
    // ebgp6 knows no graceful restart: what it loses, it withdraws.
    return `protocol bgp ${name} {
  local ${address} as ${as ?? usual}; neighbor ${node} as 64512; direct;
  ${dials === 'bird' ? '' : 'passive;'} connect retry time 1; connect delay time 1;
  error wait time 1, 2; hold time 9; keepalive time 1;
  graceful restart ${name === 'ebgp6' ? 'off' : 'on'}; graceful restart time 30;
  ${familyOf(name)} {
    import all; next hop self;
    export filter { if proto != "s_${name}" then reject; ${set} accept; };
  };
}
`;
  });
  const routerId = SESSIONS[names[0]!].address;
  return `${birdConfHead({ routerId })}${statics.join('')}${sessions.join('')}`;
}

function familyOf(name: SessionName): 'ipv4' | 'ipv6' {
  return name.endsWith('4') ? 'ipv4' : 'ipv6';
}

const NEEDS = ['root', 'netns', 'ip', 'veth', 'bird2', 'native'] as const;

describeWith(NEEDS, 'godwit and BIRD 2', () => {
  const lab = new NetworkLab();
  let node: Namespace;
  let outside: Namespace;
  const birds = {} as Record<BirdName, Bird>;
  let godwit: Godwit;
  const addresses = NAMES.map((name) => SESSIONS[name].address);

  beforeAll(async () => {
    node = await lab.namespace('node');
    const bridge = { namespace: node, device: 'eth0', addresses: ['10.9.0.1/24', 'fd09::1/64'] };
    await lab.bridge(bridge);
    for (const name of ['outside', 'inside'] as const) {
      const namespace = await lab.namespace(name);
      if (name === 'outside') outside = namespace;
      const own = BIRDS[name].map((session) => withLength(SESSIONS[session].address));
      await lab.attach(bridge, { namespace, device: 'eth0', addresses: own });
      birds[name] = await Bird.start({ lab, namespace, name, config: birdConfig(name) });
    }
    godwit = new Godwit({
      lab,
      namespace: node,
      name: 'node',
      resources: [
        calico('Node', 'node', {
          bgp: { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd09::1/64' },
        }),
        calico('IPPool', 'pods-v4', { cidr: '10.244.0.0/16' }),
        calico('IPPool', 'pods-v6', { cidr: 'fd00:10:244::/48' }),
        calico('BlockAffinity', 'v4', { node: 'node', cidr: BLOCK_V4, state: 'confirmed' }),
        calico('BlockAffinity', 'v6', { node: 'node', cidr: BLOCK_V6, state: 'confirmed' }),
        ...NAMES.map((name) => {
          const { address, as, dials } = SESSIONS[name];
          const host = address.includes(':') ? `[${address}]` : address;
          const peerIP = dials === 'godwit' ? address : `${host}:1`;
          return calico('BGPPeer', name, { peerIP, asNumber: as });
        }),
      ],
    });
    await godwit.start();
    await godwit.untilReady();
    await godwit.untilEstablished(...addresses);
    for (const name of NAMES) await birdOf(name).untilEstablished(name);
  });

  afterAll(async () => {
    await lab.destroy();
  });

  function birdOf(name: SessionName): Bird {
    return birds[BIRDS.outside.includes(name) ? 'outside' : 'inside'];
  }

  async function configure(wish: BirdWish = {}): Promise<void> {
    for (const name of ['outside', 'inside'] as const) {
      await birds[name].configure(birdConfig(name, wish));
    }
  }

  /** godwit's best path for `prefix`, with what tests look at; undefined without one. */
  async function path(
    prefix: string,
  ): Promise<Awaited<ReturnType<Godwit['routes']>>[0]['paths'][0] | undefined> {
    const [route] = await godwit.routes(prefix);
    return route?.paths.find(({ best }) => best);
  }

  async function inKernel(prefix: string): Promise<boolean> {
    const routes = await allRoutes(node);
    return routes.some(({ dst, protocol }) => dst === prefix && protocol === 'bird');
  }

  function announced(name: SessionName): Promise<BirdRoute[]> {
    return birdOf(name).routes('protocol', name);
  }

  async function untilLearned(prefix: string, there: boolean): Promise<void> {
    await waitForEqual(
      async () => [(await path(prefix)) !== undefined, await inKernel(prefix)],
      [there, there],
      { what: `${prefix} to be ${there ? 'learned and installed' : 'gone'}`, intervalMs: 50 },
    );
  }

  it('is called by BIRD and calls BIRD, in both families', async () => {
    const text = await node.runOk(['ss', '-Htn', 'state', 'established']);
    const accepted = text
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , local]) => local?.endsWith(':179') === true)
      .map(([, , , remote]) => remote?.replace(/:\d+$/, '').replace(/[[\]]/g, ''));
    expect(accepted.sort()).toEqual([SESSIONS.ibgp4.address, SESSIONS.ebgp6.address]);
    expect(text).toContain(`${SESSIONS.ebgp4.address}:179`);
    expect(text).toContain(`[${SESSIONS.ibgp6.address}]:179`);
  });

  it('announces its blocks with the attributes that belong to eBGP and to iBGP', async () => {
    await waitFor(
      async () => (await Promise.all(NAMES.map(announced))).map((routes) => routes.length),
      (lengths) => lengths.every((length) => length === 1),
      { what: 'BIRD to have the block on each session' },
    );
    expect(await announced('ebgp4')).toMatchObject([
      { prefix: BLOCK_V4, attributes: { as_path: '64512', next_hop: '10.9.0.1', origin: 'IGP' } },
    ]);
    expect(await announced('ibgp4')).toMatchObject([
      {
        prefix: BLOCK_V4,
        attributes: { as_path: '', next_hop: '10.9.0.1', local_pref: LOCAL_PREF },
      },
    ]);
    expect(await announced('ebgp6')).toMatchObject([
      { prefix: BLOCK_V6, attributes: { as_path: '64512', next_hop: 'fd09::1' } },
    ]);
    expect(await announced('ibgp6')).toMatchObject([
      { prefix: BLOCK_V6, attributes: { next_hop: 'fd09::1', local_pref: LOCAL_PREF } },
    ]);
  });

  it('learns and installs what BIRD announces, and follows changed attributes and withdrawals', async () => {
    for (const name of NAMES) await untilLearned(ROUTES[name], true);
    expect(await path(ROUTES.ebgp4)).toMatchObject({ asPath: '64601', nextHop: '10.9.0.2' });
    expect(await path(ROUTES.ibgp6)).toMatchObject({ asPath: '', nextHop: 'fd09::3' });

    const set = 'bgp_med = 17; bgp_community.add((64601, 5));';
    await configure({ set });
    for (const name of NAMES) {
      await waitFor(
        () => path(ROUTES[name]),
        (seen) => seen?.med === 17 && seen.communities.includes('64601:5'),
        { what: `the change on ${name}`, intervalMs: 50 },
      );
      expect(await inKernel(ROUTES[name])).toBe(true);
    }
    await configure({ set, silent: NAMES });
    for (const name of NAMES) await untilLearned(ROUTES[name], false);
    await configure();
    for (const name of NAMES) await untilLearned(ROUTES[name], true);
    for (const { address } of Object.values(SESSIONS)) {
      expect(await godwit.neighbor(address)).toMatchObject({ established: 1, flaps: 0 });
    }
  });

  it('withdraws a block that is deleted, and announces one that is added', async () => {
    const { updatesReceived } = (await birds.outside.protocol('ebgp4')).channels['ipv4']!;
    godwit.writeResource(
      calico('BlockAffinity', 'v4', { node: 'node', cidr: '10.244.9.0/26', state: 'confirmed' }),
    );
    const prefixes = async (): Promise<string[]> =>
      (await announced('ebgp4')).map(({ prefix }) => prefix);
    await waitForEqual(prefixes, ['10.244.9.0/26'], { what: 'the edit to reach BIRD' });
    const after = (await birds.outside.protocol('ebgp4')).channels['ipv4']!;
    expect(after.withdrawsReceived).toBe(1);
    expect(after.updatesReceived).toBe(updatesReceived + 1);
    godwit.writeResource(
      calico('BlockAffinity', 'v4', { node: 'node', cidr: BLOCK_V4, state: 'confirmed' }),
    );
    await waitForEqual(prefixes, [BLOCK_V4], { what: 'the edit to be undone' });
  });

  it('keeps the routes of a BIRD that restarts gracefully, and drops those it does not announce again', async () => {
    const monitor = await RouteMonitor.start(lab, node);
    await birds.inside.kill('SIGKILL');
    await birds.outside.kill('SIGKILL');
    for (const name of ['ebgp4', 'ibgp4', 'ibgp6'] as const) {
      await waitFor(
        () => path(ROUTES[name]),
        (seen) => seen?.stale === true,
        { what: `the route of ${name} to be stale`, intervalMs: 50 },
      );
      expect(await inKernel(ROUTES[name])).toBe(true);
    }
    // The session without graceful restart lost its route at once.
    await untilLearned(ROUTES.ebgp6, false);
    expect(await godwit.neighbor(SESSIONS.ebgp4.address)).toMatchObject({
      gracefulRestart: { stale: true, peerRestartTime: 30 },
    });
    for (const name of ['outside', 'inside'] as const) {
      const config = birdConfig(name, { silent: ['ibgp4'] });
      await birds[name].startAgain({ recover: true, config });
    }
    await godwit.untilEstablished(...addresses);
    for (const name of ['ebgp4', 'ibgp6'] as const) {
      await waitFor(
        () => path(ROUTES[name]),
        (seen) => seen?.stale === false,
        { what: `the route of ${name} to be fresh again`, intervalMs: 50 },
      );
    }
    for (const name of NAMES) await untilLearned(ROUTES[name], name !== 'ibgp4');
    const events = (await monitor.stop()).filter(({ kind }) => kind === 'deleted');
    const deleted = events.map(({ route }) => /[\da-f.:]+\/\d+/.exec(route)?.[0]);
    expect(deleted.sort()).toEqual([ROUTES.ibgp4, ROUTES.ebgp6].sort());
    await configure();
    await untilLearned(ROUTES.ibgp4, true);
  });

  it('drops at once what a BIRD announced that says goodbye with a NOTIFICATION', async () => {
    await birds.outside.command('disable', 'ebgp4');
    await untilLearned(ROUTES.ebgp4, false);
    const neighbor = await godwit.neighbor(SESSIONS.ebgp4.address);
    expect(neighbor.lastError).toMatch(/Peer says Cease \(6\), .*\(2\)/);
    await birds.outside.command('enable', 'ebgp4');
    await godwit.untilEstablished(SESSIONS.ebgp4.address);
    await untilLearned(ROUTES.ebgp4, true);
  });

  it('is a graceful restart to BIRD when it is terminated: routes stay, also in the kernel', async () => {
    const before = (await birds.outside.protocol('ebgp4')).channels['ipv4']!;
    const monitor = await RouteMonitor.start(lab, node);
    expect(await godwit.kill('SIGTERM')).toBe(0);
    await waitFor(
      () => birds.outside.protocol('ebgp4'),
      ({ bgpState }) => bgpState !== 'Established',
      { what: 'BIRD to see the session end', intervalMs: 20 },
    );
    expect(await announced('ebgp4')).toMatchObject([{ prefix: BLOCK_V4 }]);
    // Without graceful restart BIRD is told why (RFC 4486: Administrative Shutdown).
    expect((await birds.outside.protocol('ebgp6')).lastError).toMatch(
      /Received: Administrative shutdown/,
    );
    expect(await announced('ebgp6')).toEqual([]);
    expect(await inKernel(ROUTES.ebgp4)).toBe(true);
    await godwit.start();
    await godwit.untilEstablished(...addresses);
    expect(await announced('ebgp4')).toMatchObject([{ prefix: BLOCK_V4 }]);
    const after = (await birds.outside.protocol('ebgp4')).channels['ipv4']!;
    expect(after.withdrawsReceived).toBe(before.withdrawsReceived);
    for (const name of NAMES) await untilLearned(ROUTES[name], true);
    const events = await monitor.stop();
    expect(events.filter(({ kind }) => kind === 'deleted')).toEqual([]);
  });

  it('loses by its hold timer a BIRD whose link is cut, and has it back with the link', async () => {
    await outside.ip('link', 'set', 'eth0', 'down');
    for (const name of BIRDS.outside) {
      const { address } = SESSIONS[name];
      await waitFor(
        () => godwit.neighbor(address),
        ({ state }) => state !== 'Established',
        { what: `${name} to be lost`, timeoutMs: 30_000 },
      );
      const down = godwit.events('session-down').findLast((event) => event['address'] === address);
      expect(down?.['reason']).toMatch(/hold timer expired/);
    }
    await untilLearned(ROUTES.ebgp6, false);
    expect(await godwit.neighbor(SESSIONS.ibgp4.address)).toMatchObject({ state: 'Established' });
    await outside.ip('link', 'set', 'eth0', 'up');
    // The kernel drops IPv6 addresses with the link.
    await outside.ip('address', 'replace', 'fd09::2/64', 'dev', 'eth0', 'nodad');
    await godwit.untilEstablished(...addresses);
    for (const name of NAMES) await untilLearned(ROUTES[name], true);
  });

  it('refuses a BIRD with another AS by NOTIFICATION 2/2 and says what would be right', async () => {
    await birds.outside.configure(birdConfig('outside', { as: 64_699 }));
    await waitFor(
      () => birds.outside.protocol('ebgp4'),
      ({ lastError }) => lastError?.includes('Bad peer AS') === true,
      { what: 'BIRD to be told', intervalMs: 50 },
    );
    expect((await birds.outside.protocol('ebgp4')).lastError).toBe('Received: Bad peer AS');
    const neighbor = await godwit.neighbor(SESSIONS.ebgp4.address);
    expect(neighbor.state).not.toBe('Established');
    expect(neighbor.lastError).toMatch(/Bad Peer AS.*64699.*64601/);
    expect(await godwit.command('show', 'neighbors')).toMatch(/10\.9\.0\.2 .*64699/);
    await staysTrue(
      () => godwit.neighbor(SESSIONS.ibgp4.address),
      ({ state }) => state === 'Established',
      { what: 'The other session', forMs: 1_000, intervalMs: 200 },
    );
    await configure();
    await godwit.untilEstablished(...addresses);
  });
});

function withLength(address: string): string {
  return `${address}/${address.includes(':') ? 64 : 24}`;
}
