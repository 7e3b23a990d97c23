/**
 * What planning costs: a cluster of 5,000 nodes, 200 BGPPeers with selectors, 50 own blocks and 2,000 services, from
 * scratch and after one changed object. `node bench/plan.bench.ts [nodes]`; CPU milliseconds of each stage, middle of the repetitions.
 */

import { millis } from '../src/base/units.ts';
import { ConfigurationKeeper } from '../src/datastore/keeper.ts';
import { NO_LAST_GOOD, settle } from '../src/datastore/last-good.ts';
import { planWith } from '../src/datastore/plan.ts';
import { PlanMemo } from '../src/datastore/plan-memo.ts';
import { SettleMemo } from '../src/datastore/settle-memo.ts';
import {
  blockDocument,
  clusterDocuments,
  nodeDocument,
  OWN_NODE,
} from '../test/support/large-cluster.ts';
import { documents, FILE_OPTIONS, resource } from '../test/support/resources.ts';
import { localServices, localSlice, service } from '../test/support/services.ts';

const ROUNDS = 9;
const SERVICES = 2000;
const size = { nodes: Number(process.argv[2] ?? 5000), peers: 200, blocks: 50 };

function clusterAndServices(): unknown[] {
  const services = { serviceClusterIPs: [{ cidr: '10.96.0.0/12' }], asNumber: 64512 };
  const configuration = resource('BGPConfiguration', 'default', services);
  const cluster = clusterDocuments(size).filter(
    (document) => keyOf(document) !== 'BGPConfiguration/default',
  );
  return [...cluster, configuration, ...localServices(SERVICES, OWN_NODE)];
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function middle(values: number[]): string {
  const sorted = values.sort((a, b) => a - b);
  const [first, half, last] = [sorted[0]!, sorted[sorted.length >> 1]!, sorted.at(-1)!];
  return `${half.toFixed(1)} (${first.toFixed(1)}–${last.toFixed(1)})`;
}

function fromScratch(): void {
  const [settling, planning] = [[] as number[], [] as number[]];
  for (let round = 0; round < ROUNDS; round++) {
    const raw = { documents: documents(clusterAndServices()), broken: [] };
    let settled = settle(NO_LAST_GOOD, { documents: [], broken: [] });
    settling.push(
      cpuMs(() => {
        settled = settle(NO_LAST_GOOD, raw, new SettleMemo());
      }),
    );
    const question = { node: OWN_NODE, resources: settled.resources, options: FILE_OPTIONS };
    planning.push(cpuMs(() => planWith(question, new PlanMemo())));
  }
  console.log(`from scratch: settle ${middle(settling)} ms, plan ${middle(planning)} ms`);
}

const EDITS: Readonly<Record<string, (round: number) => unknown>> = {
  'a label of a node': (round) => nodeDocument(17, { rack: 'r17', round: `${round}` }),
  'the rack of a node': (round) => nodeDocument(17, { rack: `r${round % 100}` }),
  'the address of a node': (round) => nodeDocument(17 + (round << 16), { rack: 'r17' }),
  'a new own block': (round) => blockDocument(100 + round),
  'a BGPPeer': (round) =>
    resource('BGPPeer', 'more', {
      nodeSelector: 'all()',
      peerIP: `172.17.0.${round + 1}`,
      asNumber: 65001,
    }),
  'an endpoint of a service': (round) => localSlice(17, round % 2 === 0 ? 'elsewhere' : OWN_NODE),
  'the address of a service': (round) =>
    service('s17', {
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      externalIPs: [`192.0.2.${round}`],
    }),
  'a filter of a hundred peers': (round) =>
    resource('BGPFilter', 'from-tor', { importV4: [{ action: 'Accept', priority: 1000 + round }] }),
};

function oneChange(what: string, edit: (round: number) => unknown): void {
  const keeper = new ConfigurationKeeper({ node: OWN_NODE, plan: FILE_OPTIONS }, millis(0));
  const base = documents(clusterAndServices());
  keeper.onSnapshot({ documents: base, broken: [] }, millis(0));
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [changed] = documents([edit(round)]);
    const key = keyOf(changed!.value);
    const next = [...base.filter((document) => keyOf(document.value) !== key), changed!];
    const snapshot = { documents: next, broken: [] };
    times.push(cpuMs(() => keeper.onSnapshot(snapshot, millis(round))));
  }
  console.log(`${what}: ${middle(times)} ms`);
}

function keyOf(value: unknown): string {
  const { kind, metadata } = value as { kind: string; metadata: { name: string } };
  return `${kind}/${metadata.name}`;
}

console.log(
  `${size.nodes} nodes, ${size.peers} BGPPeers, ${size.blocks} own blocks, ${SERVICES} services; CPU ms`,
);
fromScratch();
for (const [what, edit] of Object.entries(EDITS)) oneChange(what, edit);
