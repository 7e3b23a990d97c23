/** A godwitd in a namespace of a system test: resources written, started, asked, killed. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type {
  KernelRouteMessage,
  NeighborMessage,
  RouteMessage,
  StatusMessage,
} from '../../src/api/messages.ts';
import { GodwitClient } from '../../src/cli/client.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import {
  logTail,
  type Running,
  type RunResult,
  run,
  runOk,
  stopProcess,
} from '../../tools/fabric/process.ts';
import { GODWIT, GODWITD } from '../../tools/fabric/speakers.ts';
import type { NetworkLab } from './netns.ts';
import { waitFor } from './wait-for.ts';

export interface GodwitOptions {
  readonly lab: NetworkLab;
  readonly namespace: Namespace;
  /** Node name, and name of the directory unless another is given. */
  readonly name: string;
  /** A Calico v3 resource each; written as one file named by kind and name. */
  readonly resources: readonly CalicoResource[];
  /** Its folder in the lab's, instead of `name`. */
  readonly directory?: string;
  /** Goes in front of the command line: `setpriv …`. */
  readonly wrap?: readonly string[];
  /** What is run instead of `src/bin/godwitd.ts`: a file that loads it and breaks something first. */
  readonly program?: string;
  /** Laid over the generated godwit.yaml, top-level keys. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Milliseconds for it to answer; default 15 s. */
  readonly startMs?: number;
}

export interface CalicoResource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Short form of a Calico v3 resource. */
export function calico(
  kind: string,
  name: string,
  spec: Readonly<Record<string, unknown>>,
): CalicoResource {
  return { apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec };
}

/** A PeerProfile; for all sessions where the spec names none. */
export function profile(spec: Readonly<Record<string, unknown>>, name = 'test'): CalicoResource {
  return { apiVersion: 'godwit.dev/v1', kind: 'PeerProfile', metadata: { name }, spec };
}

/** One event of the daemon's log, with the fields of `src/speaker/events.ts`. */
export type EventSeen = Readonly<Record<string, unknown>> & { readonly event: string };

export class Godwit {
  readonly name: string;
  readonly dir: string;
  readonly resourcesDir: string;
  readonly socket: string;
  readonly #options: GodwitOptions;
  #running: Running | undefined;
  #client: GodwitClient | undefined;

  constructor(options: GodwitOptions) {
    this.#options = options;
    this.name = options.name;
    this.dir = join(options.lab.dir, options.directory ?? options.name);
    this.resourcesDir = join(this.dir, 'resources');
    this.socket = join(this.dir, 'godwit.sock');
    mkdirSync(this.resourcesDir, { recursive: true });
    for (const resource of options.resources) this.writeResource(resource);
    const config = {
      nodeName: this.name,
      datastore: { type: 'file', path: this.resourcesDir },
      state: { dir: join(this.dir, 'state') },
      control: { socket: this.socket },
      http: { listen: '127.0.0.1:9179' },
      // Tests make the devices that they want to see, when they want to see them.
      kernel: { manageTunnel: false },
      log: { level: 'debug', format: 'json' },
      ...options.config,
    };
    writeFileSync(this.configPath, stringify(config));
  }

  get configPath(): string {
    return join(this.dir, 'godwit.yaml');
  }

  /** Starts the daemon and waits until it answers on its control socket. */
  async start(): Promise<void> {
    const { lab, namespace, directory = this.name, wrap = [], program = GODWITD } = this.#options;
    const { startMs = 60_000 } = this.#options;
    const argv = [...wrap, process.execPath, program, '--config', this.configPath];
    this.#running = await lab.spawn(namespace, { name: directory, argv });
    await waitFor(
      async () => {
        if (this.running.ended !== undefined) throw new Error(`godwitd ended: ${this.log()}`);
        // A channel that was refused once waits before it tries again: a new one for each attempt.
        this.#client?.close();
        this.#client = new GodwitClient(this.socket);
        return this.#client.getStatus();
      },
      () => true,
      { what: `${this.name} to answer on its control socket`, timeoutMs: startMs, intervalMs: 50 },
    );
  }

