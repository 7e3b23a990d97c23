/**
 * Checked entries by kind and name: `Resources`, and what becomes of them when some entries change.
 *
 * Invariant: the map of a kind in which nothing changed is the same object as before, so that "unchanged" is `===`.
 */

import type { Resources } from './resources.ts';
import type { Entry } from './validate.ts';

/** An entry that came, went, or took the place of the one of its name. */
export interface EntryChange {
  readonly before: Entry | undefined;
  readonly after: Entry | undefined;
}

const MAPS = {
  Node: 'nodes',
  BGPConfiguration: 'bgpConfigurations',
  BGPPeer: 'bgpPeers',
  BGPFilter: 'bgpFilters',
  IPPool: 'ipPools',
  BlockAffinity: 'blockAffinities',
  PeerProfile: 'peerProfiles',
  Secret: 'secrets',
  CalicoNodeStatus: 'nodeStatuses',
  LocalWorkload: 'localWorkloads',
  Service: 'services',
  EndpointSlice: 'endpointSlices',
} as const satisfies Record<Exclude<Entry['kind'], 'ClusterInformation'>, keyof Resources>;

type MapField = (typeof MAPS)[keyof typeof MAPS];

const NONE: Resources = {
  nodes: new Map(),
  bgpConfigurations: new Map(),
  bgpPeers: new Map(),
  bgpFilters: new Map(),
  ipPools: new Map(),
  blockAffinities: new Map(),
  secrets: new Map(),
  localWorkloads: new Map(),
  services: new Map(),
  endpointSlices: new Map(),
  clusterInformation: undefined,
  peerProfiles: new Map(),
  nodeStatuses: new Map(),
};

export function collect(entries: readonly Entry[]): Resources {
  return changed(
    NONE,
    entries.map((after) => ({ before: undefined, after })),
  );
}

export function changed(resources: Resources, changes: readonly EntryChange[]): Resources {
  if (changes.length === 0) return resources;
  const maps: Partial<Record<MapField, Map<string, unknown>>> = {};
  let { clusterInformation } = resources;
  for (const { before, after } of changes) {
    const entry = (after ?? before)!;
    if (entry.kind === 'ClusterInformation') {
      if (entry.value.name === 'default') {
        clusterInformation = after === undefined ? undefined : entry.value;
      }
      continue;
    }
    const field = MAPS[entry.kind];
    maps[field] ??= new Map<string, unknown>(resources[field]);
    if (after === undefined) maps[field].delete(nameOf(entry));
    else maps[field].set(nameOf(entry), after.value);
  }
  // The map of a kind takes nothing but entries of that kind: `MAPS`.
  return { ...resources, ...maps, clusterInformation } as Resources;
}

/** As a map names it. */
function nameOf({ value }: Entry): string {
  return 'namespace' in value ? `${value.namespace}/${value.name}` : value.name;
}
