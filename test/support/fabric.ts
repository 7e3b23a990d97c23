/**
 * The demonstration fabric's network and resources for system tests: three godwit nodes in two racks, BIRD 2
 * as the ToR between them, a pod on each node; every process can be stopped, started and edited on its own.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { birdRoutes, type Namespace, removeNamespace } from '../../tools/fabric/netns.ts';
import { buildNetwork, type FabricNetwork } from '../../tools/fabric/network.ts';
import { compareRoutes, routeDifferences } from '../../tools/fabric/observe.ts';
import { type Running, stopProcess } from '../../tools/fabric/process.ts';
import { clusterResources } from '../../tools/fabric/resources.ts';
import {
  DEMO,
  DEMO_EXPECTED,
  type FabricNode,
  fabricNames,
  NODES,
  OUTSIDE,
  TOR,
} from '../../tools/fabric/topology.ts';
import { makeTunnel } from '../../tools/fabric/tunnel.ts';
import { Bird } from './bird.ts';
import { type CalicoResource, Godwit } from './godwit.ts';
import { NetworkLab } from './netns.ts';
import { waitFor } from './wait-for.ts';

/** What a test of a fabric needs of the machine. */
export const FABRIC_NEEDS = [
  ...(['root', 'netns', 'ip', 'veth', 'bridge', 'ping', 'cc', 'tun'] as const),
  ...(['bird2', 'native'] as const),
];

export class TestFabric {
  readonly lab = new NetworkLab();
  readonly #standIns: Running[] = [];
  readonly #nodes = new Map<string, Godwit>();
  #network: FabricNetwork | undefined;
  #tor: Bird | undefined;

  /** Everything up and converged. */
  static async start(): Promise<TestFabric> {
    const fabric = new TestFabric();
    try {
      await fabric.#start();
      return fabric;
    } catch (error) {
      await fabric.destroy();
      throw error;
    }
  }

  get network(): FabricNetwork {
    if (this.#network === undefined) throw new Error('The fabric is not up');
    return this.#network;
  }

  get tor(): Bird {
    if (this.#tor === undefined) throw new Error('The fabric is not up');
    return this.#tor;
  }

  get nodes(): readonly Godwit[] {
    return [...this.#nodes.values()];
  }

  node(name: string): Godwit {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new RangeError(`No node ${name}`);
    return node;
  }

  namespace(name: string): Namespace {
    return this.network.of(name);
  }

  pod(name: string): Namespace {
    return this.network.of(fabricNode(name).pod);
  }

  /** Writes a resource on every node, as a datastore would show it to all of them. */
  writeResource(resource: CalicoResource): void {
    for (const node of this.nodes) node.writeResource(resource);
  }

  removeResource(kind: string, name: string): void {
    for (const node of this.nodes) node.removeResource(kind, name);
  }

  /** Every node has exactly the kernel routes that the topology asks for, and all its sessions. */
  async untilConverged(): Promise<void> {
    await waitFor(
      async () => {
        const lacking: string[] = [];
        for (const node of NODES) {
          const neighbors = await this.node(node.name).neighbors();
          for (const { address, state } of neighbors) {
            if (state !== 'Established') lacking.push(`${node.name}: ${address} is ${state}`);
          }
          lacking.push(...(await this.#routesLacking(node)));
        }
        const tor = {
          name: TOR.name,
          routes: undefined,
          has: DEMO_EXPECTED.nodes.get(TOR.name)!.has,
        };
        lacking.push(...(await routeDifferences(this.network.of(TOR.name), tor)));
        return lacking;
      },
      (lacking) => lacking.length === 0,
      { what: 'the fabric to converge', timeoutMs: 30_000 },
    );
  }

  async #routesLacking(node: FabricNode): Promise<string[]> {
    const wanted = DEMO_EXPECTED.nodes
      .get(node.name)!
      .routes!.filter(({ dst }) => !OUTSIDE_PREFIXES.has(dst));
    const lacking: string[] = [];
    for (const family of [4, 6] as const) {
      const routes = await birdRoutes(this.network.of(node.name), family);
      const here = wanted.filter((route) => route.family === family);
      lacking.push(...compareRoutes(here, routes).map((text) => `${node.name}: ${text}`));
    }
    return lacking;
  }

  async destroy(): Promise<void> {
    await this.lab.destroy();
    for (const one of this.#standIns) await stopProcess(one);
    for (const namespace of this.#network?.all ?? []) await removeNamespace(namespace);
  }

  async #start(): Promise<void> {
    this.#network = await buildNetwork(DEMO, fabricNames(randomBytes(8).toString('hex')));
    for (const node of NODES) await this.#addTunnel(node);
    // In front: it counts for what is defined behind it.
    const written = DEMO.nodes.find(({ name }) => name === TOR.name)?.binds;
    const text = readFileSync(written?.get('/etc/bird/bird.conf') ?? '', 'utf8');
    const config = `debug protocols { states, routes };\n${text}`;
    const { lab } = this;
    this.#tor = await Bird.start({
      lab,
      namespace: this.network.of(TOR.name),
      name: 'tor',
      config,
    });
    const resources = fabricResources();
    for (const { name } of NODES) {
      const namespace = this.network.of(name);
      this.#nodes.set(name, new Godwit({ lab, namespace, name, resources }));
    }
    await Promise.all(this.nodes.map((node) => node.start()));
    await this.untilConverged();
  }

  async #addTunnel({ name, ipv4 }: FabricNode): Promise<void> {
    await makeTunnel(this.network.of(name), {
      localAddress: ipv4,
      tunnelAddress: DEMO.nodes.find((node) => node.name === name)!.env['TUNNEL4']!,
      logPath: join(this.lab.dir, `standin-${name}.log`),
      record: (running) => this.#standIns.push(running),
    });
  }
}

/** The demonstration's resources, one by one, without the peer outside, which these tests do without. */
function fabricResources(): CalicoResource[] {
  return Object.values(clusterResources())
    .flatMap((text) => parseAllDocuments(text).map((one) => one.toJS() as CalicoResource))
    .filter(({ metadata }) => !metadata.name.startsWith(`${OUTSIDE.name}-`));
}

export function fabricNode(name: string): FabricNode {
  const node = NODES.find((one) => one.name === name);
  if (node === undefined) throw new RangeError(`No node ${name}`);
  return node;
}

/** Sends 100 pings a second until stopped; then says how many went out and how many came back. */
export class Pings {
  readonly #running: Running;

  private constructor(running: Running) {
    this.#running = running;
  }

  static async start(lab: NetworkLab, from: Namespace, to: string): Promise<Pings> {
    count += 1;
    const argv = ['ping', '-q', '-i', '0.01', '-W', '1', to];
    const pings = new Pings(await lab.spawn(from, { name: `ping-${count}`, argv }));
    return pings;
  }

  async stop(): Promise<{ readonly sent: number; readonly received: number }> {
    await stopProcess(this.#running, { signal: 'SIGINT' });
    const text = readFileSync(this.#running.logPath, 'utf8');
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(text) ?? [];
    if (sent === undefined || received === undefined) throw new Error(`ping said: ${text}`);
    return { sent: Number(sent), received: Number(received) };
  }
}

let count = 0;
const OUTSIDE_PREFIXES: ReadonlySet<string> = new Set([OUTSIDE.prefixV4, OUTSIDE.prefixV6]);
