/** Long-lived graceful restart opposite BIRD 2, either of the two away for longer than its restart time (RFC 9494). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { calico, Godwit, profile } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { RouteMonitor } from '../support/route-monitor.ts';
import { waitFor } from '../support/wait-for.ts';

const NODE = '10.9.0.1';
const ROUTER = '10.9.0.2';
const BLOCK = '10.244.1.0/26';
const ROUTE = '203.0.113.0/24';
/** Of both, in seconds. */
const RESTART_TIME = 3;

const BIRD_CONFIG = `${birdConfHead({ routerId: ROUTER, kernel: true })}
protocol static own { ipv4; route ${ROUTE} blackhole; }
protocol bgp node {
  local ${ROUTER} as 64512; neighbor ${NODE} as 64512; direct;
  connect retry time 1; connect delay time 1; error wait time 1, 2;
  graceful restart on; graceful restart time ${RESTART_TIME};
  long lived graceful restart on; long lived stale time 600;
  ipv4 { import all; export where proto = "own"; next hop self; };
}
`;

const NEEDS = ['root', 'netns', 'ip', 'veth', 'bird2', 'native'] as const;

describeWith(NEEDS, 'Long-lived graceful restart of godwit and BIRD 2', () => {
  const lab = new NetworkLab();
  let node: Namespace;
  let router: Namespace;
  let bird: Bird;
  let godwit: Godwit;

  beforeAll(async () => {
    [node, router] = [await lab.namespace('node'), await lab.namespace('router')];
    await lab.link(
      { namespace: node, device: 'eth0', addresses: [`${NODE}/24`] },
      { namespace: router, device: 'eth0', addresses: [`${ROUTER}/24`] },
    );
    bird = await Bird.start({ lab, namespace: router, name: 'bird', config: BIRD_CONFIG });
    godwit = new Godwit({
      lab,
      namespace: node,
      name: 'node',
      resources: [
        calico('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
        profile({ settings: { longLivedStaleTime: '600s' } }),
        calico('IPPool', 'pods', { cidr: '10.244.0.0/16', ipipMode: 'Never' }),
        calico('Node', 'node', { bgp: { ipv4Address: `${NODE}/24` } }),
        calico('BlockAffinity', 'own', { node: 'node', cidr: BLOCK, state: 'confirmed' }),
        calico('BGPPeer', 'bird', {
          peerIP: ROUTER,
          asNumber: 64_512,
          maxRestartTime: `${RESTART_TIME}s`,
        }),
      ],
    });
    await godwit.start();
    await godwit.untilEstablished(ROUTER);
    await bird.untilEstablished('node');
    await untilBirdHas((text) => text !== '');
    await untilGodwitHas({ stale: false, communities: [] });
  });

  afterAll(async () => {
    await lab.destroy();
  });

  /** `show route` of our block, attributes and all. */
  async function untilBirdHas(isSo: (text: string) => boolean): Promise<void> {
    await waitFor(() => bird.command('show', 'route', BLOCK, 'all'), isSo, {
      what: 'the block in BIRD',
      timeoutMs: 20_000,
    });
  }

  async function untilGodwitHas(what: object): Promise<void> {
    await waitFor(
      async () => {
        const [path] = (await godwit.routes(ROUTE))[0]?.paths ?? [];
        return { best: path?.best, stale: path?.stale, communities: path?.communities };
      },
      (seen) => JSON.stringify(seen) === JSON.stringify({ best: true, ...what }),
      { what: 'the route in godwit', timeoutMs: 20_000 },
    );
  }

  it('godwit keeps the routes of a BIRD that stays away, as the last resort', async () => {
    const monitor = await RouteMonitor.start(lab, node);
    await bird.kill('SIGKILL');
    await untilGodwitHas({ stale: true, communities: [] });
    await untilGodwitHas({ stale: true, communities: ['llgr-stale'] });
    expect((await godwit.neighbor(ROUTER)).families[0]).toMatchObject({
      longLived: true,
      stale: 1,
    });
    const detail = await godwit.command('show', 'neighbors', ROUTER);
    expect(detail).toMatch(
      /stale routes are kept as the last resort \(long-lived graceful restart\) for another 9m/,
    );
    await bird.startAgain({ recover: true });
    await untilGodwitHas({ stale: false, communities: [] });
    expect((await monitor.stop()).filter(({ route }) => route.includes(ROUTE))).toEqual([]);
  });

  it('BIRD keeps ours while the daemon is away, and has them fresh when it is back', async () => {
    await godwit.kill('SIGKILL');
    await untilBirdHas((text) => text.includes('(65535,6)'));
    const monitor = await RouteMonitor.start(lab, router);
    await godwit.start();
    await godwit.untilEstablished(ROUTER);
    await untilBirdHas((text) => text !== '' && !text.includes('(65535,6)'));
    await godwit.untilReady();
    const ofBlock = (await monitor.stop()).filter(({ route }) => route.includes(BLOCK));
    expect(ofBlock.filter(({ kind }) => kind === 'deleted')).toEqual([]);
  });
});
