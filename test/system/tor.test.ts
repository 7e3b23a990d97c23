/** The configurations of `docs/tor` that are said to be tested, run as they stand, with two nodes in the rack. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { REPOSITORY } from '../../tools/cache-dir.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Bird } from '../support/bird.ts';
import { type CalicoResource, calico, Godwit } from '../support/godwit.ts';
import { Frr } from '../support/interop/frr.ts';
import { allRoutes, NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

const FOLDER = join(REPOSITORY, 'docs/tor');
const NODES = {
  a: { ipv4: '10.0.1.11', ipv6: 'fd00:0:1::11', blocks: ['10.244.1.0/26', 'fd00:10:244:1::/122'] },
  b: { ipv4: '10.0.1.12', ipv6: 'fd00:0:1::12', blocks: ['10.244.2.0/26', 'fd00:10:244:2::/122'] },
} as const;
/** In no pool of the ToR's: its filter keeps it out. */
const STRAY = '10.99.1.0/26';
const TORS = ['10.0.1.1', 'fd00:0:1::1'] as const;

/** The node's side, from the page itself. */
function fromThePage(): CalicoResource[] {
  const page = readFileSync(join(FOLDER, 'README.md'), 'utf8');
  const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  return parseAllDocuments(text).map((document) => document.toJS() as CalicoResource);
}

function resources(): CalicoResource[] {
  return [
    ...Object.entries(NODES).flatMap(([name, { ipv4, ipv6, blocks }]) => [
      calico('Node', name, { bgp: { ipv4Address: `${ipv4}/24`, ipv6Address: `${ipv6}/64` } }),
      ...blocks.map((cidr, at) =>
        calico('BlockAffinity', `${name}-${at}`, { node: name, cidr, state: 'confirmed' }),
      ),
    ]),
    calico('BlockAffinity', 'stray', { node: 'a', cidr: STRAY, state: 'confirmed' }),
    calico('IPPool', 'ipv4', { cidr: '10.244.0.0/16' }),
    calico('IPPool', 'ipv6', { cidr: 'fd00:10:244::/48' }),
    calico('IPPool', 'stray', { cidr: '10.99.0.0/16' }),
    ...fromThePage(),
  ];
}

const NEEDS = ['root', 'netns', 'ip', 'veth', 'bridge', 'native', 'unshare'] as const;
const SWITCHES = {
  bird2: async (lab: NetworkLab, namespace: Namespace): Promise<void> => {
    const config = readFileSync(join(FOLDER, 'bird.conf'), 'utf8');
    await Bird.start({ lab, namespace, name: 'tor', config });
  },
  frr: (lab: NetworkLab, namespace: Namespace): Promise<void> => {
    const config = readFileSync(join(FOLDER, 'frr.conf'), 'utf8');
    return new Frr({ lab, namespace, name: 'tor' }).startAsWritten(config);
  },
} as const;

for (const name of ['bird2', 'frr'] as const) {
  describeWith([...NEEDS, name], `docs/tor with ${name}`, () => {
    const lab = new NetworkLab();
    const godwits: Godwit[] = [];
    let tor: Namespace;

    beforeAll(async () => {
      tor = await lab.namespace('tor');
      const addresses = ['10.0.1.1/24', 'fd00:0:1::1/64'];
      const bridge = { namespace: tor, device: 'rack', addresses };
      await lab.bridge(bridge);
      await SWITCHES[name](lab, tor);
      for (const [member, { ipv4, ipv6 }] of Object.entries(NODES)) {
        const namespace = await lab.namespace(member);
        const own = [`${ipv4}/24`, `${ipv6}/64`];
        await lab.attach(bridge, { namespace, device: 'eth0', addresses: own });
        godwits.push(new Godwit({ lab, namespace, name: member, resources: resources() }));
      }
      await Promise.all(godwits.map((godwit) => godwit.start()));
      for (const godwit of godwits) await godwit.untilEstablished(...TORS);
    });

    afterAll(async () => {
      await lab.destroy();
    });

    it('routes the blocks of both nodes, in both families, and nothing from outside of the pools', async () => {
      const wanted = Object.values(NODES).flatMap(({ ipv4, ipv6, blocks }) => [
        `${blocks[0]} via ${ipv4}`,
        `${blocks[1]} via ${ipv6}`,
      ]);
      const routes = await waitFor(
        async () => (await allRoutes(tor)).map(({ dst, gateway }) => `${dst} via ${gateway}`),
        (seen) => wanted.every((route) => seen.includes(route)),
        { what: `the ToR to route ${wanted}`, timeoutMs: 60_000 },
      );
      expect(routes.filter((route) => route.startsWith(STRAY))).toEqual([]);
    });

    it('gives the nodes a default route of each family, and nothing else', async () => {
      for (const godwit of godwits) {
        for (const [at, prefix] of ['0.0.0.0/0', '::/0'].entries()) {
          await waitFor(
            () => godwit.routes(prefix),
            ([route]) =>
              route?.paths.some(({ best, nextHop }) => best && nextHop === TORS[at]) === true,
            { what: `${godwit.name} to learn ${prefix}`, timeoutMs: 60_000 },
          );
          const { families } = await godwit.neighbor(TORS[at]!);
          expect(families[0]).toMatchObject({ received: 1, accepted: 1 });
        }
      }
    });
  });
}
