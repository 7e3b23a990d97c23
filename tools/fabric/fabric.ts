/**
 * The fabric as a whole: up, wait until everything is as the topology says, prove, down.
 *
 * Invariant: whatever was made is recorded before the next thing is made, so that `down` (or the
 * next start, when this process is killed) removes all of it.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findPeer } from '../../test/support/peers.ts';
import { type Expectations, readExpectations } from './lab-expect.ts';
import type { Lab, LabNode } from './lab-file.ts';
import { resourcesOf, startLabNode } from './lab-speakers.ts';
import { listNamespaces, Namespace, removeNamespace } from './netns.ts';
import { buildNetwork, type FabricNetwork } from './network.ts';
import { routeDifferences } from './observe.ts';
import { nodeBirdConf } from './peer-config.ts';
import { delay, logTail, type Running, signalProcess, stopProcess } from './process.ts';
import { outsideResources, torResources } from './resources.ts';
import {
  missingSessions,
  type SessionSeen,
  type Speaker,
  type SpeakerPlace,
  startBird,
  startGodwit,
} from './speakers.ts';
import { fabricDir, StateFile } from './state.ts';
import { FabricStore } from './store.ts';
import { type FabricNames, fabricNames, NODES, OUTSIDE, TOR } from './topology.ts';
import { makeTunnel, type TunnelKind } from './tunnel.ts';

export interface FabricOptions {
  readonly lab: Lab;
  /** The lab is the demonstration, whose parts the options below may give to others. */
  readonly demonstration: boolean;
  readonly checkout: string;
  /** The user's real number: 0 for root; inside a user namespace that of the user outside. */
  readonly outsideUid: number;
  /** `bird`: a rehearsal of the demonstration without godwit. */
  readonly nodes: 'godwit' | 'bird';
  /** `godwit`: in the demonstration also as ToR and outside, although BIRD 2 and GoBGP are found. */
  readonly peers: 'found' | 'godwit';
  /** Where the nodes find the cluster's resources: a directory each, or one etcd. */
  readonly datastore: 'file' | 'etcd';
  readonly say: (line: string) => void;
}

/** The fabric goes down while it comes up. */
class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

export class Fabric {
  readonly names: FabricNames;
  readonly dir: string;
  readonly lab: Lab;
  readonly expected: Expectations;
  readonly #options: FabricOptions;
  readonly #state: StateFile;
  readonly #running: Running[] = [];
  readonly #speakers = new Map<string, Speaker>();
  #network: FabricNetwork | undefined;
  #comingUp: Promise<void> = Promise.resolve();
  #goingDown = false;
  #store: FabricStore | undefined;

  /** Claims the fabric of this checkout; makes nothing yet. */
  constructor(options: FabricOptions) {
    this.#options = options;
    this.lab = options.lab;
    this.expected = readExpectations(options.lab);
    this.names = fabricNames(options.checkout);
    this.dir = fabricDir(this.names.id, options.outsideUid);
    this.#state = new StateFile(this.dir, options.checkout);
  }

  get network(): FabricNetwork {
    if (this.#network === undefined) throw new Error('The fabric is not up');
    return this.#network;
  }

  get inUserNamespace(): boolean {
    return this.#options.outsideUid !== 0;
  }

  /** The nodes whose routes and metrics are shown: those that run godwit, or BIRD in its place. */
  get nodes(): readonly LabNode[] {
    return this.lab.nodes.filter(({ image, speaks }) => image === 'godwit' && speaks);
  }

  /** Present with `datastore: 'etcd'`. */
  get store(): FabricStore | undefined {
    return this.#store;
  }

  get speakers(): ReadonlyMap<string, Speaker> {
    return this.#speakers;
  }

  memberDir(member: string): string {
    return join(this.dir, member);
  }

  readonly record = (running: Running): void => {
    this.#running.push(running);
    this.#state.recordProcess(running);
    if (!this.#goingDown) return;
    signalProcess(running, 'SIGKILL');
    throw new InterruptedError(`Interrupted: ${running.name} is not started any more`);
  };

  async up(): Promise<void> {
    this.#comingUp = this.#up();
    return this.#comingUp;
  }

  async #up(): Promise<void> {
    const { say } = this.#options;
    const left = await this.#state.clearLeftovers(this.names.prefix);
    if (left.length > 0) say(`Cleared away what a killed fabric had left: ${left.join(', ')}`);
    this.#network = await buildNetwork(this.lab, this.names);
    say(`Network ${this.names.id}: ${this.#network.all.length} namespaces ${this.names.prefix}*`);
    this.#notGoingDown();
    await this.#addTunnels();
    this.#notGoingDown();
    await this.#startStore();
    await this.#startSpeakers();
  }

  async #startStore(): Promise<void> {
    const [first] = this.nodes;
    if (this.#options.datastore === 'file' || first === undefined) return;
    const namespace = this.network.of(TOR.name);
    const place = { namespace, dir: this.memberDir('etcd'), record: this.record };
    this.#store = await FabricStore.start(place);
    await this.#store.load(resourcesOf(first));
    this.#options.say('Resources: a real etcd at the ToR');
    this.#notGoingDown();
  }

  /** For each node that names an address of its tunnel device. */
  async #addTunnels(): Promise<void> {
    const kinds = new Set<TunnelKind>();
    for (const { name, env } of this.lab.nodes) {
      const { NODE4: localAddress, TUNNEL4: tunnelAddress } = env;
      if (localAddress === undefined || tunnelAddress === undefined) continue;
      const logPath = join(this.dir, `ipip-standin-${name}.log`);
      const { record } = this;
      const node = { localAddress, tunnelAddress, logPath, record };
      kinds.add(await makeTunnel(this.network.of(name), node));
    }
    for (const kind of kinds) this.#options.say(TUNNEL_WORDS[kind]);
  }

