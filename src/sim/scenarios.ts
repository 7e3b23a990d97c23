/**
 * Courses of events with a seed: a cluster is made, things happen to it, it comes to rest, and the checkers look.
 */

import { Prng } from '../base/prng.ts';
import { AT_REST, check, noForwardingLoop } from './checkers.ts';
import { type Lab, meshLab } from './lab.ts';
import type { SimNode } from './node.ts';
import { affinity, type Document, resource } from './resources.ts';

export const SCENARIOS = ['mesh', 'flap', 'restart', 'partition', 'edit'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export interface ScenarioOptions {
  readonly scenario: ScenarioName;
  readonly seed: number;
  readonly nodes: number;
}

export interface ScenarioResult {
  /** Sentences; none means that all held. */
  readonly problems: readonly string[];
  readonly virtualMs: number;
  readonly steps: number;
  readonly sessions: number;
  /** What was done, in order. */
  readonly story: readonly string[];
}

/** Disturbances of one run. */
const EVENTS = 8;
/** Between two of them, in milliseconds: from within a handshake to past a hold time. */
const GAPS_MS = [0, 1, 5, 40, 500, 4000, 30_000, 100_000];

/** Virtual CPU time of a step: inputs that come meanwhile wait, and find another state than they would have. */
const STEPS_MS = [0, 0, 0.3, 4];

type Act = (run: Run) => string;

interface Run {
  readonly lab: Lab;
  readonly prng: Prng;
  readonly pick: () => SimNode;
}

export function runScenario(options: ScenarioOptions): ScenarioResult {
  const { seed, nodes, scenario } = options;
  const prng = new Prng(seed * 31 + 7);
  const ipv6 = prng.below(2) === 1;
  const perRack = 1 + prng.below(nodes);
  const latencyMs = { min: 0.1, max: 1 + prng.below(40) };
  const stepMs = STEPS_MS[prng.below(STEPS_MS.length)]!;
  const lab = meshLab({ seed, nodes, ipv6, perRack, latencyMs, node: { stepMs } });
  const all = [...lab.nodes.values()];
  const run: Run = { lab, prng, pick: () => all[prng.below(all.length)]! };
  const story: string[] = [
    `${nodes} nodes, ${perRack} a rack, ${ipv6 ? 'both families' : 'IPv4'}, ${stepMs} ms a step`,
  ];
  const problems: string[] = [];
  const acts = ACTS[scenario];
  for (let i = 0; acts.length > 0 && i < EVENTS; i++) {
    lab.run(GAPS_MS[prng.below(GAPS_MS.length)]! * (0.5 + prng.unit()));
    const what = acts[prng.below(acts.length)]!(run);
    story.push(`${lab.now.toFixed(1)} ms: ${what}`);
    problems.push(...noForwardingLoop(lab).map((text) => `${what}: ${text}`));
  }
  lab.heal();
  // A node that was asked to stop may still have inputs to handle first.
  lab.run(1000);
  for (const node of all) if (!node.isRunning) node.start({ restarting: true });
  lab.settle();
  problems.push(...check(lab, AT_REST));
  const steps = all.reduce((sum, node) => sum + node.steps, 0);
  const sessions = all.reduce((sum, node) => sum + node.view.neighbors().length, 0);
  return { problems, virtualMs: lab.now, steps, sessions, story };
}

/** The one line that repeats a run. */
export function repeatLine({ scenario, seed, nodes }: ScenarioOptions): string {
  return `npm run sim -- --scenario ${scenario} --seed ${seed} --nodes ${nodes}`;
}

const ACTS: Readonly<Record<ScenarioName, readonly Act[]>> = {
  mesh: [],
  flap: [resetSession, takeLinkDown, deleteRoute, loseEvents],
  restart: [killNode, terminateNode, startNode],
  partition: [cut, healAll, killNode, startNode],
  edit: [flipPool, moveBlock, addBlock, resetSession, terminateNode, startNode],
};

function resetSession({ pick, prng }: Run): string {
  const node = pick();
  if (!node.isRunning) return 'nothing';
  const neighbors = node.view.neighbors();
  const { name } = neighbors[prng.below(neighbors.length)]!;
  const soft = prng.below(2) === 0;
  node.command({ command: 'resetNeighbor', name, soft });
  return `${node.name} resets ${name}${soft ? ' softly' : ''}`;
}

/** Another program takes the tunnel device away and gives it back. */
function takeLinkDown({ pick, lab }: Run): string {
  const node = pick();
  const tunnel = { ...TUNNEL_LINK };
  node.editKernel((kernel) => kernel.setLink({ ...tunnel, up: false, carrier: false }));
  lab.run(2);
  node.editKernel((kernel) => kernel.setLink(tunnel));
  return `tunl0 of ${node.name} goes down and up`;
}

const TUNNEL_LINK = {
  index: 3,
  name: 'tunl0',
  up: true,
  carrier: true,
  operState: 'up',
  mtu: 1480,
  loopback: false,
  pointToPoint: false,
} as const;

/** Another program deletes one of our routes. */
function deleteRoute({ pick, prng }: Run): string {
  const node = pick();
  const ours = [...node.kernel.routes()].filter(({ protocol }) => protocol === 12);
  const route = ours[prng.below(Math.max(1, ours.length))];
  if (route === undefined) return 'nothing';
  node.editKernel((kernel) => kernel.delete(route));
  return `${route.prefix} of ${node.name} is deleted`;
}

/** The event socket overflowed while somebody else deleted a route of ours. */
function loseEvents({ pick, prng }: Run): string {
  const node = pick();
  const ours = [...node.kernel.routes()].filter(({ protocol }) => protocol === 12);
  const route = ours[prng.below(Math.max(1, ours.length))];
  if (route !== undefined) node.kernel.delete(route, true);
  node.submit({ type: 'kernelOverrun', reason: 'simulated loss of events' });
  return `events of ${node.name} are lost`;
}

/** Another ipipMode for the pool. Nodes hear of it one after the other, as of everything in the datastore. */
function flipPool(run: Run): string {
  // Never would need a router that knows the pods.
  const modes = ['Always', 'CrossSubnet'];
  const ipipMode = modes[run.prng.below(modes.length)]!;
  const others = run.lab.documents.filter((document) => !isNamed(document, 'pods'));
  publish(run, [...others, resource('IPPool', 'pods', { cidr: POOL, ipipMode, blockSize: 26 })]);
  return `ipipMode is ${ipipMode}`;
}

/** A block goes from one node to another. */
function moveBlock(run: Run): string {
  const blocks = run.lab.documents.filter(
    (document) => 'kind' in document && document.kind === 'BlockAffinity',
  );
  const block = blocks[run.prng.below(blocks.length)] as unknown as { spec: { cidr: string } };
  const to = run.pick().name;
  const { cidr } = block.spec;
  publish(run, [
    ...run.lab.documents.filter((document) => document !== (block as object)),
    affinity(to, cidr),
  ]);
  return `${cidr} goes to ${to}`;
}

function addBlock(run: Run): string {
  const cidr = `10.244.${100 + run.prng.below(100)}.0/26`;
  const to = run.pick().name;
  const isTaken = run.lab.documents.some((document) =>
    JSON.stringify(document).includes(`"${cidr}"`),
  );
  if (isTaken) return 'nothing';
  publish(run, [...run.lab.documents, affinity(to, cidr)]);
  return `${to} gets ${cidr}`;
}

const POOL = '10.244.0.0/16';

function publish({ lab, prng }: Run, documents: readonly Document[]): void {
  lab.publish(documents, () => prng.unit() * 50);
}

function isNamed(document: Document, name: string): boolean {
  return (document as { readonly metadata?: { readonly name?: string } }).metadata?.name === name;
}

function killNode({ pick }: Run): string {
  const node = pick();
  if (!node.isRunning) return 'nothing';
  node.kill();
  return `${node.name} is killed`;
}

function terminateNode({ pick }: Run): string {
  const node = pick();
  if (!node.isRunning) return 'nothing';
  node.terminate();
  return `${node.name} is stopped`;
}

function startNode({ pick }: Run): string {
  const node = pick();
  if (node.isRunning) return 'nothing';
  node.start({ restarting: true });
  return `${node.name} comes back`;
}

function cut({ pick, lab }: Run): string {
  const a = pick();
  const b = pick();
  if (a === b) return 'nothing';
  lab.partition(a.name, b.name);
  return `${a.name} and ${b.name} no longer reach each other`;
}

function healAll({ lab }: Run): string {
  lab.heal();
  return 'everybody reaches everybody';
}
