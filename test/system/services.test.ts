/**
 * Services end to end: what a node announces for them reaches a real BIRD as endpoints come and go, its own kernel
 * stays free of them, and a node that is excluded withdraws them, all without a session noticing.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { type CalicoResource, calico, Godwit } from '../support/godwit.ts';
import { allRoutes, NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { endpointSlice, localServices } from '../support/services.ts';
import { waitFor } from '../support/wait-for.ts';

const NODE = { name: 'node-a', address: '10.9.0.1', as: 64_512 };
const OTHER = { name: 'node-b', address: '10.9.0.2' };
const TOR = { address: '10.9.0.9', as: 64_601 };
const CIDR = '10.96.0.0/12';
/** With the CIDR, 51 routes. */
const SERVICES = 50;
/** From the save of the file to the routes of the neighbor. */
const FOLLOWS_MS_MAX = 2_000;
const EXCLUDED = { 'node.kubernetes.io/exclude-from-external-load-balancers': 'true' };

const TOR_CONFIG = `${birdConfHead({ routerId: TOR.address })}
protocol bgp node_a {
  local ${TOR.address} as ${TOR.as}; neighbor ${NODE.address} as ${NODE.as}; passive; multihop;
  ipv4 { import all; export none; };
}
`;

describeWith(['root', 'netns', 'ip', 'veth', 'bridge', 'bird2', 'native'], 'Services', () => {
  const lab = new NetworkLab();
  const nodes: Godwit[] = [];
  const spaces: Namespace[] = [];
  let tor: Bird;

  beforeAll(async () => {
    const fabric = await lab.namespace('fabric');
    const bridge = { namespace: fabric, device: 'br0' };
    await lab.bridge(bridge);
    const attach = async (member: string, address: string): Promise<Namespace> => {
      const namespace = await lab.namespace(member);
      await lab.attach(bridge, { namespace, device: 'eth0', addresses: [`${address}/24`] });
      return namespace;
    };
    spaces.push(await attach('a', NODE.address), await attach('b', OTHER.address));
    const outside = await attach('tor', TOR.address);
    tor = await Bird.start({ lab, namespace: outside, name: 'tor', config: TOR_CONFIG });
    const resources = [
      node(NODE, {}),
      node(OTHER, {}),
      calico('BGPConfiguration', 'default', { serviceClusterIPs: [{ cidr: CIDR }] }),
      calico('BGPPeer', 'tor', { node: NODE.name, peerIP: TOR.address, asNumber: TOR.as }),
      calico('IPPool', 'pods', { cidr: '10.244.0.0/16' }),
    ];
    for (const [index, { name }] of [NODE, OTHER].entries()) {
      const godwit = new Godwit({ lab, namespace: spaces[index]!, name, resources });
      nodes.push(godwit);
      await godwit.start();
    }
    await nodes[0]!.untilEstablished(TOR.address, OTHER.address);
    await untilTold((prefixes) => prefixes.length === 1);
  });

  afterAll(async () => {
    for (const godwit of nodes) await godwit.end();
    await lab.destroy();
  });

  function node({ name, address }: typeof OTHER, labels: Record<string, string>): CalicoResource {
    const resource = calico('Node', name, { bgp: { ipv4Address: `${address}/24` } });
    return { ...resource, metadata: { name, labels } };
  }

  async function told(): Promise<string[]> {
    const routes = await tor.routes();
    return [...new Set(routes.map((route) => route.prefix))].sort();
  }

  async function untilTold(right: (prefixes: string[]) => boolean): Promise<number> {
    const began = performance.now();
    await waitFor(told, right, { what: 'the routes of the ToR', intervalMs: 20 });
    return performance.now() - began;
  }

  function write(values: readonly unknown[]): void {
    for (const godwit of nodes) {
      for (const value of values) godwit.writeResource(value as CalicoResource);
    }
  }

  /** Every session of both nodes: how often it came up and was lost. */
  async function sessions(): Promise<string[]> {
    const all = await Promise.all(nodes.map((godwit) => godwit.neighbors()));
    return all.flat().map(({ address, state, flaps }) => `${address} ${state} ${flaps}`);
  }

  it('appear within two seconds, whole, and no kernel route with them', async () => {
    const before = await sessions();
    write(localServices(SERVICES, NODE.name));
    const took = await untilTold((prefixes) => prefixes.length === SERVICES + 1);
    expect(took).toBeLessThan(FOLLOWS_MS_MAX);
    expect(await told()).toEqual(expect.arrayContaining([CIDR, '10.96.0.0/32', '10.96.0.49/32']));
    // Endpoints are on the first node alone; the second one knows their routes and programs none.
    await waitFor(
      () => nodes[1]!.routes('10.96.0.49/32'),
      (routes) => routes.length === 1,
      { what: 'the other node to know the service' },
    );
    for (const space of spaces) {
      const programmed = (await allRoutes(space)).filter(({ dst }) => dst.startsWith('10.96.'));
      expect(programmed).toEqual([]);
    }
    expect(await sessions()).toEqual(before);
  });

  it('vanish within two seconds when they are scaled to zero, all but their CIDR, and no change is held', async () => {
    const before = await sessions();
    const empty = Array.from({ length: SERVICES }, (_, index) =>
      endpointSlice(`s${index}`, { endpoints: [] }),
    );
    write(empty);
    const took = await untilTold((prefixes) => prefixes.length === 1);
    expect(took).toBeLessThan(FOLLOWS_MS_MAX);
    expect(await told()).toEqual([CIDR]);
    expect((await nodes[0]!.status()).heldChange).toBe('');
    expect(await sessions()).toEqual(before);
  });

  it('are counted by godwit plan before the mesh is turned off, and nothing happens', async () => {
    const before = await sessions();
    const change = calico('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false });
    const file = join(lab.dir, 'mesh-off.yaml');
    writeFileSync(file, stringify(change));
    const said = await nodes[0]!.command('plan', '-f', file);
    expect(said).toContain('session remove: Mesh_10_9_0_2 (Established)');
    // The CIDR of services is gone with the same edit.
    expect(said).toContain(`own prefixes withdrawn: ${CIDR}`);
    expect(said).toMatch(/risk: 1 Established session ends/);
    const [reply] = await nodes[0]!.json<{ sessions: unknown[] }>('plan', '-f', file);
    expect(reply!.sessions).toHaveLength(2);
    expect(await told()).toEqual([CIDR]);
    expect(await sessions()).toEqual(before);
  });

  it('are all withdrawn by a node that is excluded, and announced again by one that is not any more', async () => {
    const before = await sessions();
    write(localServices(SERVICES, NODE.name));
    await untilTold((prefixes) => prefixes.length === SERVICES + 1);
    write([node(NODE, EXCLUDED)]);
    expect(await untilTold((prefixes) => prefixes.length === 0)).toBeLessThan(FOLLOWS_MS_MAX);
    write([node(NODE, {})]);
    await untilTold((prefixes) => prefixes.length === SERVICES + 1);
    expect(await sessions()).toEqual(before);
  });
});
