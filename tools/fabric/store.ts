/**
 * The fabric's own etcd (`--datastore etcd`): one member at the ToR, where every node reaches it by its gateway, loaded
 * with the cluster's resources and written by `etcdctl`, as an operator's `calicoctl` would.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { findPeer } from '../../test/support/peers.ts';
import { type EtcdMember, etcdEntry, startEtcd } from './etcd.ts';
import type { Namespace } from './netns.ts';
import { delay, logTail, type Running, stopProcess } from './process.ts';
import { MissingError } from './programs.ts';
import type { ResourceFiles } from './resources.ts';
import type { FabricNode } from './topology.ts';

export interface StorePlace {
  readonly namespace: Namespace;
  readonly dir: string;
  readonly record: (running: Running) => void;
}

/** etcd's own ports. */
const MEMBER: EtcdMember = { name: 'fabric', clientPort: 2379, peerPort: 2380 };

export class FabricStore {
  readonly #place: StorePlace;
  #running: Running;

  private constructor(place: StorePlace, running: Running) {
    this.#place = place;
    this.#running = running;
  }

  static async start(place: StorePlace): Promise<FabricStore> {
    mkdirSync(place.dir, { recursive: true });
    const store = new FabricStore(place, await launch(place));
    await store.#ready();
    return store;
  }

  static endpoint(node: FabricNode): string {
    return `http://${node.gatewayV4}:${MEMBER.clientPort}`;
  }

  /** Everything that stands in the files of a directory, and what Calico itself writes at its installation. */
  async load(files: ResourceFiles): Promise<void> {
    for (const text of Object.values(files)) {
      for (const document of parseAllDocuments(text)) await this.put(document.toJS());
    }
    // Tells whose routes those of tunnelled pools are: up to v3.32 they are BGP's.
    await this.put({
      apiVersion: 'projectcalico.org/v3',
      kind: 'ClusterInformation',
      metadata: { name: 'default' },
      spec: { calicoVersion: 'v3.32.0', datastoreReady: true },
    });
  }

  async put(resource: unknown): Promise<void> {
    const { key, value } = etcdEntry(resource);
    await this.#etcdctl(['put', key], JSON.stringify(value));
  }

  async remove(resource: unknown): Promise<void> {
    await this.#etcdctl(['del', etcdEntry(resource).key]);
  }

  async kill(): Promise<void> {
    await stopProcess(this.#running, { signal: 'SIGKILL' });
  }

  async restart(): Promise<void> {
    this.#running = await launch(this.#place);
    await this.#ready();
  }

  async #ready(): Promise<void> {
    for (let attempt = 0; attempt < 50 && this.#running.ended === undefined; attempt++) {
      const { code } = await this.#run(['put', '/godwit/ready', '1']);
      if (code === 0) return;
      await delay(100);
    }
    throw new Error(`etcd does not take writes: ${logTail(this.#running.logPath)}`);
  }

  async #etcdctl(args: readonly string[], input?: string): Promise<void> {
    const { code, stderr } = await this.#run(args, input);
    if (code !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr.trim()}`);
  }

  #run(args: readonly string[], input?: string): ReturnType<Namespace['run']> {
    const { client, env } = requireEtcd();
    const argv = [client, '--endpoints', `http://127.0.0.1:${MEMBER.clientPort}`, ...args];
    return this.#place.namespace.run(argv, {
      env: { ...process.env, ...env, ETCDCTL_API: '3' },
      ...(input === undefined ? {} : { input }),
    });
  }
}

/** @throws {MissingError} */
export function requireEtcd(): { readonly client: string; readonly env: NodeJS.ProcessEnv } {
  const etcd = findPeer('etcd');
  if ('missing' in etcd) throw new MissingError(etcd.missing);
  return etcd;
}

async function launch({ namespace, dir, record }: StorePlace): Promise<Running> {
  const running = await startEtcd({
    member: MEMBER,
    cluster: [MEMBER],
    dir: join(dir, 'data'),
    listen: '0.0.0.0',
    enter: (argv) => namespace.enter(argv),
  });
  record(running);
  return running;
}
