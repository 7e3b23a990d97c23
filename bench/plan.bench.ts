/**
 * What planning costs: a cluster of 5,000 nodes, 200 BGPPeers with selectors, 50 own blocks and 2,000 services, from
 * scratch and after one changed object of each kind; then what the thread that speaks BGP has of it, in that cluster
 * and others. `node bench/plan.bench.ts [nodes]`; CPU milliseconds of a thread, middle (least–most) of the rounds.
 */

import { warmUp } from '../src/daemon/warm-up/warm-up.ts';
import { NO_LAST_GOOD, settle } from '../src/datastore/last-good.ts';
import { planWith } from '../src/datastore/plan.ts';
import { PlanMemo } from '../src/datastore/plan-memo.ts';
import { SettleMemo } from '../src/datastore/settle-memo.ts';
import {
  blockDocument,
  type ClusterSize,
  clusterDocuments,
  nodeDocument,
  OWN_NODE,
} from '../test/support/large-cluster.ts';
import {
  type Cost,
  cpuMs,
  PlanPath,
  peersOfAll,
  resourceName,
  servicesOf,
} from '../test/support/plan-path.ts';
import { documents, FILE_OPTIONS, resource } from '../test/support/resources.ts';
import { localSlice, service } from '../test/support/services.ts';

const ROUNDS = 15;
/** The first of them are those of a process that has just begun: shown, but not counted. */
const FIRST = 2;
const SERVICES = 2000;
const size: ClusterSize = { nodes: Number(process.argv[2] ?? 5000), peers: 200, blocks: 50 };

function middle(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const [first, half, last] = [sorted[0]!, sorted[sorted.length >> 1]!, sorted.at(-1)!];
  return `${half.toFixed(1)} (${first.toFixed(1)}–${last.toFixed(1)})`;
}

function timed(work: () => void): number {
  const before = cpuMs();
  work();
  return cpuMs() - before;
}

function fromScratch(): void {
  const [settling, planning] = [[] as number[], [] as number[]];
  for (let round = 0; round < ROUNDS; round++) {
    const cluster = clusterDocuments(size).filter((one) => !isConfiguration(one));
    const all = [...cluster, ...servicesOf(SERVICES)];
    const raw = { documents: documents(all), broken: [] };
    let settled = settle(NO_LAST_GOOD, { documents: [], broken: [] });
    settling.push(
      timed(() => {
        settled = settle(NO_LAST_GOOD, raw, new SettleMemo());
      }),
    );
    const question = { node: OWN_NODE, resources: settled.resources, options: FILE_OPTIONS };
    planning.push(timed(() => planWith(question, new PlanMemo())));
  }
  console.log(`from scratch: settle ${middle(settling)} ms, plan ${middle(planning)} ms`);
}

const EDITS: Readonly<Record<string, (round: number, mesh: object) => unknown>> = {
  'a label of a node': (round) => nodeDocument(17, { rack: 'r17', round: `${round}` }),
  'the rack of a node': (round) => nodeDocument(17, { rack: `r${round % 100}` }),
  'a node that becomes a reflector': (round) =>
    nodeDocument(100, { rack: 'r0', role: round % 2 === 0 ? 'rr' : 'worker' }),
  'the address of a node': (round) => nodeDocument(17 + (round << 16), { rack: 'r17' }),
  'a label of this node': (round) => nodeDocument(0, { rack: 'r0', round: `${round}` }),
  'a new own block': (round) => blockDocument(100 + round),
  'a block of another node': (round) =>
    resource('BlockAffinity', `other-${round}`, {
      node: 'node-00017',
      cidr: `10.130.${round}.0/26`,
      state: 'confirmed',
    }),
  'a pool': (round) =>
    resource('IPPool', 'more', { cidr: `10.${64 + round}.0.0/16`, ipipMode: 'Never' }),
  'a BGPPeer': (round) =>
    resource('BGPPeer', 'more', {
      nodeSelector: 'all()',
      peerIP: `172.17.0.${round + 1}`,
      asNumber: 65001,
    }),
  'a BGPPeer by selectors': (round) =>
    resource('BGPPeer', 'more', {
      nodeSelector: "rack == 'r0'",
      peerSelector: `role == 'rr' && rack in {'r${round}', 'r1'}`,
    }),
  'a filter of a hundred peers': (round) =>
    resource('BGPFilter', 'from-tor', { importV4: [{ action: 'Accept', priority: 1000 + round }] }),
  'the configuration of all': (round, mesh) =>
    resource('BGPConfiguration', 'default', {
      ...mesh,
      asNumber: 64512,
      serviceClusterIPs: [{ cidr: '10.96.0.0/12' }],
      prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: [`65000:${round}`] }],
    }),
  'the port of another node': (round) =>
    resource('BGPConfiguration', 'node.node-00017', { listenPort: 1790 + round }),
  'an endpoint of a service': (round) => localSlice(17, round % 2 === 0 ? 'elsewhere' : OWN_NODE),
  'the address of a service': (round) =>
    service('s17', {
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      externalIPs: [`192.0.2.${round}`],
    }),
};

function isConfiguration(value: unknown): boolean {
  return resourceName(value).startsWith('BGPConfiguration/');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function sayFirst({ planner, steps }: Cost, peers: number): void {
  const longest = Math.max(...steps).toFixed(1);
  console.log(
    `  first plan, ${peers} sessions: planner ${planner.toFixed(1)}, BGP ${sum(steps).toFixed(1)} in ${steps.length} steps, longest ${longest}`,
  );
}

/** What each kind of change costs both threads in one cluster. */
function changes(name: string, base: readonly unknown[], mesh: object = {}): void {
  console.log(`${name}; of a change: planner; BGP in all, its longest step`);
  const path = new PlanPath();
  const first = path.put(base);
  sayFirst(first, path.peers);
  for (const [what, edit] of Object.entries(EDITS)) {
    path.put(base);
    const costs = Array.from({ length: ROUNDS }, (_, round) => path.put([edit(round, mesh)]));
    const counted = costs.slice(FIRST);
    const planner = middle(counted.map((cost) => cost.planner));
    const all = middle(counted.map(({ steps }) => sum(steps)));
    const longest = Math.max(0, ...costs.flatMap(({ steps }) => steps)).toFixed(1);
    console.log(`  ${what}: ${planner}; ${all}, ${longest}`);
  }
}

console.log(
  `${size.nodes} nodes, ${size.peers} BGPPeers, ${size.blocks} own blocks, ${SERVICES} services; CPU ms`,
);
fromScratch();
// As the daemon does before it hears of its first peer.
warmUp(() => performance.now(), { kernelEnabled: false });
const cluster = clusterDocuments(size);
const off = { nodeToNodeMeshEnabled: false };
const noMesh = servicesOf(SERVICES, off);
changes('The mesh of all', [...cluster, ...servicesOf(SERVICES)]);
changes('No mesh, 200 sessions', [...cluster, ...peersOfAll(200), ...noMesh], off);
changes('A mesh of 1,000', [
  ...clusterDocuments({ ...size, nodes: 1000 }),
  ...servicesOf(SERVICES),
]);
