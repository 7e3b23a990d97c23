/** Sessions with workloads of this node, one for each address of each workload that a BGPPeer selects (calico model 2.6). */

import type { Cluster } from './cluster.ts';
import { sortedByName } from './plan-data.ts';
import type { BgpPeerResource } from './resources.ts';
import type { SessionEntry } from './session-entry.ts';

/** Felix has matched the selector already: a workload names its BGPPeer. */
export function workloadEntries(
  { resources }: Cluster,
  peer: BgpPeerResource,
): readonly SessionEntry[] {
  const { asNumber } = peer;
  if (asNumber === undefined) return [];
  return sortedByName(resources.localWorkloads)
    .filter((workload) => workload.peer === peer.name)
    .flatMap(({ name, ipv4, ipv6 }) =>
      [ipv4, ipv6]
        .filter((address) => address !== undefined)
        .map((address) => ({
          kind: 'workload' as const,
          address,
          port: undefined,
          remoteAs: asNumber,
          rrClusterId: undefined,
          calicoNode: false,
          // A workload is no router of the cluster: what it is told is what outside peers are told.
          inside: false,
          byAddress: true,
          peer,
          origin: `BGPPeer/${peer.name} with workload ${name}`,
        })),
    );
}
