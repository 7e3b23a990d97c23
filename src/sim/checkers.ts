/**
 * What must hold of a laboratory that has come to rest, each rule by its own means and not by the speaker's word.
 * Every checker returns sentences; none means that the rule holds.
 */

import { Prng } from '../base/prng.ts';
import { AFI_SAFIS, type AfiSafi, afiSafiOfIpFamily } from '../net/afi-safi.ts';
import { type Prefix, prefixAddress, prefixFamily } from '../net/prefix.ts';
import { RouteProtocol } from '../netlink/codes.ts';
import type { RouteView, SpeakerView } from '../speaker/snapshot.ts';
import { followPacket } from './forwarding.ts';
import { MatchKeys } from './kernel.ts';
import type { Block, Lab } from './lab.ts';
import type { SimNode } from './node.ts';
import type { Scene } from './scene.ts';
import { announcementsLegitimate, memoryBounded } from './wire-checkers.ts';

export type Checker = (lab: Lab) => string[];

/** Nodes whose own views are looked at: a view of a thousand routes on each of a thousand nodes takes minutes. */
const VIEWED_NODES_MAX = 40;

/** All running nodes, or some of a large cluster: other ones with another seed. Kernels are always looked at, all. */
function viewed({ seed, names, nodes }: Scene): SimNode[] {
  const some = new Set(names);
  if (names.length > VIEWED_NODES_MAX) {
    const prng = new Prng(seed);
    some.clear();
    while (some.size < VIEWED_NODES_MAX) some.add(names[prng.below(names.length)]!);
  }
  return [...some].flatMap((name) => nodes.get(name) ?? []);
}

/** Steps a node may need, a virtual second, when nothing happens: timers alone. */
const IDLE_STEPS_PER_SECOND_MAX = 20;

/** Every configured session is Established. */
export function sessionsEstablished(scene: Scene): string[] {
  const counts = scene.running.flatMap((node) => {
    const { configured, established } = node.view.status().neighbors;
    return configured === established
      ? []
      : [`${node.name}: ${established} of ${configured} sessions are Established`];
  });
  const causes = viewed(scene).flatMap((node) =>
    node.view
      .neighbors()
      .filter(({ state }) => state !== 'Established')
      .map((peer) => `${node.name}: ${peer.name} is ${peer.state}: ${peer.downBecause ?? ''}`),
  );
  return [...counts, ...causes];
}

/** End-of-RIB was said and heard, nothing is owed to a neighbor, and no path is stale. */
export function nothingOwed(scene: Scene): string[] {
  const problems: string[] = [];
  for (const node of viewed(scene)) {
    for (const peer of node.view.neighbors()) {
      if (peer.state !== 'Established') continue;
      for (const family of peer.families) {
        const where = `${node.name}: ${peer.name} ${family.family}`;
        if (!family.endOfRibSent) problems.push(`${where}: End-of-RIB was not sent`);
        if (!family.endOfRibReceived) problems.push(`${where}: End-of-RIB was not received`);
        if (family.pending > 0) problems.push(`${where}: ${family.pending} still to be told`);
        if (family.stale > 0) problems.push(`${where}: ${family.stale} stale paths`);
      }
    }
  }
  return problems;
}

/** Every node's blocks are the chosen routes of every other node, and nothing else is. */
export function tablesAgree(scene: Scene): string[] {
  const problems: string[] = [];
  for (const family of AFI_SAFIS) {
    const expected = new Map<string, string>();
    for (const { prefix, owner } of blocksIn(scene, family)) expected.set(prefix, owner);
    for (const node of viewed(scene)) {
      const chosen = new Set(
        allRoutes(node.view, family)
          .filter(hasUsableBest)
          .map(({ prefix }) => prefix),
      );
      for (const [prefix, owner] of expected) {
        if (!chosen.has(prefix))
          problems.push(`${node.name} has no route to ${prefix} of ${owner}`);
      }
      for (const prefix of chosen) {
        if (!expected.has(prefix))
          problems.push(`${node.name} has ${prefix}, which nobody announces`);
      }
    }
  }
  return problems;
}

/** The kernel holds exactly the chosen routes as protocol 12, and the speaker thinks so too. */
export function kernelAgrees(scene: Scene): string[] {
  const problems: string[] = [];
  for (const node of viewed(scene)) {
    if (!writesKernel(node)) continue;
    for (const route of node.view.kernel({ limit: 1000, differing: true }).routes) {
      problems.push(`${node.name}: ${route.prefix} is ${route.state}: ${route.because ?? ''}`);
    }
    const held = heldBy(node);
    const wanted = new Set(AFI_SAFIS.flatMap((family) => wantedInKernel(node, family)));
    for (const prefix of wanted)
      if (!held.has(prefix)) problems.push(`${node.name}: ${prefix} is not in the kernel`);
    for (const prefix of held)
      if (!wanted.has(prefix)) problems.push(`${node.name}: ${prefix} stays in the kernel`);
  }
  return problems;
}

/** The kernel of every node, however large the cluster, holds the blocks of all others and nothing else of ours. */
export function kernelsComplete(scene: Scene): string[] {
  const problems: string[] = [];
  const all = new Set(scene.blocks.map(({ prefix }) => prefix as string));
  for (const node of scene.running) {
    if (!writesKernel(node)) continue;
    const held = heldBy(node);
    const own = new Set((node.plan?.originated ?? []).map(({ prefix }) => prefix as string));
    for (const prefix of all) {
      if (!own.has(prefix) && !held.has(prefix))
        problems.push(`the kernel of ${node.name} lacks ${prefix}`);
    }
    for (const prefix of held)
      if (!all.has(prefix)) problems.push(`the kernel of ${node.name} has ${prefix}, of nobody`);
  }
  return problems;
}

