/**
 * `godwit drain` on a node that carries traffic for an anycast service prefix: opposite BIRD 2 and FRR no request is
 * lost while the traffic moves to the other node, nor while it comes back.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { Pings } from '../support/fabric.ts';
import { Frr } from '../support/frr.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

/** All nodes announce it, and answer at this address in it. */
const SERVICES = '10.96.0.0/24';
const SERVICE = '10.96.0.10';
const NODES = { a: '10.9.0.11', b: '10.9.0.12' } as const;
const TORS = {
  bird: { address: '10.9.0.2', as: 65_001 },
  frr: { address: '10.9.0.3', as: 65_002 },
} as const;
type TorName = keyof typeof TORS;
const TOR_NAMES = Object.keys(TORS) as TorName[];

/** RFC 8326 §4.1 in BIRD's language; FRR does it by itself. */
const BIRD_CONFIG = `${birdConfHead({ routerId: TORS.bird.address, kernel: true })}
filter from_node {
  if (65535, 0) ~ bgp_community then bgp_local_pref = 0;
  accept;
}
${Object.entries(NODES)
  .map(
    ([name, address]) => `protocol bgp node_${name} {
  local ${TORS.bird.address} as ${TORS.bird.as}; neighbor ${address} as 64512;
  connect retry time 1; connect delay time 1; error wait time 1, 2; graceful restart on;
  ipv4 { import filter from_node; export none; };
}
`,
  )
  .join('')}`;

const FRR_CONFIG = `router bgp ${TORS.frr.as}
bgp router-id ${TORS.frr.address}
no bgp ebgp-requires-policy
bgp bestpath compare-routerid
no bgp default ipv4-unicast
bgp graceful-restart
${Object.values(NODES)
  .flatMap((address) => [
    `neighbor ${address} remote-as 64512`,
    `neighbor ${address} timers connect 1`,
  ])
  .join('\n')}
address-family ipv4 unicast
maximum-paths 1
${Object.values(NODES)
  .map((address) => `neighbor ${address} activate`)
  .join('\n')}
exit-address-family
`;

const NEEDS = ['root', 'netns', 'ip', 'veth', 'bridge', 'ping', 'bird2', 'frr', 'native'] as const;

describeWith(NEEDS, 'godwit drain on a node that carries the traffic of a service', () => {
  const lab = new NetworkLab();
  const tors = {} as Record<TorName, Namespace>;
  const nodes = {} as Record<keyof typeof NODES, Godwit>;
  let bird: Bird;

  beforeAll(async () => {
    const bridge = { namespace: await lab.namespace('lan'), device: 'br0' };
    await lab.bridge(bridge);
    const attach = async (name: string, address: string): Promise<Namespace> => {
      const namespace = await lab.namespace(name);
      await lab.attach(bridge, { namespace, device: 'eth0', addresses: [`${address}/24`] });
      return namespace;
    };
    for (const name of TOR_NAMES) tors[name] = await attach(name, TORS[name].address);
    for (const name of ['a', 'b'] as const) {
      const namespace = await attach(name, NODES[name]);
      await namespace.ip('address', 'add', `${SERVICE}/32`, 'dev', 'lo');
      nodes[name] = new Godwit({ lab, namespace, name, resources: resourcesOf(name) });
    }
    bird = await Bird.start({ lab, namespace: tors.bird, name: 'bird', config: BIRD_CONFIG });
    await Frr.start({ lab, namespace: tors.frr, name: 'frr', config: FRR_CONFIG });
    await Promise.all([nodes.a.start(), nodes.b.start()]);
    for (const name of ['a', 'b'] as const) {
      await nodes[name].untilEstablished(...TOR_NAMES.map((tor) => TORS[tor].address));
    }
    await untilBy('a');
  });

  afterAll(async () => {
    await lab.destroy();
  });

  function resourcesOf(name: keyof typeof NODES): ReturnType<typeof calico>[] {
    return [
      calico('BGPConfiguration', 'default', {
        nodeToNodeMeshEnabled: false,
        serviceClusterIPs: [{ cidr: SERVICES }],
      }),
      calico('Node', name, { bgp: { ipv4Address: `${NODES[name]}/24` } }),
      ...TOR_NAMES.map((tor) =>
        calico('BGPPeer', tor, { peerIP: TORS[tor].address, asNumber: TORS[tor].as }),
      ),
    ];
  }

  /** Both routers send the traffic to this node. */
  async function untilBy(name: keyof typeof NODES): Promise<void> {
    for (const tor of TOR_NAMES) {
      await waitFor(
        () => tors[tor].ip('route', 'show', SERVICES),
        (text) => text.includes(`via ${NODES[name]} `),
        { what: `${tor} to use ${name}`, timeoutMs: 20_000 },
      );
    }
  }

  function ask(): Promise<Pings[]> {
    return Promise.all(TOR_NAMES.map((tor) => Pings.start(lab, tors[tor], SERVICE)));
  }

  async function expectNoneLost(pings: readonly Pings[]): Promise<void> {
    for (const one of pings) {
      const { sent, received } = await one.stop();
      expect(sent).toBeGreaterThan(50);
      // The very last one may still be on its way when ping is interrupted.
      expect(sent - received).toBeLessThanOrEqual(1);
    }
  }

  it('loses no request while others take over, and closes with its text', async () => {
    const pings = await ask();
    const said = await nodes.a.command('drain', '--limit', '30', '--message', 'kernel upgrade');
    await untilBy('b');
    await expectNoneLost(pings);
    const lines = said.trim().split('\n');
    expect(lines[0]).toContain('announced as going away');
    expect(lines.at(-1)).toContain('all sessions are closed');
    const seen = await bird.protocol('node_a');
    expect(seen.lastError).toBe('Received: Administrative shutdown');
    expect(seen.details['Message']).toContain('kernel upgrade');
    const status = await nodes.a.runCommand('show', 'status');
    expect(status.code).toBe(3);
    expect(status.stdout).toContain('it is drained (godwit undrain ends that)');
    for (const { state, downBecause } of await nodes.a.neighbors()) {
      expect([state, downBecause]).toEqual(['Idle', expect.stringContaining('drained')]);
    }
  });

  it('loses none when it comes back, either', async () => {
    const pings = await ask();
    await nodes.a.command('undrain');
    await nodes.a.untilEstablished(...TOR_NAMES.map((tor) => TORS[tor].address));
    await untilBy('a');
    await nodes.a.untilReady();
    await new Promise((resolve) => {
      setTimeout(resolve, 1000); // a hundred more, by the way that it has again
    });
    await expectNoneLost(pings);
  });
});
