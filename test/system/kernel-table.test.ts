/**
 * Another routing table than main: routes are written, restored and proven there, next hops are still resolved in
 * main, and cleanup finds by the journal what was written to a table that is not configured any more.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

const LEARNED = '10.244.7.0/26';
/** Beyond 8 bits, and so in RTA_TABLE alone. */
const TABLE = '1000';

describeWith(
  ['root', 'netns', 'ip', 'veth', 'bird2', 'native'],
  'a routing table of its own',
  () => {
    const lab = new NetworkLab();
    let node: Namespace;
    let godwit: Godwit;

    beforeAll(async () => {
      node = await lab.namespace('node');
      const other = await lab.namespace('peer');
      await lab.link(
        { namespace: node, device: 'eth0', addresses: ['10.9.0.1/24'] },
        { namespace: other, device: 'eth0', addresses: ['10.9.0.2/24'] },
      );
      const config = `${birdConfHead({ routerId: '10.9.0.2' })}
protocol static blocks { ipv4; route ${LEARNED} blackhole; }
protocol bgp node {
  local 10.9.0.2 as 64512; neighbor 10.9.0.1 as 64512; direct;
  connect retry time 1; connect delay time 1; error wait time 1, 2; graceful restart on;
  ipv4 { import all; next hop self; export where source = RTS_STATIC; };
}
`;
      await Bird.start({ lab, namespace: other, name: 'peer', config });
      godwit = new Godwit({
        lab,
        namespace: node,
        name: 'node',
        resources: [
          calico('Node', 'node', { bgp: { ipv4Address: '10.9.0.1/24' } }),
          calico('IPPool', 'pods', { cidr: '10.244.0.0/16' }),
          calico('BGPPeer', 'peer', { peerIP: '10.9.0.2', asNumber: 64_512 }),
        ],
        config: { kernel: { table: Number(TABLE) } },
      });
      await godwit.start();
      await untilThere();
    });

    afterAll(async () => {
      await lab.destroy();
    });

    async function untilThere(): Promise<void> {
      await waitFor(
        () => node.ip('route', 'show', 'table', TABLE),
        (text) => text.includes(`${LEARNED} via 10.9.0.2 dev eth0 proto bird`),
        { what: 'the route in its table', intervalMs: 20 },
      );
    }

    it('has the route, restores it, and proves it; main has none', async () => {
      expect(await node.ip('route', 'show', 'proto', '12')).toBe('');
      await node.ip('route', 'delete', LEARNED, 'table', TABLE);
      await untilThere();
      await godwit.client.proveKernel();
      expect(await godwit.client.getKernelProof()).toMatchObject({ routes: 1, divergences: [] });
    });

    it('is cleaned up by the journal after another table was configured', async () => {
      await godwit.kill('SIGTERM');
      const config = parse(readFileSync(godwit.configPath, 'utf8')) as object;
      writeFileSync(godwit.configPath, stringify({ ...config, kernel: { manageTunnel: false } }));
      // Of somebody else, in that table: neither in the journal, nor does a pool make it ours there.
      await node.ip('route', 'add', 'blackhole', '10.244.8.0/26', 'table', TABLE, 'proto', '12');
      const { code, stdout } = await godwit.runInside('cleanup', '--config', godwit.configPath);
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^1 route removed/m)]);
      const left = await node.ip('route', 'show', 'table', TABLE);
      expect(left).toMatch(/^blackhole 10\.244\.8\.0\/26 proto bird\s*$/);
    });
  },
);
