/**
 * Real tables through a real daemon: what comes out towards an eBGP peer is right prefix for prefix and attribute for
 * attribute, against an oracle that shares no line with `src` (`bench/real/expectation.ts`).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildLoad, Load } from '../../bench/lab.ts';
import { compare, formatDifferences, receivedIn } from '../../bench/real/comparison.ts';
import { writeRealFiles } from '../../bench/real/files.ts';
import {
  fullTable,
  type RealNetwork,
  type RealTable,
  routeView,
} from '../../bench/real/real-table.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';

const AS = 64_512;
const NODE = '10.99.0.1';
const SINK = { address: '10.99.2.1', as: 65_101 };
const NETWORK: RealNetwork = {
  as: AS,
  exporter: { as: AS, nextHop: Buffer.of(10, 99, 0, 1) },
  addressOf: (i) => Buffer.of(10, 99, 1, i + 1).readUInt32BE(),
};
const dotted = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
/** Milliseconds without an UPDATE: nothing more comes. */
const QUIET_MS = 1500;

const NEEDS = ['root', 'netns', 'ip', 'veth', 'native', 'cc', 'test-data'] as const;
describeWith(NEEDS, 'Real tables through godwit', () => {
  let lab: NetworkLab;
  let binary: string;
  const loads: Load[] = [];

  beforeAll(async () => {
    binary = await buildLoad();
    lab = new NetworkLab();
  });

  afterAll(async () => {
    for (const load of loads) await load.stop();
    await lab?.destroy();
  });

  /** Feeds `table` to a daemon and gives back what its eBGP peer was told, and is told after all is withdrawn. */
  async function through(name: string, table: RealTable): Promise<{ told: Buffer; after: Buffer }> {
    const feeds = table.feeds.map(({ source }) => ({ ...source, address: dotted(source.address) }));
    const node = await lab.namespace(`${name}-node`);
    const crowd = await lab.namespace(`${name}-crowd`);
    const addresses = [...feeds, SINK].map(({ address }) => `${address}/16`);
    await lab.link(
      { namespace: node, device: 'eth0', addresses: [`${NODE}/16`] },
      { namespace: crowd, device: 'eth0', addresses },
    );
    const godwit = new Godwit({
      lab,
      namespace: node,
      name,
      resources: [
        calico('Node', name, { bgp: { asNumber: AS, ipv4Address: `${NODE}/16` } }),
        calico('BGPConfiguration', 'default', { asNumber: AS, nodeToNodeMeshEnabled: false }),
        calico('BGPFilter', 'all', {
          importV4: [{ action: 'Accept' }],
          exportV4: [{ action: 'Accept' }],
        }),
        ...[...feeds, SINK].map(({ address, as }, i) =>
          calico('BGPPeer', `p${i}`, { peerIP: address, asNumber: as, filters: ['all'] }),
        ),
      ],
      config: { kernel: { enabled: false }, log: { level: 'warn', format: 'json' } },
    });
    await godwit.start();
    await godwit.untilReady();
    const files = writeRealFiles(table, godwit.dir);
    const words = feeds.map(
      ({ address, as, as4 }, i) => `${as4 ? 'feed' : 'feed2'}=${address},${as},${files.feeds[i]}`,
    );
    const sink = `sink=${SINK.address},${SINK.as}`;
    const options = [NODE, files.table, 'capture', 'timeout=60', ...words, sink];
    const load = await Load.start(binary, crowd, options);
    loads.push(load);
    const received = async (command: string): Promise<Buffer> => {
      await load.command(command);
      await load.command(`quiet ${QUIET_MS}`);
      const path = join(godwit.dir, 'received.bin');
      await load.command(`dump ${path}`);
      return readFileSync(path);
    };
    await load.command('connect sinks');
    await load.command('connect feeds');
    const told = await received('announce 1');
    const after = await received('withdraw');
    await load.stop();
    await godwit.end();
    return { told, after };
  }

  it('tells an eBGP peer a whole table of one iBGP neighbor, each attribute as it must be', async () => {
    const table = fullTable(NETWORK);
    expect(table.expected.size).toBeGreaterThan(570_000);
    const { told, after } = await through('full', table);
    const differences = compare(table.expected, receivedIn(told));
    expect(formatDifferences(differences)).toBe('');
    expect(receivedIn(after).size).toBe(0);
  });

  it('tells the best of 36 eBGP neighbors with AS numbers of 2 octets, each attribute as it must be', async () => {
    const table = routeView(NETWORK);
    expect(table.expected.size).toBeGreaterThan(110_000);
    const { told, after } = await through('view', table);
    const differences = compare(table.expected, receivedIn(told));
    expect(formatDifferences(differences)).toBe('');
    expect(receivedIn(after).size).toBe(0);
  });
});
