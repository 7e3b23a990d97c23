import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RouteProtocol, RouteScope } from '../src/netlink/codes.ts';

const ROOT = join(import.meta.dirname, '..');
const flags = readFileSync(join(ROOT, 'bin/node-flags'), 'utf8').trim().split(' ');

/** What a package brings along; when other versions of V8 compile what, and when they let it go, is their own. */
const IS_SHIPPED = process.versions.node.startsWith('24.');

/** Bits of `%GetOptimizationStatus`: compiled by Maglev, or by TurboFan. */
const COMPILED = (1 << 5) | (1 << 6);
const BY_TURBOFAN = 1 << 6;

/** The daemon's own words for what it is asked at a scrape. */
const SCRAPE = `
  const view = new Speaker({ seed: 2, kernelEnabled: true, restarting: false, now: 1.5 }).view;
  const cell = new HistogramCell([1]);
  const host = {
    cpuSeconds: 0, residentOctets: 0, heapOctets: 0, loopLagSecondsMax: 0, loopDelays: cell, loopTurns: cell, steps: [],
  };
  const metrics = new Metrics();
  for (let i = 0; i < 2; i++) metrics.collect({ view, facts: { version: '', problems: 0 }, host });
`;

const LINK = 7;
const LEARNED = [
  {
    what: 'link',
    removed: false,
    link: {
      index: LINK,
      name: 'pods0',
      up: true,
      carrier: true,
      operState: 'up',
      mtu: 1500,
      loopback: false,
      pointToPoint: false,
    },
  },
  {
    what: 'address',
    removed: false,
    address: {
      family: 4,
      interfaceIndex: LINK,
      address: '10.7.0.1',
      prefixLength: 24,
      scope: RouteScope.UNIVERSE,
      secondary: false,
      tentative: false,
      deprecated: false,
      duplicate: false,
    },
  },
  {
    what: 'route',
    removed: false,
    route: {
      family: 4,
      table: 254,
      prefix: '10.7.1.0/26',
      metric: 0,
      type: 'unicast',
      protocol: RouteProtocol.STATIC,
      scope: RouteScope.LINK,
      nextHops: [{ interfaceIndex: LINK, weight: 1, onlink: false }],
      flags: 0,
    },
  },
];

/**
 * A node of IPv4 alone, in pools that not all lie in, with a tunnel of its own to make: as a plan hardly ever is that of the
 * warm-up. It learns a table, installs it, moves it to another next hop and loses it again.
 */
const FIRST_TABLE = `
  const plan = planOfNode('a', [
    resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
    resource('Node', 'a', { bgp: { ipv4Address: '192.0.2.1/24' } }),
    resource('IPPool', 'pods', { cidr: '10.0.0.0/13', blockSize: 26 }),
    ...[FEED, SINK].map(({ address, as }, i) =>
      resource('BGPPeer', 'p' + i, { node: 'a', peerIP: address, asNumber: as })),
  ]);
  const node = new WarmSpeaker(true);
  // As it comes from the planner's thread.
  const real = structuredClone({ ...plan, kernel: { ...plan.kernel, tunnel: {} } });
  node.step({ type: 'planChanged', plan: real, revision: 1 });
  node.step({ type: 'planChanged', plan: structuredClone(real), revision: 2 });
  const [feed] = [FEED, SINK].map((peer) => {
    const connection = node.accept(peer.address);
    node.receive(connection, openOf(peer, ['ipv4-unicast']));
    node.receive(connection, KEEPALIVE);
    return connection;
  });
  // The subnet of an interface, and a route that another program wrote.
  node.step({ type: 'kernelChanged', changes: ${JSON.stringify(LEARNED)} });
  node.settle();
  for (const variant of ['announce', 'again', 'moved', 'withdraw']) {
    const octets = warmUpdates(variant, 'ipv4-unicast', 400);
    for (let at = 0; at < octets.length; at += 65_536) node.receive(feed, octets.subarray(at, at + 65_536));
    node.settle();
  }
`;

type Compiled = Readonly<Record<string, boolean>>;

/**
 * Of methods that every prefix goes through, by name: whether they are compiled after a warm-up and a collection, after
 * somebody has asked for metrics then, to the end before and after a first table, and at last without any speaker.
 */
