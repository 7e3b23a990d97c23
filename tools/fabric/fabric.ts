/**
 * The fabric as a whole: up, wait until everything is as the topology says, prove, down.
 *
 * Invariant: whatever was made is recorded before the next thing is made, so that `down` (or the
 * next start, when this process is killed) removes all of it.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findPeer } from '../../test/support/peers.ts';
import { listNamespaces, Namespace, removeNamespace } from './netns.ts';
import { buildNetwork, type FabricNetwork } from './network.ts';
import { routeDifferences, torRouteDifferences } from './observe.ts';
import {
  nodeBirdConf,
  outsideAnnouncements,
  outsideGobgpToml,
  torBirdConf,
} from './peer-config.ts';
import { delay, logTail, type Running, signalProcess, stopProcess } from './process.ts';
import { clusterResources, outsideResources, torResources } from './resources.ts';
import {
  missingSessions,
  type SessionSeen,
  type Speaker,
  type SpeakerPlace,
  startBird,
  startGobgp,
  startGodwit,
} from './speakers.ts';
import { fabricDir, StateFile } from './state.ts';
import { FabricStore } from './store.ts';
import { type FabricNames, type FabricNode, fabricNames, NODES, OUTSIDE, TOR } from './topology.ts';
import {
  addKernelTunnel,
  buildHelper,
  configureTunnel,
  startStandIn,
  type TunnelKind,
} from './tunnel.ts';

export interface FabricOptions {
  readonly checkout: string;
  /** The user's real number: 0 for root; inside a user namespace that of the user outside. */
  readonly outsideUid: number;
  /** `bird`: a rehearsal of the fabric without godwit. */
  readonly nodes: 'godwit' | 'bird';
  /** `found`: BIRD 2 as the ToR and GoBGP outside where they are found, otherwise godwit. */
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
  readonly #options: FabricOptions;
  readonly #state: StateFile;
  readonly #running: Running[] = [];
  readonly #speakers = new Map<string, Speaker>();
  #network: FabricNetwork | undefined;
  #comingUp: Promise<void> = Promise.resolve();
  #goingDown = false;
  #tunnel: TunnelKind = 'kernel';
  #store: FabricStore | undefined;

  /** Claims the fabric of this checkout; makes nothing yet. */
  constructor(options: FabricOptions) {
    this.#options = options;
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
    this.#network = await buildNetwork(this.names);
    say(`Network ${this.names.id}: ${this.#network.all.length} namespaces ${this.names.prefix}*`);
    this.#notGoingDown();
    await this.#addTunnels();
    this.#notGoingDown();
    await this.#startStore();
    await this.#startSpeakers();
  }

  async #startStore(): Promise<void> {
    if (this.#options.datastore === 'file') return;
    const place = { namespace: this.network.tor, dir: this.memberDir('etcd'), record: this.record };
    this.#store = await FabricStore.start(place);
    await this.#store.load(clusterResources());
    this.#options.say('Resources: a real etcd at the ToR');
    this.#notGoingDown();
  }

  async #addTunnels(): Promise<void> {
    for (const node of NODES) {
      const namespace = this.network.node(node);
      if (!(await addKernelTunnel(namespace))) {
        this.#tunnel = 'stand-in';
        const binary = await buildHelper('ipip-standin');
        const logPath = join(this.dir, `ipip-standin-${node.name}.log`);
        const place = { namespace, localAddress: node.ipv4, binary, logPath };
        this.record(await startStandIn(place));
      }
      await configureTunnel(namespace, node);
    }
    this.#options.say(TUNNEL_WORDS[this.#tunnel]);
  }

  async #startSpeakers(): Promise<void> {
    const { tor, outside } = this.network;
    const real = this.#options.peers === 'found';
    const haveBird = real && !('missing' in findPeer('bird2'));
    const haveGobgp = real && !('missing' in findPeer('gobgpd'));
    const torPlace = this.#place(TOR.name, tor);
    const outsidePlace = this.#place(OUTSIDE.name, outside);
    const gobgp = { toml: outsideGobgpToml(), announce: outsideAnnouncements() };
    const starts: Promise<Speaker>[] = [
      haveBird ? startBird(torPlace, torBirdConf()) : startGodwit(torPlace, torResources()),
      haveGobgp ? startGobgp(outsidePlace, gobgp) : startGodwit(outsidePlace, outsideResources()),
    ];
    for (const node of NODES) {
      const place = this.#place(node.name, this.network.node(node));
      starts.push(
        this.#options.nodes === 'bird'
          ? startBird(place, nodeBirdConf(node))
          : startGodwit(place, this.#sourceFor(node)),
      );
    }
    // All are waited for even when one fails: each must be recorded before anything is torn down.
    const results = await Promise.allSettled(starts);
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason;
      this.#speakers.set(result.value.member, result.value);
    }
    const words = [...this.#speakers.values()].map((one) => `${one.member}: ${one.software}`);
    this.#options.say(`Daemons: ${words.join(', ')}`);
  }

  #sourceFor(node: FabricNode): Parameters<typeof startGodwit>[1] {
    const inEtcd = this.#store !== undefined;
    return inEtcd ? { endpoints: [FabricStore.endpoint(node)] } : clusterResources();
  }

  /** Stops the node's godwit as a service manager would. */
  async stopNode(node: FabricNode): Promise<void> {
    const speaker = this.#speakers.get(node.name);
    if (speaker !== undefined) await stopProcess(speaker.running);
  }

  async startNode(node: FabricNode): Promise<void> {
    const place = this.#place(node.name, this.network.node(node));
    this.#speakers.set(node.name, await startGodwit(place, this.#sourceFor(node)));
  }

  controlSocket(node: FabricNode): string {
    return join(this.memberDir(node.name), 'godwit.sock');
  }

  #place(member: string, namespace: Namespace): SpeakerPlace {
    const dir = this.memberDir(member);
    mkdirSync(dir, { recursive: true });
    return { member, namespace, dir, record: this.record };
  }

  /** Sessions as the daemon on `node` tells them. */
  async sessions(node: FabricNode): Promise<SessionSeen[]> {
    const speaker = this.#speakers.get(node.name);
    if (speaker === undefined) throw new Error(`${node.name} has no daemon`);
    return speaker.sessions();
  }

  /** What is not yet as it should be, as sentences; empty when the fabric has converged. */
  async shortcomings(): Promise<string[]> {
    const dead = [...this.#speakers.values()].filter((one) => one.running.ended !== undefined);
    const found = dead.map((one) => `${one.running.name} has ended (${one.running.ended})`);
    for (const node of NODES) {
      try {
        found.push(...missingSessions(node, await this.sessions(node)));
      } catch (error) {
        found.push(`${node.name} does not tell its sessions: ${(error as Error).message}`);
      }
      found.push(...(await routeDifferences(this.network, node)));
    }
    found.push(...(await torRouteDifferences(this.network)));
    return found;
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
