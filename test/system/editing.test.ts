/**
 * Files of a running fabric are edited: the kernel follows within a second, and no session flaps that the edit does
 * not concern. What is lost or half-written changes nothing at all, and is named.
 */
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NODES, OUTSIDE, POOL_V4 } from '../../tools/fabric/topology.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { FABRIC_NEEDS, fabricNode, TestFabric } from '../support/fabric.ts';
import { calico } from '../support/godwit.ts';
import { describeWith } from '../support/requirements.ts';
import { RouteMonitor } from '../support/route-monitor.ts';
import { staysTrue, waitFor } from '../support/wait-for.ts';

/** From the save of the file to the kernel. */
const FOLLOWS_MS_MAX = 1_000;

describeWith(FABRIC_NEEDS, 'Editing the resources of a running fabric', () => {
  let fabric: TestFabric;

  beforeAll(async () => {
    fabric = await TestFabric.start();
    // Ready for the peering that is added later; until then it refuses everybody.
    const config = `${birdConfHead({ routerId: OUTSIDE.ipv4 })}
protocol static own { ipv4; route ${OUTSIDE.prefixV4} blackhole; }
protocol bgp node_a {
  local ${OUTSIDE.ipv4} as ${OUTSIDE.as}; neighbor ${fabricNode('node-a').ipv4} as 64512;
  multihop; passive; graceful restart on;
  ipv4 { import all; export where source = RTS_STATIC; };
}
`;
    const { lab, network } = fabric;
    const outside = await Bird.start({
      lab,
      namespace: network.of(OUTSIDE.name),
      name: 'outside',
      config,
    });
    await waitFor(
      () => outside.protocol('node_a'),
      ({ info }) => info.startsWith('Passive'),
      { what: 'BIRD to wait for a call' },
    );
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  function pool(ipipMode: string): ReturnType<typeof calico> {
    return calico('IPPool', 'pods-v4', { cidr: POOL_V4, ipipMode, blockSize: 26 });
  }

  async function route(node: string, prefix: string): Promise<string> {
    return (await fabric.namespace(node).ip('route', 'show', prefix)).trim();
  }

  /** Does `edit`, waits until `node` has a route to `prefix` that matches, and checks how long it took. */
  async function followed(
    edit: () => void,
    { node, prefix, like }: { node: string; prefix: string; like: RegExp },
  ): Promise<void> {
    const began = performance.now();
    edit();
    await waitFor(
      () => route(node, prefix),
      (text) => like.test(text),
      { what: `${node} to have ${prefix} like ${like}`, intervalMs: 10, timeoutMs: 5_000 },
    );
    expect(performance.now() - began).toBeLessThan(FOLLOWS_MS_MAX);
  }

  /** Every session of every node as address, how often it came up and how often it was lost. */
  async function sessions(): Promise<string[]> {
    const all = await Promise.all(
      fabric.nodes.map(async (node) =>
        (await node.neighbors()).map(
          ({ address, state, established, flaps }) =>
            `${node.name} ${address} ${state} ${established} ${flaps}`,
        ),
      ),
    );
    return all.flat().sort();
  }

  it('forms a session that is added, and none of the others notices', async () => {
    const before = await sessions();
    const peer = calico('BGPPeer', 'outside-v4', {
      node: 'node-a',
      peerIP: OUTSIDE.ipv4,
      asNumber: OUTSIDE.as,
    });
    const like = /via 10\.10\.1\.1 dev eth0 proto (bird|12)/;
    const where = { node: 'node-a', prefix: OUTSIDE.prefixV4, like };
    const began = performance.now();
    fabric.writeResource(peer);
    await waitFor(
      () => fabric.node('node-a').neighbors(),
      (all) =>
        all.some(({ address, state }) => address === OUTSIDE.ipv4 && state === 'Established'),
      { what: 'the added session', intervalMs: 10 },
    );
    expect(performance.now() - began).toBeLessThan(FOLLOWS_MS_MAX);
    // BIRD itself takes up to three seconds before it sends its first UPDATE.
    await waitFor(
      () => route(where.node, where.prefix),
      (text) => where.like.test(text),
      { what: 'the route of the added session' },
    );
    const after = await sessions();
    expect(after.filter((line) => line.includes(OUTSIDE.ipv4))).toEqual([
      `node-a ${OUTSIDE.ipv4} Established 1 0`,
    ]);
    expect(after.filter((line) => !line.includes(OUTSIDE.ipv4))).toEqual(before);

    const gone = { ...where, like: /^$/ };
    await followed(() => fabric.removeResource('BGPPeer', 'outside-v4'), gone);
    expect(await sessions()).toEqual(before);
  });

  it('moves routes into the tunnel and out of it when ipipMode flips, without a moment without one', async () => {
    const before = await sessions();
    const near = { node: 'node-a', prefix: fabricNode('node-b').blockV4 };
    const far = { node: 'node-a', prefix: fabricNode('node-c').blockV4 };
    const monitor = await RouteMonitor.start(fabric.lab, fabric.namespace('node-a'));
    expect(await route(near.node, near.prefix)).toMatch(/via 10\.10\.1\.12 dev eth0/);
    await followed(() => fabric.writeResource(pool('Always')), {
      ...near,
      like: /via 10\.10\.1\.12 dev tunl0 .*onlink/,
    });
    await followed(() => fabric.writeResource(pool('Never')), {
      ...far,
      like: /via 10\.10\.1\.1 dev eth0/,
    });
    expect(await route(near.node, near.prefix)).toMatch(/via 10\.10\.1\.12 dev eth0/);
    await followed(() => fabric.writeResource(pool('CrossSubnet')), {
      ...far,
      like: /via 10\.10\.2\.13 dev tunl0 .*onlink/,
    });
    const deleted = (await monitor.stop()).filter(({ kind }) => kind === 'deleted');
    expect(deleted).toEqual([]);
    expect(await sessions()).toEqual(before);
    await fabric.untilConverged();
  });

  it('removes a deleted block from every kernel, and no session notices', async () => {
    const before = await sessions();
    const block = fabricNode('node-b').blockV4;
    const name = `node-b-${block.replaceAll(/[./]/g, '-')}`;
    const like = /^$/;
    await followed(() => fabric.removeResource('BlockAffinity', name), {
      node: 'node-c',
      prefix: block,
      like,
    });
    for (const node of ['node-a', 'node-b']) expect(await route(node, block)).toBe('');
    const affinity = { node: 'node-b', cidr: block, state: 'confirmed', deleted: false };
    await followed(() => fabric.writeResource(calico('BlockAffinity', name, affinity)), {
      node: 'node-c',
      prefix: block,
      like: /dev tunl0/,
    });
    await fabric.untilConverged();
    expect(await sessions()).toEqual(before);
  });

  it('changes nothing when the directory goes away and comes back half-written, and names both', async () => {
    const node = fabric.node('node-a');
    const aside = `${node.resourcesDir}.aside`;
    const before = await sessions();
    const monitors = await Promise.all(
      NODES.map(({ name }) => RouteMonitor.start(fabric.lab, fabric.namespace(name))),
    );
    renameSync(node.resourcesDir, aside);
    const lost = await waitFor(
      () => node.status(),
      ({ datastore }) => datastore.state === 'lost',
      { what: 'the loss to be noticed', timeoutMs: 5_000 },
    );
    expect(lost.datastore.reason).toMatch(/resources cannot be read: it does not exist/);
    const text = await node.command('show', 'status');
    expect(text).toMatch(/Datastore: +lost: .*cannot be read/);
    expect(node.events('datastore-lost')).toHaveLength(1);
    await staysTrue(sessions, (now) => sameLines(now, before), {
      what: 'The sessions without a directory',
      forMs: 2_000,
      intervalMs: 500,
    });

    // One file of all, cut in the middle of a line.
    mkdirSync(node.resourcesDir);
    const file = 'node-node-b.yaml';
    const whole = readFileSync(join(aside, file), 'utf8');
    const half = whole.slice(0, whole.indexOf('ipv4Address') + 5);
    writeFileSync(join(node.resourcesDir, file), half);
    const problem = await waitFor(
      () => run(node, 'show', 'problems'),
      (said) => said.includes(file),
      { what: 'the half-written file to be named', timeoutMs: 5_000 },
    );
    expect(problem).toMatch(/error: .*node-node-b\.yaml:\d+/);
    await staysTrue(sessions, (now) => sameLines(now, before), {
      what: 'The sessions with half a file',
      forMs: 2_000,
      intervalMs: 500,
    });

    // With its own Node there is a plan again, but one that would take away nearly everything: it is held.
    cpSync(join(aside, 'node-node-a.yaml'), join(node.resourcesDir, 'node-node-a.yaml'));
    const { heldChange } = await waitFor(
      () => node.status(),
      (status) => status.heldChange !== '',
      { what: 'the change to be held', timeoutMs: 5_000 },
    );
    expect(heldChange).toMatch(/would remove .* of .* sessions/);
    expect((await run(node, 'show', 'status')).match(/Held change: .*/)?.[0]).toContain(heldChange);
    await staysTrue(sessions, (now) => sameLines(now, before), {
      what: 'The sessions while a change is held',
      forMs: 1_000,
      intervalMs: 500,
    });

    cpSync(aside, node.resourcesDir, { recursive: true });
    rmSync(aside, { recursive: true });
    await waitFor(
      () => node.status(),
      ({ datastore, problems, heldChange }) =>
        datastore.state === 'in-sync' && problems === 0 && heldChange === '',
      { what: 'all to be well again', timeoutMs: 5_000 },
    );
    expect(node.events('datastore-back')).toHaveLength(1);
    for (const monitor of monitors) expect(await monitor.stop()).toEqual([]);
    expect(await sessions()).toEqual(before);
    expect(readdirSync(node.resourcesDir).length).toBeGreaterThan(10);
  });

  it('keeps the last good version of a resource with a mistake, and names file, line and remedy', async () => {
    const node = fabric.node('node-c');
    const before = await sessions();
    const block = fabricNode('node-a').blockV4;
    const held = await route('node-c', block);
    node.writeResource(
      calico('IPPool', 'pods-v4', { cidr: POOL_V4, ipipMode: 'Sometimes', blockSize: 26 }),
    );
    const said = await waitFor(
      () => run(node, 'show', 'problems'),
      (text) => text.includes('Sometimes'),
      { what: 'the mistake to be named', timeoutMs: 5_000 },
    );
    expect(said).toMatch(/ippool-pods-v4\.yaml:\d+.*ipipMode.*Sometimes.*CrossSubnet/);
    expect(await route('node-c', block)).toBe(held);
    node.writeResource(calico('IPPool', 'pods-v4', { cidr: '10.244.0/16', ipipMode: 'Always' }));
    const bad = await waitFor(
      () => run(node, 'show', 'problems'),
      (text) => text.includes('10.244.0/16'),
      { what: 'the bad CIDR to be named', timeoutMs: 5_000 },
    );
    expect(bad).toMatch(/ippool-pods-v4\.yaml:\d+.*cidr/);
    expect(await route('node-c', block)).toBe(held);
    node.writeResource(pool('CrossSubnet'));
    await waitFor(
      () => node.status(),
      ({ problems }) => problems === 0,
      { what: 'the mistake to be forgotten', timeoutMs: 5_000 },
    );
    expect(await sessions()).toEqual(before);
  });
});

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}

/** What the command says, whatever its exit status: `show problems` has 3 where there are errors. */
async function run(
  node: { runCommand(...words: string[]): Promise<{ stdout: string }> },
  ...words: string[]
): Promise<string> {
  return (await node.runCommand(...words)).stdout;
}