  async #startSpeakers(): Promise<void> {
    const speaking = this.lab.nodes.filter(({ speaks }) => speaks);
    // All are waited for even when one fails: each must be recorded before anything is torn down.
    const results = await Promise.allSettled(speaking.map((node) => this.#start(node)));
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason;
      this.#speakers.set(result.value.member, result.value);
    }
    const words = [...this.#speakers.values()].map((one) => `${one.member}: ${one.software}`);
    this.#options.say(`Daemons: ${words.join(', ')}`);
  }

  async #start(node: LabNode): Promise<Speaker> {
    const place = this.#place(node.name, this.network.of(node.name));
    const standIn = this.#options.demonstration ? this.#inDemonstration(node, place) : undefined;
    return standIn ?? startLabNode(node, place);
  }

  /** Who plays another part than the topology says, as the options of the demonstration want it. */
  #inDemonstration(node: LabNode, place: SpeakerPlace): Promise<Speaker> | undefined {
    const { nodes, peers } = this.#options;
    const plays = (peer: 'bird2' | 'gobgpd'): boolean =>
      peers === 'godwit' || 'missing' in findPeer(peer);
    if (node.name === TOR.name && plays('bird2')) return startGodwit(place, torResources());
    if (node.name === OUTSIDE.name && plays('gobgpd'))
      return startGodwit(place, outsideResources());
    const demo = NODES.find(({ name }) => name === node.name);
    if (demo === undefined) return undefined;
    if (nodes === 'bird') return startBird(place, nodeBirdConf(demo));
    if (this.#store === undefined) return undefined;
    return startGodwit(place, { endpoints: [FabricStore.endpoint(demo)] });
  }

  /** Stops the node's godwit as a service manager would. */
  async stopNode(name: string): Promise<void> {
    const speaker = this.#speakers.get(name);
    if (speaker !== undefined) await stopProcess(speaker.running);
  }

  async startNode(name: string): Promise<void> {
    const node = this.lab.nodes.find((one) => one.name === name);
    if (node === undefined) throw new RangeError(`${name} is not in this fabric`);
    this.#speakers.set(name, await this.#start(node));
  }

  controlSocket(name: string): string {
    return join(this.memberDir(name), 'godwit.sock');
  }

  #place(member: string, namespace: Namespace): SpeakerPlace {
    const dir = this.memberDir(member);
    mkdirSync(dir, { recursive: true });
    return { member, namespace, dir, record: this.record };
  }

  /** Sessions as the daemon of `member` tells them. */
  async sessions(member: string): Promise<SessionSeen[]> {
    const speaker = this.#speakers.get(member);
    if (speaker === undefined) throw new Error(`${member} has no daemon`);
    return speaker.sessions();
  }

  /** What is not yet as it should be, as sentences; empty when the fabric has converged. */
  async shortcomings(): Promise<string[]> {
    const all = [...this.#speakers.values()].flatMap(({ running, beside = [] }) => [
      running,
      ...beside,
    ]);
    const found = all
      .filter((running) => running.ended !== undefined)
      .map((running) => `${running.name} has ended (${running.ended})`);
    for (const [name, node] of this.expected.nodes) {
      if (node.sessions.size > 0) found.push(...(await this.#sessionsMissing(name, node.sessions)));
      found.push(...(await routeDifferences(this.network.of(name), { name, ...node })));
    }
    return found;
  }

  async #sessionsMissing(name: string, wanted: ReadonlyMap<string, string>): Promise<string[]> {
    try {
      return missingSessions(name, wanted, await this.sessions(name));
    } catch (error) {
      return [`${name} does not tell its sessions: ${(error as Error).message}`];
    }
  }

  /** Waits until nothing is amiss; what still is when time is up comes back. */
  async waitConverged(timeoutMs: number): Promise<string[]> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const found = await this.shortcomings();
      const died = [...this.#speakers.values()].some((one) => one.running.ended !== undefined);
      if (found.length === 0 || died || performance.now() > end) return found;
      await delay(POLL_MS);
    }
  }

  /** The last lines of every daemon's log, for a failure. */
  logTails(): string {
    const tails = this.#running
      .filter((one) => !one.name.startsWith('proto 4'))
      .map((one) => `--- ${one.name} (${one.logPath})\n${logTail(one.logPath)}`);
    return tails.join('\n');
  }

  #notGoingDown(): void {
    if (this.#goingDown) throw new InterruptedError('Interrupted while coming up');
  }

  /** Stops every process, removes every namespace and the directory. */
  async down(): Promise<void> {
    this.#goingDown = true;
    // Interrupted half-way up: what is being made must exist before it can be removed. Its failure
    // is the interruption itself, or was reported by who called up().
    await this.#comingUp.catch(() => undefined);
    await Promise.all(this.#running.map((running) => stopProcess(running)));
    for (const name of await listNamespaces(this.names.prefix)) {
      await removeNamespace(new Namespace(name));
    }
    this.#state.remove();
  }
}

const TUNNEL_WORDS: Readonly<Record<TunnelKind, string>> = {
  kernel: "tunl0: the kernel's own IP-in-IP device",
  'stand-in': `tunl0: a stand-in. This kernel has no IP-in-IP, so tools/ipip-standin (a separate \
program) sends and receives real protocol 4 packets (RFC 2003) through a TUN device named tunl0`,
};

const POLL_MS = 300;
