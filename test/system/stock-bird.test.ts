/**
 * A stock BIRD 2 on the same node writes routes of protocol 12 as well, outside the pools: they are its own, and
 * nothing that godwit does in its life touches one of them.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { RouteMonitor } from '../support/route-monitor.ts';
import { waitFor } from '../support/wait-for.ts';

/** BIRD's own, of every kind: through a gateway, direct, ECMP, blackhole; one encloses the pool, one is a host. */
const STATIC_V4 = `
  route 172.30.1.0/24 via 10.9.0.2;
  route 172.30.2.0/24 via "eth0";
  route 172.30.3.0/24 via 10.9.0.2 weight 2 via 10.9.0.3;
  route 172.31.0.0/16 blackhole;
  route 10.0.0.0/8 unreachable;
  route 10.245.0.1/32 via 10.9.0.2;
`;
const STATIC_V6 = `
  route 2001:db8:77::/48 via fd09::2;
  route 2001:db8:78::/48 blackhole;
`;
const OWN = /172\.3[01]\.|\b10\.0\.0\.0\/8|10\.245\.0\.1|2001:db8:7[78]::/;
const LEARNED = '10.244.7.0/26';
const OWN_BLOCK = '10.244.1.0/26';

describeWith(
  ['root', 'netns', 'ip', 'veth', 'bird2', 'native'],
  'godwit beside a stock BIRD 2 on one node',
  () => {
    const lab = new NetworkLab();
    let node: Namespace;
    let godwit: Godwit;
    let peer: Bird;
    let monitor: RouteMonitor;

    beforeAll(async () => {
      node = await lab.namespace('node');
      const other = await lab.namespace('peer');
      await lab.link(
        { namespace: node, device: 'eth0', addresses: ['10.9.0.1/24', 'fd09::1/64'] },
        { namespace: other, device: 'eth0', addresses: ['10.9.0.2/24', 'fd09::2/64'] },
      );
      await Bird.start({
        lab,
        namespace: node,
        name: 'stock',
        config: `log stderr all; router id 10.9.0.1; protocol device {}
protocol kernel { scan time 600; ipv4 { export all; }; }
protocol kernel { scan time 600; ipv6 { export all; }; }
protocol static { ipv4; ${STATIC_V4} }
protocol static { ipv6; ${STATIC_V6} }
`,
      });
      peer = await Bird.start({ lab, namespace: other, name: 'peer', config: peerConfig(LEARNED) });
      godwit = new Godwit({
        lab,
        namespace: node,
        name: 'node',
        resources: [
          calico('Node', 'node', { bgp: { ipv4Address: '10.9.0.1/24' } }),
          calico('IPPool', 'pods', { cidr: '10.244.0.0/16' }),
          calico('BlockAffinity', 'own', {
            node: 'node',
            cidr: '10.244.1.0/26',
            state: 'confirmed',
          }),
          calico('BGPPeer', 'peer', { peerIP: '10.9.0.2', asNumber: 64_512 }),
        ],
      });
      await waitFor(bySomebodyElse, (routes) => routes.length === 8, {
        what: 'the stock BIRD to write its routes',
      });
      monitor = await RouteMonitor.start(lab, node);
    });

    afterAll(async () => {
      await lab.destroy();
    });

    /** The stock BIRD's routes with all that `ip` says of them, ECMP hops in the same line. */
    async function bySomebodyElse(): Promise<string[]> {
      const v4 = await node.ip('-d', '-o', '-4', 'route', 'show', 'proto', '12');
      const v6 = await node.ip('-d', '-o', '-6', 'route', 'show', 'proto', '12');
      return `${v4}${v6}`.split('\n').filter((line) => OWN.test(line));
    }

    async function untilInstalled(...prefixes: string[]): Promise<void> {
      await waitFor(
        async () => (await node.ip('route', 'show', 'proto', '12')).split('\n'),
        (lines) => {
          const ours = lines.filter((line) => line.includes('10.244.'));
          return (
            ours.length === prefixes.length &&
            prefixes.every((prefix) => ours.some((line) => line.includes(prefix)))
          );
        },
        { what: `godwit's routes to be ${prefixes.join(', ')}`, intervalMs: 50 },
      );
    }

    it("leaves BIRD's routes untouched through start, kill -9, restart, edits and stop", async () => {
      const before = await bySomebodyElse();
      const own = '10.244.1.0/26';
      await godwit.start();
      await untilInstalled(own, LEARNED);

      await godwit.kill('SIGKILL');
      await peer.configure(peerConfig('10.244.8.0/26'));
      await godwit.start();
      // The sweep of what was adopted and is announced no more: the moment in which too much could go.
      await untilInstalled(own, '10.244.8.0/26');

      godwit.removeResource('BlockAffinity', 'own');
      await untilInstalled('10.244.8.0/26');
      await godwit.kill('SIGTERM');
      await godwit.start();
      await godwit.untilEstablished('10.9.0.2');
      await peer.configure(peerConfig(undefined));
      await untilInstalled();
      await godwit.command('shut');
      await godwit.running.exited;

      expect(await bySomebodyElse()).toEqual(before);
      const touched = (await monitor.stop()).filter(({ route }) => OWN.test(route));
      expect(touched).toEqual([]);
    });

    it("removes all that godwit wrote with cleanup, and leaves BIRD's routes and others' untouched", async () => {
      const before = await bySomebodyElse();
      const again = await RouteMonitor.start(lab, node);
      await peer.configure(peerConfig(LEARNED));
      godwit.writeResource(
        calico('BlockAffinity', 'own', { node: 'node', cidr: OWN_BLOCK, state: 'confirmed' }),
      );
      await godwit.start();
      await untilInstalled(OWN_BLOCK, LEARNED);
      // Of Felix and of people, in the pool: neither is ours.
      await node.ip('route', 'add', '10.244.20.0/26', 'via', '10.9.0.2', 'proto', '80');
      await node.ip('route', 'add', '10.244.21.0/26', 'via', '10.9.0.2', 'proto', 'static');

      const refused = await cleanup();
      expect([refused.code, refused.stderr]).toEqual([
        1,
        expect.stringMatching(/godwitd runs and would write its routes again.*--shut/),
      ]);
      await untilInstalled(OWN_BLOCK, LEARNED);
      await godwit.kill('SIGKILL');
      // What a BIRD before us left in a pool of ours, in no journal.
      await node.ip('route', 'add', '10.244.22.0/26', 'via', '10.9.0.2', 'proto', '12');

      const list = await cleanup('--list');
      expect(list.stdout).toMatch(/would remove 10\.244\.7\.0\/26 via .* \(in the journal\)/);
      expect(list.stdout).toMatch(
        /would remove 10\.244\.22\.0\/26 .* \(in a pool of the cluster\)/,
      );
      expect(list.stdout).toMatch(/^3 routes would be removed$/m);
      await untilInstalled(OWN_BLOCK, LEARNED, '10.244.22.0/26');

      const done = await cleanup();
      expect([done.code, done.stderr]).toEqual([0, '']);
      expect(done.stdout).toMatch(/^3 routes removed; nothing of godwit is left$/m);
      await untilInstalled();
      const others = await node.ip('route', 'show', 'root', '10.244.0.0/16');
      expect(others).toMatch(/10\.244\.20\.0\/26 .*proto 80/);
      expect(others).toMatch(/10\.244\.21\.0\/26 .*proto static/);
      expect((await cleanup()).stdout).toMatch(/^0 routes removed/m);

      expect(await bySomebodyElse()).toEqual(before);
      const touched = (await again.stop()).filter(({ route }) => OWN.test(route));
      expect(touched).toEqual([]);
    });

    it('stops the daemon first where it is asked to, and then removes all', async () => {
      await godwit.start();
      await untilInstalled(OWN_BLOCK, LEARNED);
      const done = await cleanup('--shut');
      expect([done.code, done.stderr]).toEqual([0, '']);
      expect(done.stdout).toMatch(/^2 routes removed; nothing of godwit is left$/m);
      await godwit.running.exited;
      await untilInstalled();
    });

    function cleanup(...words: string[]): ReturnType<Godwit['runInside']> {
      return godwit.runInside('cleanup', '--config', godwit.configPath, ...words);
    }

    it('hears it when one of them is touched', async () => {
      const again = await RouteMonitor.start(lab, node);
      const before = await bySomebodyElse();
      await node.ip('route', 'delete', '172.30.1.0/24');
      const touched = (await again.stop()).filter(({ route }) => OWN.test(route));
      expect(touched).toMatchObject([{ kind: 'deleted' }]);
      expect(await bySomebodyElse()).toHaveLength(before.length - 1);
    });
  },
);

/** A node of the same AS that announces one block, or none. */
function peerConfig(block: string | undefined): string {
  const routes = block === undefined ? '' : `route ${block} blackhole;`;
  return `${birdConfHead({ routerId: '10.9.0.2' })}
protocol static blocks { ipv4; ${routes} }
protocol bgp node {
  local 10.9.0.2 as 64512; neighbor 10.9.0.1 as 64512; direct;
  connect retry time 1; connect delay time 1; error wait time 1, 2; graceful restart on;
  ipv4 { import all; next hop self; export where source = RTS_STATIC; };
}
`;
}