  /** The control API itself: polling by the command line would cost a process each time. */
  get client(): GodwitClient {
    if (this.#client === undefined) throw new Error(`${this.name} was never started`);
    return this.#client;
  }

  get running(): Running {
    if (this.#running === undefined) throw new Error(`${this.name} was never started`);
    return this.#running;
  }

  /** Ends the process; SIGTERM is a restart in godwit's eyes: routes stay. Returns how it ended. */
  async kill(signal: NodeJS.Signals): Promise<number | string> {
    return stopProcess(this.running, { signal, graceMs: 10_000 });
  }

  /** Ends it if it runs, whatever it takes. */
  async end(): Promise<void> {
    this.#client?.close();
    if (this.#running !== undefined) await stopProcess(this.#running, { signal: 'SIGKILL' });
  }

  /** Runs `godwit WORDS…` against this daemon; fails on an exit status other than 0. */
  async command(...words: string[]): Promise<string> {
    return runOk(this.#cli(words));
  }

  /** Like {@link command}, with any exit status: some say no by it. */
  runCommand(...words: string[]): Promise<RunResult> {
    return run(this.#cli(words));
  }

  /** Like {@link runCommand}, in the node's own namespace: for what touches its kernel itself. */
  runInside(...words: string[]): Promise<RunResult> {
    return this.#options.namespace.run(this.#cli(words));
  }

  /** `godwit WORDS… --json`: one object a line. */
  async json<T>(...words: string[]): Promise<T[]> {
    const text = await this.command(...words, '--json');
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line) => JSON.parse(line) as T);
  }

  status(): Promise<StatusMessage> {
    return this.client.getStatus();
  }

  neighbors(): Promise<NeighborMessage[]> {
    return collect(this.client.listNeighbors({}));
  }

  /** The one neighbor with this address; fails when there is none. */
  async neighbor(address: string): Promise<NeighborMessage> {
    const found = (await this.neighbors()).find((one) => one.address === address);
    if (found === undefined) throw new Error(`${this.name} has no neighbor ${address}`);
    return found;
  }

  /** Loc-RIB with all paths; of one prefix, or of all of both families. */
  routes(prefix?: string): Promise<RouteMessage[]> {
    return collect(this.client.listRoutes(prefix === undefined ? {} : { prefix }));
  }

  kernelRoutes(): Promise<KernelRouteMessage[]> {
    return collect(this.client.listKernelRoutes({}));
  }

  /** Events of all runs of this daemon so far, from its log, oldest first. */
  events(...kinds: readonly string[]): EventSeen[] {
    return this.log()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes('"event"'))
      .map((line) => JSON.parse(line) as EventSeen)
      .filter((one) => kinds.length === 0 || kinds.includes(one.event));
  }

  /** What it knows is in the kernel and told to its peers, and it listens. */
  async untilReady(): Promise<void> {
    await waitFor(
      () => this.status(),
      ({ ready, listeners }) => ready && listeners.length > 0,
      { what: `${this.name} to be ready`, intervalMs: 20 },
    );
  }

  async untilEstablished(...addresses: string[]): Promise<void> {
    await waitFor(
      () => this.neighbors(),
      (all) =>
        addresses.every((address) =>
          all.some((one) => one.address === address && one.state === 'Established'),
        ),
      { what: `${this.name}'s sessions with ${addresses.join(', ')} to be Established` },
    );
  }

  /** Writes one resource in place of an earlier one of the same kind and name. */
  writeResource(resource: CalicoResource): void {
    writeFileSync(this.#resourcePath(resource), stringify(resource));
  }

  removeResource(kind: string, name: string): void {
    rmSync(this.#resourcePath({ kind, metadata: { name } }));
  }

  log(): string {
    return logTail(this.running.logPath, Number.POSITIVE_INFINITY);
  }

  #resourcePath({ kind, metadata }: Pick<CalicoResource, 'kind' | 'metadata'>): string {
    return join(this.resourcesDir, `${kind.toLowerCase()}-${metadata.name}.yaml`);
  }

  #cli(words: readonly string[]): string[] {
    return [process.execPath, GODWIT, '--socket', this.socket, ...words];
  }
}

async function collect<T>(rows: AsyncGenerator<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}
