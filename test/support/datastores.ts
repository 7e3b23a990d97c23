/**
 * The datastores of the contract suite, each as the same few verbs: put and delete resources, take the store away in
 * its own ways, bring it back.
 */

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatastoreSettings } from '../../src/daemon/datastore-settings.ts';
import { EtcdWriter, etcdEntry, freePorts, startEtcd } from '../../tools/fabric/etcd.ts';
import { type Running, signalProcess, stopProcess } from '../../tools/fabric/process.ts';
import { KubernetesDouble } from './kubernetes-double.ts';
import { collectionOf, deleteResource, putResource, storedOf } from './kubernetes-objects.ts';
import { TcpGate } from './tcp-gate.ts';

export interface TestStore {
  readonly settings: DatastoreSettings;
  put(...resources: readonly unknown[]): Promise<void>;
  /** At once; there is nothing between them. */
  delete(...resources: readonly unknown[]): Promise<void>;
  /** Something that cannot be read stands in the place of `resource`. */
  spoil(resource: unknown): Promise<void>;
  deleteAll(): Promise<void>;
  /** The store is gone, as suddenly as it can be. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** It is there and does not answer; it can be written all the same. */
  partition(): Promise<void>;
  heal(): Promise<void>;
  /** The status of the resource as it is held; absent where none is ever written. */
  status?(resource: unknown): Promise<unknown>;
  /** Somebody else writes the status of the resource. */
  putStatus?(resource: unknown, status: object): Promise<void>;
  close(): Promise<void>;
}

/** The longest time, in milliseconds, from a change to the plan, and from a loss to its report. */
export interface Promises {
  readonly change: number;
  readonly loss: number;
}

export const STORES: Readonly<
  Record<
    'file' | 'etcd' | 'kubernetes',
    { readonly open: (dir: string) => Promise<TestStore>; readonly promises: Promises }
  >
> = {
  file: { open: openFile, promises: { change: 500, loss: 2000 } },
  // A partition is noticed by the second of two unanswered pings at the latest.
  etcd: { open: openEtcd, promises: { change: 200, loss: 25_000 } },
  kubernetes: { open: openKubernetes, promises: { change: 200, loss: 25_000 } },
};

function nameOf(resource: unknown): string {
  const { kind, metadata } = resource as { kind: string; metadata: { name: string } };
  return `${kind}-${metadata.name}.yaml`.toLowerCase();
}

async function openFile(dir: string): Promise<TestStore> {
  const path = join(dir, 'resources');
  const away = join(dir, 'away');
  mkdirSync(path);
  // While it is away it can be written where it is.
  let at = path;
  const move = async (to: string): Promise<void> => {
    renameSync(at, to);
    at = to;
  };
  return {
    settings: { type: 'file', path },
    put: async (...resources) => {
      for (const one of resources) writeFileSync(join(at, nameOf(one)), JSON.stringify(one));
    },
    delete: async (...resources) => {
      for (const one of resources) rmSync(join(at, nameOf(one)));
    },
    spoil: async (one) => writeFileSync(join(at, nameOf(one)), '{ "kind": '),
    deleteAll: async () => {
      rmSync(at, { recursive: true });
      mkdirSync(at);
    },
    kill: () => move(away),
    restart: () => move(path),
    partition: () => move(away),
    heal: () => move(path),
    close: async () => undefined,
  };
}

async function openEtcd(dir: string): Promise<TestStore> {
  const [clientPort, peerPort] = await freePorts(2);
  const member = { name: 'm0', clientPort: clientPort!, peerPort: peerPort! };
  const start = (): Promise<Running> => startEtcd({ member, cluster: [member], dir });
  let running = await start();
  const writer = new EtcdWriter(`127.0.0.1:${clientPort}`);
  await writer.ready(running);
  const gate = await TcpGate.open(member.clientPort);
  return {
    settings: {
      type: 'etcd',
      access: { endpoints: [`http://127.0.0.1:${gate.port}`], tls: {} },
    },
    put: async (...resources) => {
      for (const one of resources) await writer.putResource(one);
    },
    delete: async (...resources) => {
      // In one write: their keys are neighbors.
      const keys = resources.map((one) => etcdEntry(one).key).sort();
      await writer.deleteRange(keys[0]!, `${keys.at(-1)}\0`);
    },
    spoil: async (one) => {
      const { metadata, kind } = one as { kind: string; metadata: { name: string } };
      const plural = `${kind.toLowerCase()}s`;
      await writer.put(
        `/calico/resources/v3/projectcalico.org/${plural}/${metadata.name}`,
        '{ "kin',
      );
    },
    deleteAll: async () => {
      await writer.deleteRange('/calico/', '/calico0');
    },
    kill: async () => {
      await stopProcess(running, { signal: 'SIGKILL' });
    },
    restart: async () => {
      running = await start();
      await writer.ready(running);
    },
    partition: async () => gate.shut(),
    heal: async () => gate.reopen(),
    status: async (one) => {
      const value = (await writer.get(etcdEntry(one).key)) as { readonly status?: unknown };
      return value.status;
    },
    putStatus: async (one, status) => {
      const { key, value } = etcdEntry(one);
      await writer.put(key, { ...(value as object), status });
    },
    close: async () => {
      writer.close();
      await gate.close();
      signalProcess(running, 'SIGCONT');
      await stopProcess(running);
    },
  };
}

async function openKubernetes(): Promise<TestStore> {
  const api = new KubernetesDouble();
  await api.start();
  const gate = await TcpGate.open(api.port);
  return {
    settings: {
      type: 'kubernetes',
      access: { server: `http://127.0.0.1:${gate.port}` },
      apiGroup: undefined,
    },
    put: async (...resources) => {
      for (const one of resources) putResource(api, one);
    },
    delete: async (...resources) => {
      for (const one of resources) deleteResource(api, one);
    },
    spoil: async (one) => {
      const { kind, metadata } = one as { kind: string; metadata: { name: string } };
      api.store.put(collectionOf(api, kind), { metadata, spec: { peerIP: 'nowhere' } } as never);
    },
    deleteAll: async () => {
      for (const collection of api.collections) {
        for (const { metadata } of api.store.all(collection)) {
          api.store.delete(collection, metadata.name, metadata.namespace);
        }
      }
    },
    kill: () => api.stop(),
    restart: () => api.start(),
    partition: async () => gate.shut(),
    heal: async () => gate.reopen(),
    status: async (one) => storedOf(api, one)?.['status'],
    putStatus: async (one, status) => {
      api.store.put(collectionOf(api, (one as { kind: string }).kind), {
        ...storedOf(api, one)!,
        status,
      } as never);
    },
    close: async () => {
      await gate.close();
      await api.stop();
    },
  };
}
