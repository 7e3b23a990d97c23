/**
 * From an entry to the values of a session: name, AS numbers, port, source, passive, reflection, next hop.
 * @see calico model 2.1, 2.4, 2.5
 */

import { factsOf } from '../net/afi-safi.ts';
import { type IpAddress, ipFamily } from '../net/ip-address.ts';
import { BGP_PORT, type Cluster, nodeAddress } from './cluster.ts';
import { readPassword } from './password.ts';
import type { PeerPlan } from './plan-types.ts';
import { exportPolicy, importPolicy } from './policies.ts';
import { familiesOf, settingsOf, timesOf, writtenBy } from './profiled.ts';
import type { SessionEntry } from './session-entry.ts';
import { entryKey, localAsOf } from './sessions.ts';

/** BIRD's default graceful restart time, which Calico keeps. */
export const RESTART_TIME_SECONDS = 120;

export function peerPlans(cluster: Cluster, entries: readonly SessionEntry[]): readonly PeerPlan[] {
  const plans: PeerPlan[] = [];
  for (const entry of withoutDuplicates(cluster, entries)) {
    const own = nodeAddress(cluster.own, ipFamily(entry.address));
    if (own !== undefined) plans.push(cluster.memo.certain(entry) ?? peerPlan(cluster, entry, own));
    else if (entry.kind !== 'mesh') warnNoAddress(cluster, entry);
  }
  return cluster.memo.inOrder(plans);
}

const NAME_PREFIXES: Readonly<Record<SessionEntry['kind'], string>> = {
  mesh: 'Mesh_',
  global: 'Global_',
  node: 'Node_',
  workload: 'Local_Workload_',
};

/** BIRD's protocol name; tools parse it. */
function sessionName(entry: SessionEntry): string {
  const prefix = NAME_PREFIXES[entry.kind];
  const port = entry.kind === 'mesh' || entry.port === undefined ? '' : `_port_${entry.port}`;
  return `${prefix}${entry.address.replace(/[.:]/g, '_')}${port}`;
}

/**
 * Mesh plus explicit peer to the same node: Calico's BIRD lets two protocols fight for one remote address. Here the
 * explicit one wins, since it says more, and the other is named.
 */
function withoutDuplicates(cluster: Cluster, entries: readonly SessionEntry[]): SessionEntry[] {
  const kept: SessionEntry[] = [];
  const byKey = new Map<string, SessionEntry>();
  const addresses = new Map<IpAddress, SessionEntry>();
  // Names of mesh sessions say no port: two nodes with one address would have one name.
  const meshed = new Map<IpAddress, SessionEntry>();
  const shared = cluster.memo.nodes.sharedAddresses();
  for (const entry of entries) {
    // Those of the mesh come last, and five thousand of them have addresses of their own.
    if (entry.kind === 'mesh' && !addresses.has(entry.address) && !shared.has(entry.address)) {
      kept.push(entry);
      continue;
    }
    const key = entryKey(entry.address, entry.port);
    const other = byKey.get(key) ?? (entry.kind === 'mesh' ? meshed.get(entry.address) : undefined);
    if (other === undefined) {
      kept.push(entry);
      byKey.set(key, entry);
      if (entry.kind === 'mesh') meshed.set(entry.address, entry);
      warnSameAddress(cluster, entry, addresses.get(entry.address));
      addresses.set(entry.address, entry);
      continue;
    }
    // Nodes with one address are named as such (`same-address.ts`).
    if (entry.kind === 'mesh' && other.kind === 'mesh') continue;
    cluster.problems.push({
      kind: 'ConfigError',
      severity: 'warning',
      code: 'DuplicateSession',
      ...(other.peer === undefined ? {} : { resource: `BGPPeer/${other.peer.name}` }),
      value: entry.address,
      message: `The session also asked for by the ${entry.origin} is the same one and is left out`,
    });
  }
  return kept;
}

/** Who calls from an address shows its port of the moment, not the one it listens on. */
function warnSameAddress(
  { problems }: Cluster,
  entry: SessionEntry,
  other: SessionEntry | undefined,
): void {
  if (other === undefined) return;
  problems.push({
    kind: 'ConfigError',
    severity: 'warning',
    code: 'SameAddress',
    ...(other.peer === undefined ? {} : { resource: `BGPPeer/${other.peer.name}` }),
    value: entry.address,
    message: `Two sessions go to this address, on ports ${other.port ?? BGP_PORT} and ${entry.port ?? BGP_PORT}: a connection from there cannot be told to belong to one of them`,
    remedy: `Peer with each address once; the other is asked for by the ${entry.origin}`,
  });
}

