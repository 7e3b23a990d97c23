/**
 * GTSM (RFC 5082) on the listener that all peers share: a peer with `ttlSecurity` and a node of the mesh, with the ordinary
 * TTL of 64, dial it together, and forged packets that came over a hop are dropped for the first.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KEEPALIVE } from '../../src/wire/keepalive.ts';
import { REPOSITORY } from '../../tools/cache-dir.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { Portal } from '../support/portal.ts';
import { RawPeer, usualCapabilities } from '../support/raw-peer.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

const NODE = '10.9.0.1';
/** godwit asks both for GTSM; the second sends with a TTL of 64. */
const STRICT = '10.9.0.2';
const LAX = '10.9.0.3';
/** Another node of the mesh. */
const MESH = '10.9.0.4';
const CLUSTER_AS = 64_512;
const FORGED = 50;

describeWith(
  ['root', 'netns', 'ip', 'veth', 'native', 'bird2'],
  'GTSM on a shared listener',
  () => {
    const lab = new NetworkLab();
    let node: Namespace;
    let outside: Namespace;
    let godwit: Godwit;
    let portal: Portal;
    let bird: Bird;

    beforeAll(async () => {
      node = await lab.namespace('node');
      outside = await lab.namespace('outside');
      await lab.link(
        { namespace: node, device: 'eth0', addresses: [`${NODE}/24`] },
        {
          namespace: outside,
          device: 'eth0',
          addresses: [STRICT, LAX, MESH].map((address) => `${address}/24`),
        },
      );
      godwit = new Godwit({
        lab,
        namespace: node,
        name: 'node',
        resources: [
          calico('Node', 'node', { bgp: { ipv4Address: `${NODE}/24` } }),
          calico('Node', 'other', { bgp: { ipv4Address: `${MESH}/24` } }),
          // Port 1: the calls of godwit find nobody there, so that all sessions come by the listener, as that of the mesh.
          calico('BGPPeer', 'strict', { peerIP: `${STRICT}:1`, asNumber: 65_002, ttlSecurity: 1 }),
          calico('BGPPeer', 'lax', { peerIP: `${LAX}:1`, asNumber: 65_003, ttlSecurity: 1 }),
        ],
      });
      await godwit.start();
      portal = await Portal.open(lab, outside, 'outside');
      bird = await Bird.start({ lab, namespace: outside, name: 'bird', config: birdConfig() });
    });

    afterAll(async () => {
      await godwit.end();
      await lab.destroy();
    });

    function birdConfig(): string {
      return `${birdConfHead({ routerId: STRICT })}
protocol bgp p_strict {
  local ${STRICT} as 65002; neighbor ${NODE} as 64512; direct; ttl security on;
  connect retry time 1; connect delay time 1; error wait time 1, 2;
  ipv4 { import all; export none; };
}
`;
    }

    /** A peer made by hand, with the TTL of 64 that everybody has. */
    async function caller(from: string, as: number): Promise<RawPeer> {
      const peer = new RawPeer(await portal.dial({ host: NODE, port: 179, from }));
      const identifier = as;
      peer.sendOpen({ as, identifier, capabilities: usualCapabilities(as) });
      peer.send(KEEPALIVE);
      peer.keepAlive(1000);
      return peer;
    }

    /** Of the namespace: segments below the minimum TTL of their connection. */
    async function ttlDrops(): Promise<number> {
      const { stdout } = await node.run(['cat', '/proc/net/netstat']);
      const [names = [], values = []] = stdout
        .split('\n')
        .filter((line) => line.startsWith('TcpExt:'))
        .map((line) => line.split(' '));
      return Number(values[names.indexOf('TCPMinTTLDrop')]);
    }

    async function forge(from: string, ttl: number): Promise<void> {
      const { stdout } = await node.run(['ss', '-Htn', 'state', 'established', 'dst', from]);
      const port = /(\d+)\s*$/.exec(stdout.trim())?.[1] ?? '';
      expect(port, stdout).not.toBe('');
      const program = join(REPOSITORY, 'test/support/forge-tcp.ts');
      const argv = [process.execPath, program, from, port, NODE, '179', `${ttl}`, `${FORGED}`];
      const { code, stderr } = await outside.run(argv);
      expect(code, stderr).toBe(0);
    }

    it('lets both come up: the one with TTL 255 and the one with TTL 64', async () => {
      // Calls are taken once it is known what the kernel has kept.
      await godwit.untilEstablished(STRICT);
      await caller(MESH, CLUSTER_AS);
      await godwit.untilEstablished(MESH);
      await bird.untilEstablished('p_strict');
      const { stdout } = await node.run(['ss', '-Htn', 'state', 'established', 'sport', '= :179']);
      expect(stdout).toContain(STRICT);
      expect(stdout).toContain(MESH);
    });

    it('drops forged packets with TTL 254 unseen, and lets those with 255 be judged by TCP', async () => {
      const before = await ttlDrops();
      await forge(STRICT, 254);
      await waitFor(ttlDrops, (drops) => drops - before >= FORGED, {
        what: 'forged packets to go',
      });
      const after = await ttlDrops();
      await forge(STRICT, 255);
      await forge(MESH, 64);
      expect(await ttlDrops()).toBeLessThan(after + FORGED / 2);
      for (const address of [STRICT, MESH]) {
        expect(await godwit.neighbor(address)).toMatchObject({ state: 'Established', flaps: 0 });
      }
    });

    it('keeps out the one whose packets come with TTL 64 where it asks for 255, and says what is wrong', async () => {
      await caller(LAX, 65_003);
      const { state, downBecause, received } = await waitFor(
        () => godwit.neighbor(LAX),
        ({ downBecause: why }) => (why ?? '').includes('ttlSecurity'),
        { what: 'the reason', timeoutMs: 60_000 },
      );
      expect(state).not.toBe('Established');
      expect(received.open).toBe(0);
      expect(downBecause).toMatch(
        /its packets arrive with a TTL below 255 and are dropped \(ttlSecurity 1\): it must send 255, within that many hops$/,
      );
    });
  },
);
