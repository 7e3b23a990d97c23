/** Fast external fall-over by real links: a session with BIRD 2 ends when its wire does, not with its hold time. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { staysTrue, waitFor } from '../support/wait-for.ts';

/** Both routers announce it; the first one is preferred by its path. */
const ROUTE = '203.0.113.0/24';
const WIRES = {
  first: { node: '10.9.1.1', router: '10.9.1.2', as: 65_001 },
  second: { node: '10.9.2.1', router: '10.9.2.2', as: 65_002 },
  /** Of our own AS: its session is not to end. */
  inside: { node: '10.9.3.1', router: '10.9.3.2', as: 64_512 },
} as const;
type WireName = keyof typeof WIRES;
const NAMES = Object.keys(WIRES) as WireName[];

function birdConfig(name: WireName): string {
  const { node, router, as } = WIRES[name];
  const prepend = name === 'second' ? `bgp_path.prepend(${as});` : '';
  return `${birdConfHead({ routerId: router })}
protocol static own { ipv4; ${name === 'inside' ? '' : `route ${ROUTE} blackhole;`} }
protocol bgp node {
  local ${router} as ${as}; neighbor ${node} as 64512; direct;
  connect retry time 1; connect delay time 1; error wait time 1, 2;
  graceful restart on; graceful restart time 60;
  ipv4 { import none; next hop self; export filter { ${prepend} accept; }; };
}
`;
}

const NEEDS = ['root', 'netns', 'ip', 'veth', 'bird2', 'native'] as const;

describeWith(NEEDS, 'A wire to a neighbor that goes down', () => {
  const lab = new NetworkLab();
  let space: Namespace;
  let godwit: Godwit;
  const routers = {} as Record<WireName, Namespace>;

  beforeAll(async () => {
    space = await lab.namespace('node');
    for (const name of NAMES) {
      const namespace = await lab.namespace(name);
      routers[name] = namespace;
      const { node, router } = WIRES[name];
      await lab.link(
        { namespace: space, device: name, addresses: [`${node}/24`] },
        { namespace, device: 'eth0', addresses: [`${router}/24`] },
      );
      await Bird.start({ lab, namespace, name, config: birdConfig(name) });
    }
    godwit = new Godwit({
      lab,
      namespace: space,
      name: 'node',
      config: { policy: { outside: 'calico' } },
      resources: [
        calico('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
        calico('Node', 'node', { bgp: { ipv4Address: `${WIRES.first.node}/24` } }),
        ...NAMES.map((name) => {
          const { router: peerIP, as: asNumber } = WIRES[name];
          return calico('BGPPeer', name, { peerIP, asNumber, sourceAddress: 'None' });
        }),
      ],
    });
    await godwit.start();
    await godwit.untilEstablished(...NAMES.map((name) => WIRES[name].router));
    await untilVia('first');
  });

  afterAll(async () => {
    await lab.destroy();
  });

  async function untilVia(name: WireName): Promise<void> {
    await waitFor(
      () => space.ip('route', 'show', ROUTE),
      (text) => text.includes(`via ${WIRES[name].router} `),
      { what: `the route by the ${name} router`, intervalMs: 20 },
    );
  }

  it('ends its session within a second, and traffic takes the other way', async () => {
    const began = performance.now();
    // The far end: the carrier goes, the device itself is up.
    await routers.first.ip('link', 'set', 'eth0', 'down');
    await waitFor(
      () => godwit.neighbor(WIRES.first.router),
      ({ state }) => state !== 'Established',
      { what: 'the session to end', intervalMs: 20 },
    );
    await untilVia('second');
    expect(performance.now() - began).toBeLessThan(2000); // of 90 s of hold time; generous to a busy machine
    const { flaps, lastError } = await godwit.neighbor(WIRES.first.router);
    expect(flaps).toBe(1);
    expect(lastError).toContain('link first to the neighbor is down (fallOver)');
  });

  it('has it back with the wire', async () => {
    await routers.first.ip('link', 'set', 'eth0', 'up');
    await godwit.untilEstablished(WIRES.first.router);
    await untilVia('first');
  });

  it('leaves a session inside the AS to its hold time', async () => {
    await routers.inside.ip('link', 'set', 'eth0', 'down');
    await staysTrue(
      () => godwit.neighbor(WIRES.inside.router),
      ({ state, flaps }) => state === 'Established' && flaps === 0,
      { what: 'the session', forMs: 1500 },
    );
  });
});
