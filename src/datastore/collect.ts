/** Checked entries by kind and name: `Resources`, whole, or with what did not change taken from those before. */

import type {
  BgpConfigurationResource,
  BgpFilterResource,
  BgpPeerResource,
  BlockAffinityResource,
  EndpointSliceResource,
  IpPoolResource,
  LocalWorkloadResource,
  NodeResource,
  NodeStatusResource,
  PeerProfileResource,
  Resources,
  SecretResource,
  ServiceResource,
} from './resources.ts';
import type { Entry } from './validate.ts';

export function collect(entries: readonly Entry[]): Resources {
  const nodes = new Map<string, NodeResource>();
  const bgpConfigurations = new Map<string, BgpConfigurationResource>();
  const bgpPeers = new Map<string, BgpPeerResource>();
  const bgpFilters = new Map<string, BgpFilterResource>();
  const ipPools = new Map<string, IpPoolResource>();
  const blockAffinities = new Map<string, BlockAffinityResource>();
  const secrets = new Map<string, SecretResource>();
  const peerProfiles = new Map<string, PeerProfileResource>();
  const nodeStatuses = new Map<string, NodeStatusResource>();
  const localWorkloads = new Map<string, LocalWorkloadResource>();
  const services = new Map<string, ServiceResource>();
  const endpointSlices = new Map<string, EndpointSliceResource>();
  let clusterInformation: Resources['clusterInformation'];
  for (const { kind, value } of entries) {
    if (kind === 'Node') nodes.set(value.name, value);
    else if (kind === 'BGPConfiguration') bgpConfigurations.set(value.name, value);
    else if (kind === 'BGPPeer') bgpPeers.set(value.name, value);
    else if (kind === 'BGPFilter') bgpFilters.set(value.name, value);
    else if (kind === 'IPPool') ipPools.set(value.name, value);
    else if (kind === 'BlockAffinity') blockAffinities.set(value.name, value);
    else if (kind === 'PeerProfile') peerProfiles.set(value.name, value);
    else if (kind === 'Secret') secrets.set(`${value.namespace}/${value.name}`, value);
    else if (kind === 'CalicoNodeStatus') nodeStatuses.set(value.name, value);
    else if (kind === 'LocalWorkload') localWorkloads.set(value.name, value);
    else if (kind === 'Service') services.set(`${value.namespace}/${value.name}`, value);
    else if (kind === 'EndpointSlice') {
      endpointSlices.set(`${value.namespace}/${value.name}`, value);
    } else if (value.name === 'default') clusterInformation = value;
  }
  return {
    nodes,
    bgpConfigurations,
    bgpPeers,
    bgpFilters,
    ipPools,
    blockAffinities,
    secrets,
    localWorkloads,
    services,
    endpointSlices,
    clusterInformation,
    peerProfiles,
    nodeStatuses,
  };
}

/** `next`, with the map of every kind in which nothing changed taken from `before`: "unchanged" is then `===`. */
export function shareKinds(before: Resources, next: Resources): Resources {
  return {
    nodes: shareMap(before.nodes, next.nodes),
    bgpConfigurations: shareMap(before.bgpConfigurations, next.bgpConfigurations),
    bgpPeers: shareMap(before.bgpPeers, next.bgpPeers),
    bgpFilters: shareMap(before.bgpFilters, next.bgpFilters),
    ipPools: shareMap(before.ipPools, next.ipPools),
    blockAffinities: shareMap(before.blockAffinities, next.blockAffinities),
    secrets: shareMap(before.secrets, next.secrets),
    localWorkloads: shareMap(before.localWorkloads, next.localWorkloads),
    services: shareMap(before.services, next.services),
    endpointSlices: shareMap(before.endpointSlices, next.endpointSlices),
    clusterInformation: next.clusterInformation,
    peerProfiles: shareMap(before.peerProfiles, next.peerProfiles),
    nodeStatuses: shareMap(before.nodeStatuses, next.nodeStatuses),
  };
}

function shareMap<T>(
  before: ReadonlyMap<string, T>,
  next: ReadonlyMap<string, T>,
): ReadonlyMap<string, T> {
  if (before.size !== next.size) return next;
  for (const [name, value] of next) if (before.get(name) !== value) return next;
  return before;
}