function compiledAfter(): Record<'collection' | 'scrape' | 'before' | 'table' | 'alone', Compiled> {
  const program = `
    import { HistogramCell as Histogram } from './src/base/metrics.ts';
    import { FEED, openOf, SINK } from './src/daemon/warm-up/warm-plan.ts';
    import { WarmSpeaker } from './src/daemon/warm-up/warm-speaker.ts';
    import { warmUpdates } from './src/daemon/warm-up/warm-updates.ts';
    import { BatchAnswers } from './src/fib/batch-answers.ts';
    import { Reconciler } from './src/fib/reconciler.ts';
    import { Wishes } from './src/fib/wishes.ts';
    import { BatchWriter } from './src/fib/batch-writer.ts';
    import { KernelPolicy } from './src/fib/kernel-policy.ts';
    import { planOfNode, resource } from './src/sim/resources.ts';
    import { IdQueue } from './src/rib/id-queue.ts';
    import { KernelRoutes } from './src/speaker/kernel-routes.ts';
    import { KEEPALIVE } from './src/wire/keepalive.ts';
    import { Metrics } from './src/api/metrics.ts';
    import { HistogramCell } from './src/base/metrics.ts';
    import { PrefixTable } from './src/net/prefix-table.ts';
    import { AdjRibIn } from './src/rib/adj-rib-in.ts';
    import { Graves } from './src/rib/graves.ts';
    import { Rib } from './src/rib/rib.ts';
    import { rewriteAttributes } from './src/wire/attributes/rewrite.ts';
    import { UpdatePacker } from './src/rib/update-packer.ts';
    import { Speaker } from './src/speaker/speaker.ts';
    import { collectGarbage, collectTables } from './src/daemon/give-back-memory.ts';
    import { warmUp } from './src/daemon/warm-up/warm-up.ts';
    const began = performance.now();
    // On a machine that is busy as many rounds as on one that is not.
    globalThis.warmth = warmUp(() => began, { kernelEnabled: true, collect: collectTables });
    const compiled = (method) => (%GetOptimizationStatus(method) & ${COMPILED}) !== 0;
    const toTheEnd = (method) => (%GetOptimizationStatus(method) & ${BY_TURBOFAN}) !== 0;
    const all = (compiled) => ({
      warm: compiled(PrefixTable.prototype.warm),
      announce: compiled(AdjRibIn.prototype.announce),
      settle: compiled(Rib.prototype.settle),
      // Whether these are compiled by then depends on V8's version.
      flush: compiled(UpdatePacker.prototype.flush),
      reap: compiled(Graves.prototype.reap),
      withdraw: compiled(AdjRibIn.prototype.withdraw),
      push: compiled(IdQueue.prototype.push),
      decide: compiled(KernelPolicy.prototype.decide),
      bestChanged: compiled(KernelRoutes.prototype.bestChanged),
      build: compiled(BatchWriter.prototype.build),
      want: compiled(Wishes.prototype.want),
      consider: compiled(Reconciler.prototype.consider),
      take: compiled(BatchAnswers.prototype.take),
      rewrite: compiled(rewriteAttributes),
      observe: compiled(Histogram.prototype.observe),
    });
    function withSpeakers() {
      collectGarbage();
      const collection = all(compiled);
      ${SCRAPE}
      const scrape = all(compiled);
      const before = all(toTheEnd);
      ${FIRST_TABLE}
      return { collection, scrape, before, table: all(toTheEnd) };
    }
    setTimeout(() => {
      const told = withSpeakers();
      globalThis.warmth = undefined;
      setTimeout(() => {
        collectGarbage();
        console.log(JSON.stringify({ ...told, alone: all(compiled) }));
      });
    }, 100);
  `;
  const answer = execFileSync(
    process.execPath,
    [...flags, '--allow-natives-syntax', '--input-type=module', '--eval', program],
    { cwd: ROOT, encoding: 'utf8' },
  );
  return JSON.parse(answer);
}

describe('What the warm-up has compiled', () => {
  it('stays when the whole heap is collected, when metrics are asked for and when the first table comes, and goes with its last speaker, which the daemon therefore keeps', () => {
    const { collection, scrape, before, table, alone } = compiledAfter();
    if (!IS_SHIPPED) return expect(Object.keys(alone)).toEqual(Object.keys(collection));
    expect(collection).toMatchObject({ warm: true, announce: true, settle: true });
    expect(scrape).toEqual(collection);
    const lost = Object.keys(before).filter((name) => before[name] && !table[name]);
    expect(lost).toEqual([]);
    expect(Object.values(alone)).toContain(false);
  }, 30_000);
});
