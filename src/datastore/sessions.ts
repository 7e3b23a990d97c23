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
} from './cluster.ts';
import { workloadEntries } from './local-workloads.ts';
import { sortedByName } from './plan-data.ts';
import { MESH } from './plan-memo.ts';
import type { BgpPeerResource, NodeResource } from './resources.ts';
import type { SessionEntry } from './session-entry.ts';

export function sessionEntries(cluster: Cluster): SessionEntry[] {
  const entries = explicitEntries(cluster).filter((entry) => !isOwn(cluster, entry.address));
  addMesh(cluster, entries);
  return entries;
}

/** Own entries come from selectors; the own node is recognised by its address. */
function isOwn({ own }: Cluster, address: IpAddress): boolean {
  return address === own.ipv4?.address || address === own.ipv6?.address;
}

/** @see calico model 2.2 */
function addMesh(cluster: Cluster, entries: SessionEntry[]): void {
  const { own, global, nodes, memo } = cluster;
  if (own.routeReflectorClusterId !== undefined) return;
  if (global?.nodeToNodeMeshEnabled === false) return;
  for (const node of nodes) {
    if (node.routeReflectorClusterId !== undefined) continue;
    for (const entry of memo.entries(MESH, node, () => meshEntriesOf(cluster, node))) {
      if (!isOwn(cluster, entry.address)) entries.push(entry);
    }
  }
}

function meshEntriesOf(cluster: Cluster, node: NodeResource): SessionEntry[] {
  return addressesOf(node).map((address) => ({
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
  const all = sortedByName(cluster.resources.bgpPeers);
  const peers = all.filter((peer) => !peer.localWorkload);
  const entries = new Map<string, SessionEntry>();
  const covered = new Set<readonly NodeResource[]>();
  const add = ({ towards, make }: Side): void => {
    // Who has been given a session towards every one of these nodes gets no other by the same nodes.
    if (towards !== undefined && covered.has(towards)) return;
    if (towards !== undefined) covered.add(towards);
    for (const entry of make()) {
      const key = entryKey(entry.address, entry.port);
      if (!entries.has(key)) entries.set(key, entry);
    }
  };
  for (const peer of peers) if (isGlobal(peer)) add(remotes(cluster, peer, 'global'));
  for (const peer of peers) {
    if (isGlobal(peer) || !isLocalSide(peer, cluster.own)) continue;
    add(remotes(cluster, peer, 'node'));
  }
  for (const peer of peers) add(reverse(cluster, peer));
  // Sessions with workloads come last (calico model 2.3).
  for (const peer of all) {
    if (!peer.localWorkload || !(isGlobal(peer) || isLocalSide(peer, cluster.own))) continue;
    add({ make: () => workloadEntries(cluster, peer) });
  }
  return [...entries.values()];
}

/** What one side of a BGPPeer asks for. */
interface Side {
  /** Present when that is a session towards each address of these nodes. */
  readonly towards?: readonly NodeResource[];
  readonly make: () => readonly SessionEntry[];
}

const NOTHING: Side = { make: () => [] };

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
function remotes(cluster: Cluster, peer: BgpPeerResource, kind: 'global' | 'node'): Side {
  const { memo } = cluster;
  const { peerSelector } = peer;
  if (peerSelector !== undefined) {
    const towards = memo.nodes.matching(peerSelector);
    const entriesOf = (node: NodeResource): SessionEntry[] =>
      addressesOf(node).map((address) => ({
        ...towardsNode(cluster, peer, { node, address }),
        kind,
        calicoNode: false, // calico model 1.2: the flag is set for peerIP alone
        origin: `BGPPeer/${peer.name}`,
      }));
    const scope = memo.scope('forward', peer);
    const make = (): SessionEntry[] =>
      towards.flatMap((node) => memo.entries(scope, node, () => entriesOf(node)));
    return { towards, make };
  }
  if (peer.peerIp === undefined || peer.asNumber === undefined) return NOTHING;
  const { asNumber } = peer;
  return { make: () => [byAddress(cluster, { ...peer, asNumber }, kind)] };
}

function byAddress(
  cluster: Cluster,
  peer: BgpPeerResource & { readonly asNumber: number },
  kind: 'global' | 'node',
): SessionEntry {
  const { address, port } = peer.peerIp!;
  const nodes = cluster.memo.nodes.withAddress(address);
  // Without a port, that of the node which has this address and this AS.
  const match = nodes.find((node) => remoteAsOf(cluster, node) === peer.asNumber);
  return {
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
  };
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
function reverse(cluster: Cluster, peer: BgpPeerResource): Side {
  if (peer.reversePeering === 'Manual' || !isRemoteSide(cluster, peer)) return NOTHING;
  const { memo } = cluster;
  const families: readonly Family[] =
    peer.peerIp === undefined ? [4, 6] : [ipFamily(peer.peerIp.address)];
  const entriesOf = (node: NodeResource): SessionEntry[] =>
    families.flatMap((family) => {
      const address = nodeAddress(node, family);
      return address === undefined ? [] : [towardsNode(cluster, peer, { node, address })];
    });
  const nodes = localSide(cluster, peer);
  const scope = memo.scope('reverse', peer);
  const make = (): SessionEntry[] =>
    nodes.flatMap((node) => memo.entries(scope, node, () => entriesOf(node)));
  return families.length === 2 ? { towards: nodes, make } : { make };
}

/** All nodes of the local side of a BGPPeer. */
function localSide(cluster: Cluster, peer: BgpPeerResource): readonly NodeResource[] {
  if (peer.nodeSelector !== undefined) return cluster.memo.nodes.matching(peer.nodeSelector);
  if (peer.node === undefined) return cluster.nodes;
  const node = cluster.resources.nodes.get(peer.node);
  return node === undefined ? [] : [node];
}

function isRemoteSide(cluster: Cluster, peer: BgpPeerResource): boolean {
  const { own } = cluster;
  if (peer.peerSelector !== undefined) return peer.peerSelector.matches(own.labels);
  if (peer.peerIp === undefined || !isOwn(cluster, peer.peerIp.address)) return false;
  if (remoteAsOf(cluster, own) !== peer.asNumber) return false;
  const { port } = peer.peerIp;
  return port === undefined || port === (listenPortOf(cluster, own) ?? BGP_PORT);
}

/** Our AS number on this session: a BGPPeer by peerIP may have one of its own. */
export function localAsOf(entry: SessionEntry, nodeAs: number): number {
  return (entry.byAddress ? entry.peer?.localAsNumber : undefined) ?? nodeAs;
}
