/**
 * Things that happen to a simulated cluster, one a call. Each says in a few words what it did, for the story of a run.
 */

import type { Prng } from '../base/prng.ts';
import { Errno } from '../netlink/errno.ts';
import { type Lab, TUNL0 } from './lab.ts';
import type { SimNode } from './node.ts';
import { affinity, type Document, resource } from './resources.ts';

export interface Run {
  readonly lab: Lab;
  readonly prng: Prng;
  readonly pick: () => SimNode;
}

export type Act = (run: Run) => string;

export function resetSession({ pick, prng }: Run): string {
  const node = pick();
  if (!node.isRunning) return 'nothing';
  const neighbors = node.view.neighbors();
  const { name } = neighbors[prng.below(neighbors.length)]!;
  const soft = prng.below(2) === 0;
  node.command({ command: 'resetNeighbor', name, soft });
  return `${node.name} resets ${name}${soft ? ' softly' : ''}`;
}

/** Another program takes the tunnel device away and gives it back. */
export function takeLinkDown({ pick, lab }: Run): string {
  const node = pick();
  const tunnel = { ...TUNNEL_LINK };
  node.editKernel((kernel) => kernel.setLink({ ...tunnel, up: false, carrier: false }));
  lab.run(2);
  node.editKernel((kernel) => kernel.setLink(tunnel));
  return `tunl0 of ${node.name} goes down and up`;
}

const TUNNEL_LINK = {
  index: TUNL0,
  name: 'tunl0',
  up: true,
  carrier: true,
  operState: 'up',
  mtu: 1480,
  loopback: false,
  pointToPoint: false,
} as const;

/** Another program deletes one of our routes. */
export function deleteRoute({ pick, prng }: Run): string {
  const node = pick();
  const ours = [...node.kernel.routes()].filter(({ protocol }) => protocol === 12);
  const route = ours[prng.below(Math.max(1, ours.length))];
  if (route === undefined) return 'nothing';
  node.editKernel((kernel) => kernel.delete(route));
  return `${route.prefix} of ${node.name} is deleted`;
}

/** The event socket overflowed while somebody else deleted a route of ours. */
export function loseEvents({ pick, prng }: Run): string {
  const node = pick();
  const ours = [...node.kernel.routes()].filter(({ protocol }) => protocol === 12);
  const route = ours[prng.below(Math.max(1, ours.length))];
  if (route !== undefined) node.kernel.delete(route, true);
  node.submit({ type: 'kernelOverrun', reason: 'simulated loss of events' });
  return `events of ${node.name} are lost`;
}

/** Another ipipMode for the pool. Nodes hear of it one after the other, as of everything in the datastore. */
export function flipPool(run: Run): string {
  // Never would need a router that knows the pods.
  const modes = ['Always', 'CrossSubnet'];
  const ipipMode = modes[run.prng.below(modes.length)]!;
  const others = run.lab.documents.filter((document) => !isNamed(document, 'pods'));
  publish(run, [...others, resource('IPPool', 'pods', { cidr: POOL, ipipMode, blockSize: 26 })]);
  return `ipipMode is ${ipipMode}`;
}

/** A block goes from one node to another. */
export function moveBlock(run: Run): string {
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

export function addBlock(run: Run): string {
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

export function killNode({ pick }: Run): string {
  const node = pick();
  if (!node.isRunning) return 'nothing';
  node.kill();
  return `${node.name} is killed`;
}

export function terminateNode({ pick }: Run): string {
  const node = pick();
  if (!node.isRunning) return 'nothing';
  node.terminate();
  return `${node.name} is stopped`;
}

export function startNode({ pick }: Run): string {
  const node = pick();
  if (node.isRunning) return 'nothing';
  node.start({ restarting: true });
  return `${node.name} comes back`;
}

export function cut({ pick, lab }: Run): string {
  const a = pick();
  const b = pick();
  if (a === b) return 'nothing';
  lab.partition(a.name, b.name);
  return `${a.name} and ${b.name} no longer reach each other`;
}

export function healAll({ lab }: Run): string {
  lab.heal();
  return 'everybody reaches everybody';
}

/** The machine stands still (a suspended virtual machine, SIGSTOP): its clock jumps when it goes on. */
export function freezeNode({ pick, prng }: Run): string {
  const node = pick();
  if (!node.isRunning) return 'nothing';
  const ms = [50, 1000, 20_000, 80_000, 200_000][prng.below(5)]!;
  node.freeze(ms);
  return `${node.name} stands still for ${ms} ms`;
}

/** One node's sockets are read slowly, or as usual again. */
export function slowReader({ pick, lab, prng }: Run): string {
  const node = pick();
  const slow = prng.below(2) === 0;
  lab.network.setPace(node.host, slow ? { octets: 40, everyMs: 300 } : undefined);
  return `${node.name} reads ${slow ? 'slowly' : 'as usual'}`;
}

/** The kernel refuses what it is asked for, for a while. */
export function refuseRequests({ pick, lab, prng }: Run): string {
  const node = pick();
  const errno = [Errno.ENOMEM, Errno.ENOBUFS, Errno.EPERM][prng.below(3)]!;
  let left = 1 + prng.below(20);
  node.kernel.fault = () => (left-- > 0 ? errno : 0);
  lab.clock.after(30_000, () => {
    node.kernel.fault = undefined;
  });
  return `the kernel of ${node.name} answers errno ${errno}`;
}

/** One session is cut by a reset in the network. */
export function resetConnections({ pick, lab }: Run): string {
  const node = pick();
  const count = lab.network.resetAll(node.host);
  return `${count} connections of ${node.name} are reset`;
}

/** Half of the nodes no longer reach the other half. */
export function splitCluster({ lab, prng }: Run): string {
  const nodes = [...lab.nodes.values()];
  const left = nodes.filter(() => prng.below(2) === 0);
  const right = nodes.filter((node) => !left.includes(node));
  for (const a of left) for (const b of right) lab.network.partition(a.host, b.host);
  return `${left.map(({ name }) => name).join(' ')} no longer reach the others`;
}

/** Routes of a session come and go many times within moments. */
export function flapBlock(run: Run): string {
  const { lab, pick, prng } = run;
  const node = pick();
  const cidr = `10.244.${200 + prng.below(50)}.0/26`;
  const without = lab.documents;
  const withIt = [...without, affinity(node.name, cidr)];
  for (let i = 0; i < 40; i++) {
    lab.apply(i % 2 === 0 ? withIt : without);
    lab.run(prng.unit() * 3);
  }
  lab.apply(without);
  return `${cidr} of ${node.name} comes and goes 20 times`;
}
