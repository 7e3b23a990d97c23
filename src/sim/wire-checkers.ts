/**
 * What must hold of what was said on the wire, and of what it cost: by listening in and by counting, not by the
 * speaker's word. Every checker returns sentences; none means that the rule holds.
 */

import { AFI_SAFIS, afiSafiOfIpFamily } from '../net/afi-safi.ts';
import { type IpAddress, ipFamily } from '../net/ip-address.ts';
import { type Prefix, prefixFamily } from '../net/prefix.ts';
import type { Lab } from './lab.ts';
import type { SimNode } from './node.ts';
import type { Scene } from './scene.ts';
import type { Overheard } from './wiretap.ts';

/** Octets that may wait in a program for one socket: one buffer is pulled before the socket says that it is full. */
const UNSENT_OCTETS_MAX = 2 * 65_536;
/** Attribute sets that nobody names are kept so that a flap finds them again (`LIMBO_KEEP`), and freed in slices. */
const IDLE_SETS_MAX = 300;
/** Prefixes that wait to be freed when all is quiet. */
const IDLE_PREFIXES_MAX = 0;

/**
 * At rest every peer has been told exactly what it may be told: own blocks, and of a reflector its clients' blocks
 * but the peer's own (RFC 4271 §9.1.3, RFC 4456 §6), each with a next hop that belongs to the block's owner.
 */
export function announcementsLegitimate(lab: Lab): string[] {
  const problems: string[] = [];
  for (const node of lab.running) {
    for (const overheard of node.tap?.connections.values() ?? []) {
      const peer = lab.nodeAt(overheard.remote);
      if (peer === undefined || overheard.heard.updates === 0) continue;
      problems.push(...wrongAnnouncements(lab, node, { peer, overheard }));
    }
  }
  return problems;
}

function wrongAnnouncements(
  lab: Lab,
  node: SimNode,
  { peer, overheard }: { readonly peer: SimNode; readonly overheard: Overheard },
): string[] {
  const told = overheard.heard.routes;
  const expected = allowedTo(lab, node, { peer, family: ipFamily(overheard.remote) });
  const where = `${node.name} to ${peer.name}`;
  const problems: string[] = [];
  for (const [prefix, owner] of expected) {
    const route = told.get(prefix);
    if (route === undefined) problems.push(`${where}: ${prefix} of ${owner.name} is not announced`);
    else if (!owner.addresses.includes(route.nextHop as IpAddress)) {
      problems.push(`${where}: ${prefix} has next hop ${route.nextHop}, not ${owner.name}`);
    }
  }
  for (const prefix of told.keys()) {
    if (!expected.has(prefix)) problems.push(`${where}: ${prefix} is announced and may not be`);
  }
  return problems;
}

/** Prefixes with the node that has the block. */
function allowedTo(
  lab: Lab,
  node: SimNode,
  to: { readonly peer: SimNode; readonly family: 4 | 6 },
): Map<Prefix, SimNode> {
  const allowed = new Map<Prefix, SimNode>();
  const add = (owner: SimNode): void => {
    for (const { prefix } of owner.plan?.originated ?? []) {
      if (prefixFamily(prefix) === to.family) allowed.set(prefix, owner);
    }
  };
  add(node);
  for (const other of lab.running) {
    if (other === node || other === to.peer || !reflects(node, other, to.peer)) continue;
    add(other);
  }
  return allowed;
}

/** RFC 4456 §6: from a client to everybody, from anybody to a client. */
function reflects(node: SimNode, from: SimNode, to: SimNode): boolean {
  const { plan } = node;
  if (plan?.clusterId === undefined) return false;
  const isClient = (other: SimNode): boolean =>
    plan.peers.some(
      ({ remoteAddress, rrClient }) => rrClient && other.addresses.includes(remoteAddress),
    );
  const known = plan.peers.some(({ remoteAddress }) => from.addresses.includes(remoteAddress));
  return known && (isClient(from) || isClient(to));
}

/** Tables hold what the cluster has and little more; nobody queues what a peer has not read. */
export function memoryBounded(scene: Scene): string[] {
  const problems: string[] = [];
  const { running, names, clock } = scene;
  const known = {
    'ipv4-unicast': prefixesIn(scene, 'ipv4-unicast'),
    'ipv6-unicast': prefixesIn(scene, 'ipv6-unicast'),
  };
  for (const node of running) {
    if (node.unsentOctetsMax > UNSENT_OCTETS_MAX)
      problems.push(`${node.name} had ${node.unsentOctetsMax} octets waiting for one socket`);
    const { routes } = node.view.status();
    for (const family of AFI_SAFIS) {
      const { prefixes, attributeSets } = routes[family];
      const there = known[family];
      if (prefixes > there + IDLE_PREFIXES_MAX)
        problems.push(`${node.name} holds ${prefixes} prefixes of ${family}, there are ${there}`);
      const setsMax = IDLE_SETS_MAX + 4 * (there + names.length);
      if (attributeSets > setsMax)
        problems.push(`${node.name} holds ${attributeSets} attribute sets of ${setsMax} at most`);
    }
  }
  const appointments = clock.size;
  const sessions = running.reduce((sum, node) => sum + (node.plan?.peers.length ?? 0), 0);
  if (appointments > 10 * (sessions + scene.nodes.size + scene.peers.length) + 100)
    problems.push(`${appointments} appointments for ${sessions} sessions at rest`);
  return problems;
}

function prefixesIn({ blocks }: Scene, family: (typeof AFI_SAFIS)[number]): number {
  const prefixes = new Set<Prefix>();
  for (const { prefix } of blocks) {
    if (afiSafiOfIpFamily(prefixFamily(prefix)) === family) prefixes.add(prefix);
  }
  return prefixes.size;
}