function warnNoAddress(cluster: Cluster, entry: SessionEntry): void {
  // A peerSelector asks for both families; that one of them is missing is no mistake.
  if (entry.peer === undefined || !entry.byAddress) return;
  const family = ipFamily(entry.address);
  cluster.problems.push({
    kind: 'ConfigError',
    severity: 'warning',
    code: 'NoAddress',
    resource: `BGPPeer/${entry.peer.name}`,
    path: 'spec.peerIP',
    value: entry.address,
    message: `No session: Node/${cluster.own.name} has no IPv${family} address`,
    remedy: `Write spec.bgp.ipv${family}Address of Node/${cluster.own.name}`,
  });
}

function peerPlan(cluster: Cluster, entry: SessionEntry, own: IpAddress): PeerPlan {
  // Of the BGPPeer a session with a workload has the AS numbers and the filters, nothing else (calico model 1.2).
  const isWorkload = entry.kind === 'workload';
  const peer = isWorkload ? undefined : entry.peer;
  const localAs = localAsOf(entry, cluster.localAs);
  const ibgp = entry.remoteAs === localAs;
  const profiled = cluster.memo.profiles.of(entry, localAs);
  const families = familiesOf(cluster, profiled.families, ipFamily(entry.address));
  const question = {
    cluster,
    filters: entry.peer?.filters,
    inside: entry.inside,
    ibgp,
    families: families.map((family) => factsOf(family).ipFamily),
  };
  const policies = {
    importPolicy: importPolicy(question),
    exportPolicy: exportPolicy(question),
  };
  const known = cluster.memo.planOf(entry, policies);
  if (known !== undefined) return known;
  const password = isWorkload ? undefined : passwordOf(cluster, entry);
  const plan: PeerPlan = {
    name: sessionName(entry),
    kind: entry.kind,
    remoteAddress: entry.address,
    remotePort: entry.port ?? BGP_PORT,
    ...(isWorkload || peer?.sourceAddress === 'None' ? {} : { localAddress: own }),
    localAs,
    remoteAs: entry.remoteAs,
    passive: isPassive(entry, own),
    families,
    ...timesOf(profiled, peer?.keepaliveTime),
    restartTime: restartTimeOf(cluster, entry),
    ...(peer === undefined || peer.ttlSecurity === 0 ? {} : { ttlSecurity: peer.ttlSecurity }),
    ...(password === undefined ? {} : { password }),
    nextHop: isWorkload ? 'auto' : nextHopOf(entry, ibgp),
    rrClient: isClient(cluster, entry, ibgp),
    allowLocalAs: entry.byAddress ? (peer?.numAllowedLocalAsNumbers ?? 0) : 0,
    ...(peer?.reachableBy === undefined ? {} : { reachableBy: peer.reachableBy }),
    ...policies,
    origin: entry.origin,
    ...settingsOf(profiled, writtenBy(cluster, entry)),
  };
  return cluster.memo.keep(entry, plan);
}

/** By plain comparison of texts, so that exactly one side dials; both sides must agree, so Calico's way. */
function isPassive(entry: SessionEntry, own: IpAddress): boolean {
  if (entry.kind === 'workload') return true;
  if (entry.kind === 'mesh') return entry.address > own;
  return entry.kind === 'global' && entry.calicoNode && entry.address > own;
}

function restartTimeOf({ global }: Cluster, { kind, peer }: SessionEntry): number {
  if (kind === 'workload') return RESTART_TIME_SECONDS;
  const written = peer === undefined ? global?.nodeMeshMaxRestartTime : peer.maxRestartTime;
  return written ?? RESTART_TIME_SECONDS;
}

function nextHopOf({ peer }: SessionEntry, ibgp: boolean): PeerPlan['nextHop'] {
  if (peer?.nextHopMode === 'Self') return 'self';
  if (peer?.nextHopMode === 'Keep') return 'keep';
  return peer?.keepOriginalNextHop === true && !ibgp ? 'keep' : 'auto';
}

/** RFC 4456 §6: reflectors of one cluster are ordinary peers; whoever else is iBGP is a client. */
function isClient({ own }: Cluster, entry: SessionEntry, ibgp: boolean): boolean {
  const id = own.routeReflectorClusterId;
  if (!ibgp || id === undefined) return false;
  const remote = entry.byAddress ? undefined : entry.rrClusterId;
  return remote === undefined || remote !== id;
}

function passwordOf(cluster: Cluster, { peer }: SessionEntry): PeerPlan['password'] {
  if (peer !== undefined) {
    const at = { resource: `BGPPeer/${peer.name}`, path: 'spec.password' };
    return readPassword(cluster, peer.password, at);
  }
  const at = { resource: 'BGPConfiguration/default', path: 'spec.nodeMeshPassword' };
  return readPassword(cluster, cluster.global?.nodeMeshPassword, at);
}
