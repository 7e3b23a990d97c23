/**
 * Resources × this node → `SpeakerPlan`: everything the node is to do.
 *
 * Pure and total: any resources give a plan or the reason why there is none, and never an exception. The result does
 * not depend on the order in which resources were read (property-tested). @see calico model 2, 3; DESIGN 2
 */

import { nearest } from '../base/nearest.ts';
import { ipFamily } from '../net/ip-address.ts';
import { BGP_PORT, type Cluster, listenPortOf, type PlanQuestion, viewCluster } from './cluster.ts';
import { peerPlans } from './effective.ts';
import { expectedPrefixes } from './expected-prefixes.ts';
import { kernelRules } from './kernel.ts';
import { learnPlan } from './learn.ts';
import { listenRangesOf } from './listen-ranges.ts';
import { nodeStatuses } from './node-statuses.ts';
import { originatedPrefixes } from './originate.ts';
import { compareText, sortedByName } from './plan-data.ts';
import { PlanMemo } from './plan-memo.ts';
import type { PlanOptions, PlanResult } from './plan-options.ts';
import type { ListenPlan, SpeakerPlan } from './plan-types.ts';
import { reportProfiles } from './profile-problems.ts';
import { profiledEntries } from './profiled.ts';
import type { Resources } from './resources.ts';
import { routerIdOf } from './router-id.ts';
import { reportSameAddress } from './same-address.ts';
import type { SessionEntry } from './session-entry.ts';
import { sessionEntries } from './sessions.ts';
import { reportTwoOwners } from './two-owners.ts';

export function planFor(node: string, resources: Resources, options: PlanOptions): PlanResult {
  return planWith({ node, resources, options }, new PlanMemo());
}

/**
 * The same, at a price in proportion to what has changed since `memo` was last used: the result is that of `planFor`
 * whatever `memo` remembers (property-tested), and sessions that did not change are the same objects as before.
 */
export function planWith(question: PlanQuestion, memo: PlanMemo): PlanResult {
  const { node } = question;
  const { cluster, problems } = viewCluster(question, memo);
  if (cluster === undefined) return { problems };
  const { own } = cluster;
  const inputs = sessionInputs(cluster);
  const entries = memo.stage('entries', { problems, inputs }, () =>
    profiledEntries(cluster, sessionEntries(cluster)),
  );
  const settings = memo.profiles.nodeSettings();
  const listenRanges = listenRangesOf(cluster);
  const peers = memo.stage('peers', { problems, inputs }, () => peerPlans(cluster, entries));
  const { blockAffinities, services } = cluster.resources;
  const expected = expectedPrefixes(blockAffinities.values(), services.size);
  const statuses = nodeStatuses(cluster);
  const plan: SpeakerPlan = {
    node,
    localAs: cluster.localAs,
    routerId: routerIdOf(cluster),
    ...(own.routeReflectorClusterId === undefined
      ? {}
      : { clusterId: own.routeReflectorClusterId }),
    addresses: {
      ...(own.ipv4 === undefined ? {} : { ipv4: own.ipv4.address }),
      ...(own.ipv6 === undefined ? {} : { ipv6: own.ipv6.address }),
    },
    listen: listenPlan(cluster),
    peers,
    originated: originatedPrefixes(cluster, peers),
    kernel: kernelRules(cluster),
    learn: learnPlan(cluster),
    logLevel: cluster.ownConfiguration?.logLevel ?? cluster.global?.logLevel ?? 'info',
    ...(expected === undefined ? {} : { expectedPrefixes: expected }),
    ...(settings === undefined ? {} : { settings }),
    ...(listenRanges === undefined ? {} : { listenRanges }),
    ...(statuses === undefined ? {} : { statuses }),
  };
  reportNoAddress(cluster);
  reportFilters(cluster);
  reportOpenImports(cluster, entries);
  reportSameAddress(cluster);
  reportTwoOwners(cluster);
  reportProfiles(cluster, plan.peers);
  return { plan, problems };
}

/** All that sessions are made of: services come and go, and no session is looked at. */
function sessionInputs({ resources, own, nodes, options, compat }: Cluster): readonly unknown[] {
  const { services: _, endpointSlices: __, nodeStatuses: ___, ...others } = resources;
  return [...Object.values(others), own, nodes, options, compat];
}

function listenPlan(cluster: Cluster): ListenPlan {
  const { own, global } = cluster;
  const addresses = [own.ipv4?.address, own.ipv6?.address].filter((item) => item !== undefined);
  return {
    port: listenPortOf(cluster, own) ?? BGP_PORT,
    addresses: global?.bindMode === 'NodeIP' ? addresses : [],
  };
}

function reportNoAddress({ own, problems }: Cluster): void {
  if (own.ipv4 !== undefined || own.ipv6 !== undefined) return;
  problems.push({
    kind: 'ConfigError',
    severity: 'warning',
    code: 'NoAddress',
    resource: `Node/${own.name}`,
    path: 'spec.bgp',
    message: 'This node has no address, so it has no sessions',
    remedy: 'Write spec.bgp.ipv4Address, as 10.0.0.1/24',
  });
}

/** Also for peers of other nodes: the mistake is in the resource. */
function reportFilters({ resources, options, problems }: Cluster): void {
  for (const peer of sortedByName(resources.bgpPeers)) {
    for (const [index, name] of peer.filters.entries()) {
      if (resources.bgpFilters.has(name)) continue;
      const near = nearest(name, [...resources.bgpFilters.keys()].sort(compareText));
      const effect =
        options.outside === 'calico'
          ? 'it is skipped, as Calico does'
          : 'no route passes in either direction until it exists';
      problems.push({
        kind: 'ConfigError',
        severity: options.outside === 'calico' ? 'warning' : 'error',
        code: 'UnknownFilter',
        resource: `BGPPeer/${peer.name}`,
        path: `spec.filters[${index}]`,
        value: name,
        message: `There is no BGPFilter of this name: ${effect}`,
        remedy:
          near === undefined
            ? `Create BGPFilter/${name}, or leave it out`
            : `Did you mean ${near}?`,
      });
    }
  }
}

/** RFC 8212 §2: eBGP without an import policy should be a decision; here it is named, once a BGPPeer. */
function reportOpenImports(cluster: Cluster, entries: readonly SessionEntry[]): void {
  const named = new Set<string>();
  for (const entry of entries) {
    const { peer } = entry;
    if (peer === undefined || named.has(peer.name) || entry.inside) continue;
    const localAs = peer.localAsNumber ?? cluster.localAs;
    const family = ipFamily(entry.address);
    const ibgp = entry.remoteAs === localAs;
    const filtered = peer.filters.some((name) => {
      const filter = cluster.resources.bgpFilters.get(name);
      return filter === undefined || filter[`importV${family}`].length > 0;
    });
    if (filtered || ibgp) continue;
    named.add(peer.name);
    cluster.problems.push({
      kind: 'ConfigError',
      severity: 'warning',
      code: 'OpenImport',
      resource: `BGPPeer/${peer.name}`,
      path: 'spec.filters',
      message: 'Every route that this peer outside the cluster sends is accepted',
      remedy: `Name a BGPFilter with importV${family} that accepts what it may send and rejects the rest`,
    });
  }
}
