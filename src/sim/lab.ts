/**
 * A laboratory: nodes with real speakers and simulated kernels, scripted peers, a network between them, in virtual
 * time. One seed, one course of events.
 */

import { Prng } from '../base/prng.ts';
import type { Millis } from '../base/units.ts';
import type { IpAddress } from '../net/ip-address.ts';
import { ip } from '../net/ip-address.ts';
import { type Prefix, prefix } from '../net/prefix.ts';
import { MessageFlag, RouteProtocol } from '../netlink/codes.ts';
import type { SpeakerView } from '../speaker/snapshot.ts';
import { SimClock } from './clock.ts';
import { SimKernel, simLink } from './kernel.ts';
import { type NetworkOptions, SimNetwork } from './network.ts';
import { SimNode, type SimNodeOptions } from './node.ts';
import {
  type Document,
  type MeshNode,
  type MeshOptions,
  meshNodes,
  meshResources,
  planOfNode,
  type SimPlanOptions,
} from './resources.ts';
import { ScriptedPeer, type ScriptedPeerOptions } from './scripted-peer.ts';

export interface LabOptions extends Omit<NetworkOptions, 'seed'> {
  readonly seed: number;
  /** See `SimClock`; default 0. */
  readonly tickMs?: Millis;
}

/** A block and the node that announces it. */
export interface Block {
  readonly prefix: Prefix;
  readonly owner: string;
}

export function blocksOf({ name, plan }: SimNode): Block[] {
  return (plan?.originated ?? []).map(({ prefix }) => ({ prefix, owner: name }));
}

/** No UPDATE, kernel request or event for so long is quiet: longer than the longest connect interval (5 s). */
export const QUIET_MS: Millis = 6000;
/** The longest time `settle` waits, in virtual milliseconds. */
export const SETTLE_MS_MAX: Millis = 600_000;

export const ETH0 = 2;
export const TUNL0 = 3;

export class Lab {
  readonly clock: SimClock;
  readonly network: SimNetwork;
  readonly prng: Prng;
  readonly seed: number;
  readonly nodes = new Map<string, SimNode>();
  readonly peers: ScriptedPeer[] = [];
  documents: readonly Document[] = [];
  readonly #nodeAt = new Map<IpAddress, SimNode>();

  constructor(options: LabOptions) {
    this.seed = options.seed;
    this.prng = new Prng(options.seed);
    this.clock = new SimClock(options.tickMs);
    this.network = new SimNetwork(this.clock, { ...options, seed: this.prng.u32() });
  }

  get now(): Millis {
    return this.clock.now;
  }

  addNode(options: Omit<SimNodeOptions, 'seed'>): SimNode {
    const node = new SimNode(this.network, { seed: this.prng.u32(), ...options });
    this.nodes.set(node.name, node);
    for (const address of node.addresses) this.#nodeAt.set(address, node);
    return node;
  }

  nodeAt(address: IpAddress): SimNode | undefined {
    return this.#nodeAt.get(address);
  }

  peer(options: ScriptedPeerOptions): ScriptedPeer {
    const peer = new ScriptedPeer(this.network, options);
    this.peers.push(peer);
    return peer;
  }

