/**
 * Which sessions this node has: the node-to-node mesh, and the three passes over the BGPPeers (global, node-scoped,
 * reverse). Every entry is as Calico's confd would compute it; values of a session follow in `effective.ts`.
 *
 * Invariant: of two entries for one address and port the first stays: global, then node-scoped, then reverse, each
 * in order of the BGPPeers' names. @see calico model 2.1–2.3
 */

import { type IpAddress, ipFamily } from '../net/ip-address.ts';
import {
  BGP_PORT,
  type Cluster,
  type Family,
  listenPortOf,
  nodeAddress,
  remoteAsOf,
  sortedByName,
} from './cluster.ts';
import type { BgpPeerResource, NodeResource } from './resources.ts';

/** A session that was asked for, before its values are worked out. */
export interface SessionEntry {
  readonly kind: 'mesh' | 'global' | 'node';
  readonly address: IpAddress;
  /** Undefined: nothing is said, so 179. */
  readonly port: number | undefined;
  readonly remoteAs: number;
  /** Undefined where it is not known, as for any peer given by peerIP. */
  readonly rrClusterId: IpAddress | undefined;
  /** Whether the address is that of a node of this cluster, for the passive rule. */
  readonly calicoNode: boolean;
  /** Whether the peer belongs to the cluster at all, for `policy.outside`. */
  readonly inside: boolean;
  /** Only honoured for peers given by peerIP. */
  readonly byAddress: boolean;
  readonly peer: BgpPeerResource | undefined;
  readonly origin: string;
}

export function sessionEntries(cluster: Cluster): SessionEntry[] {
  const explicit = explicitEntries(cluster);
  return [...explicit, ...meshEntries(cluster)].filter((entry) => !isOwn(cluster, entry.address));
}

/** Own entries come from selectors; the own node is recognised by its address. */
function isOwn({ own }: Cluster, address: IpAddress): boolean {
  return address === own.ipv4?.address || address === own.ipv6?.address;
}

/** @see calico model 2.2 */
function meshEntries(cluster: Cluster): SessionEntry[] {
  const { own, global, nodes } = cluster;
  if (own.routeReflectorClusterId !== undefined) return [];
  if (global?.nodeToNodeMeshEnabled === false) return [];
  return nodes
    .filter((node) => node.routeReflectorClusterId === undefined)
    .flatMap((node) => addressesOf(node).map((address) => ({ node, address })))
    .map(({ node, address }) => ({
      kind: 'mesh',
      address,
      port: listenPortOf(cluster, node),
      // Not the global AS: a node without its own is taken to be in ours.
      remoteAs: node.asNumber ?? cluster.localAs,
      rrClusterId: undefined,
      calicoNode: true,
      inside: true,
      byAddress: false,
      peer: undefined,
      origin: `node-to-node mesh with Node/${node.name}`,
    }));
}

function addressesOf(node: NodeResource): IpAddress[] {
  return [node.ipv4?.address, node.ipv6?.address].filter((address) => address !== undefined);
}

function explicitEntries(cluster: Cluster): SessionEntry[] {
  const peers = sortedByName(cluster.resources.bgpPeers).filter((peer) => !peer.localWorkload);
  const entries = new Map<string, SessionEntry>();
  const add = (entry: SessionEntry): void => {
    const key = entryKey(entry.address, entry.port);
    if (!entries.has(key)) entries.set(key, entry);
  };
  for (const peer of peers.filter(isGlobal)) remotes(cluster, peer, 'global').forEach(add);
  for (const peer of peers) {
    if (isGlobal(peer) || !isLocalSide(peer, cluster.own)) continue;
    remotes(cluster, peer, 'node').forEach(add);
  }
  for (const peer of peers) reverse(cluster, peer).forEach(add);
  return [...entries.values()];
}

/** Address and port; no port and 179 are the same. */
export function entryKey(address: IpAddress, port: number | undefined): string {
  return port === undefined || port === BGP_PORT ? address : `${address}:${port}`;
}

function isGlobal(peer: BgpPeerResource): boolean {
  return peer.node === undefined && peer.nodeSelector === undefined;
}

function isLocalSide(peer: BgpPeerResource, node: NodeResource): boolean {
  if (peer.nodeSelector !== undefined) return peer.nodeSelector.matches(node.labels);
  return peer.node === node.name;
}

/** The remote side of a BGPPeer: the nodes of its peerSelector, or its peerIP. */
function remotes(cluster: Cluster, peer: BgpPeerResource, kind: 'global' | 'node'): SessionEntry[] {
  const { peerSelector } = peer;
  if (peerSelector !== undefined) {
    return cluster.nodes
      .filter((node) => peerSelector.matches(node.labels))
      .flatMap((node) =>
        addressesOf(node).map((address) => ({
          ...towardsNode(cluster, peer, { node, address }),
          kind,
          calicoNode: false, // calico model 1.2: the flag is set for peerIP alone
          origin: `BGPPeer/${peer.name}`,
        })),
      );
  }
  if (peer.peerIp === undefined || peer.asNumber === undefined) return [];
  const { address, port } = peer.peerIp;
  const nodes = cluster.nodes.filter((node) => addressesOf(node).includes(address));
  // Without a port, that of the node which has this address and this AS.
  const match = nodes.find((node) => remoteAsOf(cluster, node) === peer.asNumber);
  return [
    {
      kind,
      address,
      port: port ?? (match === undefined ? undefined : listenPortOf(cluster, match)),
      remoteAs: peer.asNumber,
      rrClusterId: undefined,
      calicoNode: nodes.length > 0,
      inside: nodes.length > 0,
      byAddress: true,
      peer,
      origin: `BGPPeer/${peer.name}`,
    },
  ];
}

function towardsNode(
  cluster: Cluster,
  peer: BgpPeerResource,
  remote: { readonly node: NodeResource; readonly address: IpAddress },
): SessionEntry {
  return {
    kind: 'node',
    address: remote.address,
    port: listenPortOf(cluster, remote.node),
    remoteAs: remoteAsOf(cluster, remote.node),
    rrClusterId: remote.node.routeReflectorClusterId,
    calicoNode: true,
    inside: true,
    byAddress: false,
    peer,
    origin: `BGPPeer/${peer.name} reversed towards Node/${remote.node.name}`,
  };
}

/**
 * The opposite direction of a BGPPeer whose remote side is this node: towards all of its local side.
 * Calico compares an explicit port with the global listen port even where the node has its own; here the port on
 * which the node listens counts.
 */
function reverse(cluster: Cluster, peer: BgpPeerResource): SessionEntry[] {
  if (peer.reversePeering === 'Manual' || !isRemoteSide(cluster, peer)) return [];
  const families: readonly Family[] =
    peer.peerIp === undefined ? [4, 6] : [ipFamily(peer.peerIp.address)];
  return cluster.nodes
    .filter((node) => isGlobal(peer) || isLocalSide(peer, node))
    .flatMap((node) =>
      families.flatMap((family) => {
        const address = nodeAddress(node, family);
        return address === undefined ? [] : [towardsNode(cluster, peer, { node, address })];
      }),
    );
}

function isRemoteSide(cluster: Cluster, peer: BgpPeerResource): boolean {
  const { own } = cluster;
  if (peer.peerSelector !== undefined) return peer.peerSelector.matches(own.labels);
  if (peer.peerIp === undefined || !isOwn(cluster, peer.peerIp.address)) return false;
  if (remoteAsOf(cluster, own) !== peer.asNumber) return false;
  const { port } = peer.peerIp;
  return port === undefined || port === (listenPortOf(cluster, own) ?? BGP_PORT);
}
