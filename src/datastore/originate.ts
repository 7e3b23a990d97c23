/**
 * The prefixes this node announces as its own: the blocks its affinities give it, and those of services.
 * @see calico model 1.6, 3.1
 */

import { hostPrefix, type Prefix, prefixFamily, prefixLength } from '../net/prefix.ts';
import type { Cluster } from './cluster.ts';
import { compareText } from './plan-data.ts';
import type { OriginatedPrefix, PeerPlan } from './plan-types.ts';
import type { BlockAffinityResource } from './resources.ts';
import { servicePrefixes } from './services.ts';

/** Host-local IPAM has no affinities: what Kubernetes gave to the node is its own (calico model 1.6). */
function podCidrBlocks({ own }: Cluster): BlockAffinityResource[] {
  return [...own.podCidrs].sort(compareText).map((cidr) => ({
    name: `${own.name} podCIDR ${cidr}`,
    node: own.name,
    cidr,
    state: 'confirmed',
    type: 'host',
    deleted: false,
  }));
}

/**
 * Own affinities that count: not deleted, not pending. One that is pending deletion still has its blackhole, and is
 * announced as a member of its pool; it just no longer stands for what is inside it.
 */
export function ownBlocks(cluster: Cluster): BlockAffinityResource[] {
  if (cluster.options.usePodCidr === true) return podCidrBlocks(cluster);
  const blocks = new Map<string, BlockAffinityResource>();
  const own: BlockAffinityResource[] = [];
  for (const affinity of cluster.resources.blockAffinities.values()) {
    const { node, type, deleted, state } = affinity;
    if (node !== cluster.own.name || type !== 'host' || deleted || state === 'pending') continue;
    own.push(affinity);
  }
  for (const affinity of own.sort((a, b) => compareText(a.name, b.name))) {
    const { cidr } = affinity;
    const other = blocks.get(cidr);
    if (other === undefined || other.state === 'pendingDeletion') blocks.set(cidr, affinity);
  }
  return [...blocks.values()].sort((a, b) => compareText(a.cidr, b.cidr));
}

export function originatedPrefixes(
  cluster: Cluster,
  peers: readonly PeerPlan[],
): readonly OriginatedPrefix[] {
  const { memo, problems, own, options, global, resources } = cluster;
  const { blockAffinities, services, endpointSlices } = resources;
  const ofBlocks = { problems, inputs: [own, options, blockAffinities] };
  const ofServices = { problems, inputs: [own, options, global, services, endpointSlices] };
  return memo.originated([
    ...memo.stage('block prefixes', ofBlocks, () => blockPrefixes(cluster)),
    ...memo.stage('service prefixes', ofServices, () => servicePrefixes(cluster)),
    ...memo.stage('host routes', { problems, inputs: [peers] }, () => hostRoutes(peers)),
  ]);
}

/** Routes to peers that are reached by a gateway of their own; of several to one address the first by name. */
function hostRoutes(peers: readonly PeerPlan[]): OriginatedPrefix[] {
  const routes = new Map<Prefix, OriginatedPrefix>();
  for (const { reachableBy, remoteAddress, origin } of peers) {
    if (reachableBy === undefined) continue;
    const to = hostPrefix(remoteAddress);
    if (routes.has(to)) continue;
    routes.set(to, {
      prefix: to,
      source: 'static',
      blackhole: false,
      gateway: reachableBy,
      origin: `reachableBy of ${origin}`,
    });
  }
  return [...routes.values()];
}

function blockPrefixes(cluster: Cluster): OriginatedPrefix[] {
  return ownBlocks(cluster).map(({ cidr, name }): OriginatedPrefix => {
    const width = prefixFamily(cidr) === 4 ? 32 : 128;
    return {
      prefix: cidr,
      source: 'block',
      // A block of one address is the workload's own route: a blackhole would hide it.
      blackhole: prefixLength(cidr) < width,
      origin: `BlockAffinity/${name}`,
    };
  });
}