function writesKernel(node: SimNode): boolean {
  const { state } = node.view.status().kernel;
  return state !== 'disabled' && state !== 'unavailable';
}

function heldBy(node: SimNode): Set<string> {
  const held = new Set<string>();
  for (const route of node.kernel.routes())
    if (route.protocol === RouteProtocol.BIRD) held.add(route.prefix);
  return held;
}

/** A packet from any node to any block comes to the block's node. `reachable`: those that must (default all). */
export function packetsArrive(lab: Lab): string[] {
  return eachPacket(lab, (fate) =>
    fate.end === 'delivered'
      ? undefined
      : fate.end === 'loop'
        ? 'goes in a circle'
        : `is lost at ${fate.at}: ${fate.why}`,
  );
}

/** A packet may be lost, but never goes in a circle. Holds at every moment, not only at rest. */
export function noForwardingLoop(lab: Lab): string[] {
  return eachPacket(lab, (fate) => (fate.end === 'loop' ? 'goes in a circle' : undefined));
}

/** Nothing was sent on a connection after its end, nor anything else against the contract of the core. */
export function contractKept(scene: Scene): string[] {
  return [...scene.nodes.values()].flatMap(({ violations }) => violations);
}

/** At rest a node works only when a timer says so. Advances time by some seconds. */
export function idleWhenQuiet(lab: Lab): string[] {
  const seconds = restSeconds(lab);
  const before = stepsTaken(lab);
  lab.run(seconds * 1000);
  return idleSince(before, seconds);
}

/** How long it is looked at. */
export function restSeconds({ names }: Scene): number {
  return names.length > VIEWED_NODES_MAX ? 2 : 10;
}

export function stepsTaken({ running }: Scene): ReadonlyMap<SimNode, number> {
  return new Map(running.map((node) => [node, node.steps]));
}

/** What is said of nodes that were at rest since `before`. */
export function idleSince(before: ReadonlyMap<SimNode, number>, seconds: number): string[] {
  const problems: string[] = [];
  for (const [node, steps] of before) {
    const { configured, established } = node.view.status().neighbors;
    const perSecond = (node.steps - steps) / seconds / Math.max(1, configured);
    if (perSecond > IDLE_STEPS_PER_SECOND_MAX)
      problems.push(`${node.name} takes ${perSecond} steps a second and peer at rest`);
    const sockets = node.connections;
    if (sockets > established)
      problems.push(`${node.name} keeps ${sockets} connections for ${established} sessions`);
  }
  return problems;
}

/** Of a whole cluster in which everybody can reach everybody. */
export const AT_REST: readonly Checker[] = [
  contractKept,
  sessionsEstablished,
  tablesAgree,
  nothingOwed,
  kernelAgrees,
  kernelsComplete,
  packetsArrive,
  announcementsLegitimate,
  memoryBounded,
  idleWhenQuiet,
];

export function check(lab: Lab, checkers: readonly Checker[] = AT_REST): string[] {
  return checkers.flatMap((checker) => checker(lab));
}

/** All routes of a family, page by page. */
function allRoutes(view: SpeakerView, family: AfiSafi): RouteView[] {
  const routes: RouteView[] = [];
  let cursor: number | undefined = 0;
  while (cursor !== undefined) {
    const page: ReturnType<SpeakerView['routes']> = view.routes({ family, cursor, limit: 1000 });
    routes.push(...page.routes);
    cursor = page.next;
  }
  return routes;
}

function eachPacket(
  lab: Lab,
  judge: (fate: ReturnType<typeof followPacket>) => string | undefined,
): string[] {
  const problems: string[] = [];
  const targets = [...lab.nodes.values()]
    .flatMap(({ plan }) => plan?.originated ?? [])
    // IPv6 between racks goes by the router, which learns no pods in this laboratory.
    .filter(({ prefix }) => prefixFamily(prefix) === 4)
    .map(({ prefix }) => ({ prefix, keys: new MatchKeys(prefixAddress(prefix)) }));
  // The kernel of a node whose daemon has stopped forwards all the same. All packets of one node after each other: of a
  // large cluster no second kernel fits into the caches.
  for (const from of lab.nodes.values()) {
    for (const { prefix, keys } of targets) {
      const fate = followPacket(lab, from, keys);
      const problem = judge(fate);
      if (problem === undefined) continue;
      const way = fate.path.join(' → ');
      problems.push(`a packet from ${from.name} to ${prefix} ${problem} (${way})`);
    }
  }
  return problems;
}

function blocksIn({ blocks }: Scene, family: AfiSafi): Block[] {
  return blocks.filter(({ prefix }) => afiSafiOfIpFamily(prefixFamily(prefix)) === family);
}

function originatedIn(node: SimNode, family: AfiSafi): readonly { readonly prefix: Prefix }[] {
  const wanted = family === 'ipv4-unicast' ? 4 : 6;
  return (node.plan?.originated ?? []).filter(({ prefix }) => prefixFamily(prefix) === wanted);
}

function hasUsableBest({ paths }: RouteView): boolean {
  return paths.some(({ best, state }) => best && state === 'usable');
}

function wantedInKernel(node: SimNode, family: AfiSafi): string[] {
  const silent = new Set(originatedIn(node, family).map(({ prefix }) => prefix as string));
  for (const { prefix, blackhole } of node.plan?.originated ?? [])
    if (blackhole) silent.delete(prefix);
  return allRoutes(node.view, family)
    .filter(hasUsableBest)
    .map(({ prefix }) => prefix)
    .filter((prefix) => !silent.has(prefix));
}