  node(name: string): SimNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`No node ${name}`);
    return node;
  }

  view(name: string): SpeakerView {
    return this.node(name).view;
  }

  get running(): SimNode[] {
    return [...this.nodes.values()].filter(({ isRunning }) => isRunning);
  }

  /** All nodes whose daemon runs. */
  get names(): string[] {
    return this.running.map(({ name }) => name);
  }

  /** What they announce. */
  get blocks(): Block[] {
    return this.running.flatMap(blocksOf);
  }

  get views(): ReadonlyMap<string, SpeakerView> {
    return new Map(this.running.map((node) => [node.name, node.view]));
  }

  /** What the datastore holds from now on; every node gets its plan of it at this instant. */
  apply(documents: readonly Document[], options: SimPlanOptions = {}): void {
    this.documents = documents;
    for (const node of this.nodes.values()) node.setPlan(planOfNode(node.name, documents, options));
  }

  /** As `apply`, but each node hears of it after a time of its own. The last word is the one that stays. */
  publish(documents: readonly Document[], delay: () => Millis): void {
    this.documents = documents;
    for (const node of this.nodes.values()) {
      this.clock.after(delay(), () => node.setPlan(planOfNode(node.name, this.documents)));
    }
  }

  run(ms: Millis): this {
    this.clock.runUntil(this.now + ms);
    return this;
  }

  /** Runs until `condition` holds. @throws when it does not within `ms`. */
  runUntil(condition: () => boolean, ms: Millis = 60_000): this {
    const end = this.now + ms;
    while (!condition()) {
      const next = this.clock.next();
      if (next === undefined || next > end) throw new Error(`Not within ${ms} ms of virtual time`);
      this.clock.tick();
    }
    return this;
  }

  /** Runs until nothing but routine has happened for a while. */
  settle(quietMs: Millis = QUIET_MS): this {
    const end = this.now + SETTLE_MS_MAX;
    const begun = this.now;
    for (;;) {
      this.run(Math.min(250, quietMs));
      const busy = this.running.some(
        (node) => !node.isIdle || this.now - Math.max(node.lastActivity, begun) < quietMs,
      );
      if (!busy) return this;
      if (this.now > end) throw new Error(`Not quiet within ${SETTLE_MS_MAX} ms of virtual time`);
    }
  }

  partition(a: string, b: string): void {
    this.network.partition(this.node(a).host, this.node(b).host);
  }

  heal(): void {
    this.network.healAll();
  }
}

/** A kernel as of a machine with one NIC in `rack` and a tunnel device; a router at .254 is its default route. */
export function machineKernel(node: Pick<MeshNode, 'ipv4' | 'ipv6' | 'rack'>): SimKernel {
  const kernel = new SimKernel();
  const { rack } = node;
  kernel.setLink(simLink(ETH0, 'eth0'));
  kernel.setLink(simLink(TUNL0, 'tunl0'));
  kernel.addAddress(ETH0, node.ipv4, prefix(`10.0.${rack}.0/24`));
  if (node.ipv6 !== undefined) {
    kernel.addAddress(ETH0, node.ipv6, prefix(`fd00:0:0:${rack.toString(16)}::/64`));
  }
  const gateways = [
    ip(`10.0.${rack}.254`),
    ...(node.ipv6 === undefined ? [] : [ip(`fd00:0:0:${rack.toString(16)}::fe`)]),
  ];
  for (const gateway of gateways)
    kernel.write(defaultRoute(gateway), { flags: MessageFlag.CREATE, quiet: true });
  return kernel;
}

function defaultRoute(gateway: IpAddress): Parameters<SimKernel['write']>[0] {
  const family = gateway.includes(':') ? 6 : 4;
  return {
    family,
    type: 'unicast',
    protocol: RouteProtocol.STATIC,
    scope: 0,
    nextHops: [{ gateway, interfaceIndex: ETH0, weight: 1, onlink: false }],
    flags: 0,
    table: 254,
    prefix: prefix(family === 4 ? '0.0.0.0/0' : '::/0'),
    metric: 0,
  };
}

export interface MeshLabOptions extends LabOptions, MeshOptions {
  /** Node options that differ from the default, for all nodes. */
  readonly node?: Partial<Omit<SimNodeOptions, 'name' | 'addresses' | 'kernel' | 'seed'>>;
  /** False: the nodes have their plans but are not started. */
  readonly started?: boolean;
}

/** A cluster of `nodes` nodes with a node-to-node mesh, a block each, started at the same instant. */
export function meshLab(options: MeshLabOptions): Lab {
  const lab = new Lab(options);
  for (const node of meshNodes(options)) {
    const addresses = node.ipv6 === undefined ? [node.ipv4] : [node.ipv4, node.ipv6];
    lab.addNode({ name: node.name, addresses, kernel: machineKernel(node), ...options.node });
  }
  if (options.started !== false) for (const node of lab.nodes.values()) node.start();
  lab.apply(meshResources(options));
  return lab;
}
