/**
 * What others do to the kernel behind godwit's back: a route deleted or changed, a foreign route in the way, a second
 * writer, a tunnel device that comes late, links and addresses that go and come. All is followed, nothing is fought
 * at line rate, and whatever is not as wished is named.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { RouteMonitor } from '../support/route-monitor.ts';
import { staysTrue, waitFor } from '../support/wait-for.ts';

/** Learned from the peer; each case has one of its own, since a disturbed route is remembered for a minute. */
const DELETED = '10.244.7.0/26';
const FOUGHT = '10.244.8.0/26';
const CHANGED = '10.244.9.0/26';
const TAKEN = '10.244.10.0/26';
const CALM = '10.244.11.0/26';
const TUNNELLED = '10.245.7.0/26';
const LEARNED = [DELETED, FOUGHT, CHANGED, TAKEN, CALM, TUNNELLED];
const OWN = '10.244.1.0/26';
/** Metric of cluster routes, part of the kernel's key (Calico 3.32 and later). */
const METRIC = ['metric', '1024'] as const;

describeWith(['root', 'netns', 'ip', 'veth', 'bird2', 'native'], 'godwit and its kernel', () => {
  const lab = new NetworkLab();
  let node: Namespace;
  let godwit: Godwit;

  beforeAll(async () => {
    node = await lab.namespace('node');
    const other = await lab.namespace('peer');
    await lab.link(
      { namespace: node, device: 'eth0', addresses: ['10.9.0.1/24'] },
      { namespace: other, device: 'eth0', addresses: ['10.9.0.2/24', '10.9.0.3/24'] },
    );
    const config = `${birdConfHead({ routerId: '10.9.0.2' })}
protocol static blocks { ipv4; ${LEARNED.map((cidr) => `route ${cidr} blackhole;`).join(' ')} }
protocol bgp node {
  local 10.9.0.2 as 64512; neighbor 10.9.0.1 as 64512; direct;
  connect retry time 1; connect delay time 1; error wait time 1, 2; graceful restart on;
  ipv4 { import all; next hop self; export filter {
    if source != RTS_STATIC then reject;
    bgp_local_pref = 2147482623; # what another node would say: metric 1024
    accept;
  }; };
}
`;
    await Bird.start({ lab, namespace: other, name: 'peer', config });
    godwit = new Godwit({
      lab,
      namespace: node,
      name: 'node',
      resources: [
        calico('Node', 'node', { bgp: { ipv4Address: '10.9.0.1/24' } }),
        calico('IPPool', 'direct', { cidr: '10.244.0.0/16' }),
        calico('IPPool', 'tunnelled', { cidr: '10.245.0.0/16', ipipMode: 'Always' }),
        calico('BlockAffinity', 'own', { node: 'node', cidr: OWN, state: 'confirmed' }),
        calico('BGPPeer', 'peer', { peerIP: '10.9.0.2', asNumber: 64_512 }),
      ],
    });
    // In the way before godwit comes: same prefix, same metric, another's protocol.
    await node.ip('route', 'add', TAKEN, 'via', '10.9.0.3', 'proto', 'static', ...METRIC);
    await godwit.start();
    await godwit.untilEstablished('10.9.0.2');
    await untilOurs(DELETED, FOUGHT, CHANGED, CALM);
  });

  afterAll(async () => {
    await lab.destroy();
  });

  async function show(prefix: string): Promise<string> {
    return (await node.ip('route', 'show', prefix)).trim();
  }

  async function untilOurs(...prefixes: string[]): Promise<void> {
    await waitFor(
      () => node.ip('route', 'show', 'proto', '12'),
      (text) => prefixes.every((prefix) => text.includes(`${prefix} via 10.9.0.2 dev eth0`)),
      { what: `${prefixes.join(', ')} to be installed`, intervalMs: 10, timeoutMs: 15_000 },
    );
  }

  /** State and reason of one kernel route, as godwit tells them. */
  async function told(prefix: string): Promise<{ state: string; because: string }> {
    const found = (await godwit.kernelRoutes()).find((route) => route.prefix === prefix);
    if (found === undefined) throw new Error(`godwit knows no kernel route ${prefix}`);
    return { state: found.state, because: found.because ?? '' };
  }

  async function timed(what: Promise<unknown>): Promise<number> {
    const began = performance.now();
    await what;
    return performance.now() - began;
  }

  it('restores at once a route that somebody deletes, and says so', async () => {
    await node.ip('route', 'delete', DELETED);
    expect(await timed(untilOurs(DELETED))).toBeLessThan(1_000);
    const restored = await waitFor(
      () => godwit.events('route-restored'),
      (events) => events.length > 0,
      { what: 'the event' },
    );
    expect(restored).toMatchObject([{ prefix: DELETED, attempts: 1 }]);
    expect(restored[0]!['reason']).toMatch(/\w/);
  });

  it('restores its own blackhole, too', async () => {
    await node.ip('route', 'delete', 'blackhole', OWN);
    const took = await timed(
      waitFor(
        () => show(OWN),
        (text) => /^blackhole 10\.244\.1\.0\/26 proto (bird|12)/.test(text),
        { what: 'the blackhole', intervalMs: 10 },
      ),
    );
    expect(took).toBeLessThan(1_000);
  });

  it('restores a route that somebody changes, without a moment in which there is none', async () => {
    const monitor = await RouteMonitor.start(lab, node);
    await node.ip('route', 'replace', CHANGED, 'via', '10.9.0.3', 'proto', '12', ...METRIC);
    expect(await timed(untilOurs(CHANGED))).toBeLessThan(1_000);
    const events = (await monitor.stop()).filter(({ route }) => route.includes(CHANGED));
    expect(events.map(({ kind }) => kind)).toEqual(['added', 'added']);
  });

  it('does not fight at line rate whoever deletes a route again and again, and wins in the end', async () => {
    const until = performance.now() + 4_000;
    let deleted = 0;
    while (performance.now() < until) {
      if ((await show(FOUGHT)) === '') continue;
      await node.ip('route', 'delete', FOUGHT);
      deleted++;
      // Meanwhile the back-off of this route delays no other one.
      if (deleted === 4) {
        await node.ip('route', 'delete', CALM);
        expect(await timed(untilOurs(CALM))).toBeLessThan(1_000);
      }
    }
    // At once, then after 0.1, 0.2, 0.4, 0.8, 1.6 s.
    expect(deleted).toBeGreaterThanOrEqual(5);
    expect(deleted).toBeLessThanOrEqual(8);
    const { state, because } = await told(FOUGHT);
    expect(state).toBe('pending');
    expect(because).toMatch(/\w/);
    await untilOurs(FOUGHT);
  });

  it('leaves a foreign route with its key alone and names it, and takes over when that is gone', async () => {
    expect(await show(TAKEN)).toContain('via 10.9.0.3 dev eth0 proto static');
    const { state, because } = await told(TAKEN);
    expect(state).toBe('foreign');
    expect(because).toMatch(/static/);
    expect(await godwit.command('show', 'kernel')).toMatch(/10\.244\.10\.0\/26 +foreign .*static/);
    await staysTrue(
      () => show(TAKEN),
      (text) => text.includes('proto static') && !text.includes('10.9.0.2'),
      { what: 'The foreign route', forMs: 500 },
    );
    await node.ip('route', 'delete', TAKEN, 'proto', 'static');
    expect(await timed(untilOurs(TAKEN))).toBeLessThan(1_000);
  });

  it('holds back tunnel routes while there is no tunnel device, and installs them when it comes', async () => {
    expect(await show(TUNNELLED)).toBe('');
    const { state, because } = await told(TUNNELLED);
    expect(state).toBe('held-back');
    expect(because).toMatch(/tunl0/);
    await node.batch(['link add tunl0 type veth peer name far', 'link set far up']);
    await node.ip('link', 'set', 'tunl0', 'up');
    const took = await timed(
      waitFor(
        () => show(TUNNELLED),
        (text) => text.includes('via 10.9.0.2 dev tunl0') && text.includes('onlink'),
        { what: 'the route through tunl0', intervalMs: 10, timeoutMs: 10_000 },
      ),
    );
    expect(took).toBeLessThan(1_000);
    await node.ip('link', 'delete', 'tunl0');
    await waitFor(
      () => told(TUNNELLED),
      ({ state: now }) => now === 'held-back',
      { what: 'the route to be held back again' },
    );
  });

  it('keeps the session while the link is down, answers for the blocks as unreachable, and recovers with it', async () => {
    await node.ip('link', 'set', 'eth0', 'down');
    const blocks = [DELETED, FOUGHT, CHANGED, TAKEN, CALM];
    await waitFor(
      () => node.ip('route', 'show', 'proto', '12'),
      (text) => blocks.every((prefix) => text.includes(`unreachable ${prefix}`)),
      { what: 'the blocks to be unreachable' },
    );
    const monitor = await RouteMonitor.start(lab, node);
    await new Promise((resolve) => {
      setTimeout(resolve, 1_500);
    });
    expect(await monitor.stop()).toEqual([]); // nothing is tried in vain
    await node.ip('link', 'set', 'eth0', 'up');
    expect(await timed(untilOurs(...blocks))).toBeLessThan(2_000);
    expect(await node.ip('route', 'show', 'proto', '12')).not.toContain('unreachable 10.244');
    expect(await godwit.neighbor('10.9.0.2')).toMatchObject({ state: 'Established', flaps: 0 });
  });

  it('gets over the loss of its own address', async () => {
    await node.ip('address', 'delete', '10.9.0.1/24', 'dev', 'eth0');
    await waitFor(
      () => node.ip('route', 'show', 'proto', '12'),
      (text) => !text.includes('10.9.0.2'),
      { what: 'the kernel to drop the routes' },
    );
    await node.ip('address', 'add', '10.9.0.1/24', 'dev', 'eth0');
    await godwit.untilEstablished('10.9.0.2');
    const took = await timed(untilOurs(DELETED, FOUGHT, CHANGED, TAKEN, CALM));
    expect(took).toBeLessThan(2_000);
  });

  it('backs off before a second program that removes all its routes once a second', async () => {
    const monitor = await RouteMonitor.start(lab, node);
    const rival = await Bird.start({
      lab,
      namespace: node,
      name: 'rival',
      // With metric 0 BIRD takes all routes of protocol 12 for its own, and removes what it does not know.
      config: `router id 10.9.0.9; protocol device {}
protocol kernel { scan time 1; metric 0; ipv4 { export none; }; }
`,
    });
    await waitFor(
      () => told(CALM),
      ({ state }) => state === 'pending',
      { what: 'godwit to hold back', timeoutMs: 15_000 },
    );
    await new Promise((resolve) => {
      setTimeout(resolve, 5_000); // five more rounds of the rival
    });
    await rival.kill('SIGKILL');
    const adds = (await monitor.stop()).filter(
      ({ kind, route }) => kind === 'added' && route.includes(CALM),
    );
    expect(adds.length).toBeGreaterThanOrEqual(2);
    expect(adds.length).toBeLessThanOrEqual(8);
    // FOUGHT has been fought over before and waits longer.
    await untilOurs(DELETED, CHANGED, TAKEN, CALM);
  });
});
