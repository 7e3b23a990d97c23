/**
 * A real etcd for the fabric and the tests: started, written in calicoctl's own layout, compacted. The daemon itself
 * only reads; what is written here stands for calicoctl and Calico's IPAM.
 */
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import { etcdServices } from '../../src/io/etcd-proto.ts';
import { findPeer } from '../../test/support/peers.ts';
import { delay, logTail, type Running, startProcess } from './process.ts';

export interface EtcdMember {
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
}

export interface EtcdStart {
  readonly member: EtcdMember;
  /** All members, this one among them. */
  readonly cluster: readonly EtcdMember[];
  readonly dir: string;
  readonly address?: string;
  /** Where clients may come from, when not from `address` alone. */
  readonly listen?: string;
  /** What enters a namespace, or nothing. */
  readonly enter?: (argv: readonly string[]) => string[];
  /** Flags for TLS; the scheme of the client's URL is then https. */
  readonly tls?: readonly string[];
}

export async function startEtcd(start: EtcdStart): Promise<Running> {
  const { member, cluster, dir, address = '127.0.0.1', enter = (argv) => [...argv], tls } = start;
  const etcd = findPeer('etcd');
  if ('missing' in etcd) throw new Error(etcd.missing);
  mkdirSync(dir, { recursive: true });
  const url = (host: string): string =>
    `${tls === undefined ? 'http' : 'https'}://${host}:${member.clientPort}`;
  const peer = (one: EtcdMember): string => `http://${address}:${one.peerPort}`;
  const argv = [
    etcd.daemon,
    ...['--name', member.name, '--data-dir', join(dir, `${member.name}.etcd`)],
    ...[
      '--listen-client-urls',
      url(start.listen ?? address),
      '--advertise-client-urls',
      url(address),
    ],
    ...['--listen-peer-urls', peer(member), '--initial-advertise-peer-urls', peer(member)],
    ...['--initial-cluster', cluster.map((one) => `${one.name}=${peer(one)}`).join(',')],
    // Shorter than by default, so that a lost leader is a matter of a second.
    ...['--heartbeat-interval', '50', '--election-timeout', '500'],
    ...['--logger', 'zap', '--log-level', 'warn', ...(tls ?? [])],
  ];
  const logPath = join(dir, `${member.name}.log`);
  const env = { ...process.env, ...etcd.env };
  return startProcess({ name: `etcd ${member.name}`, argv: enter(argv), logPath, env });
}

/** Ports nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

interface Stub {
  [method: string]: unknown;
  close(): void;
}
type Call = (
  request: object,
  options: { readonly deadline: number },
  callback: (error: ServiceError | null, reply: { header: { revision: string } }) => void,
) => void;

/** Milliseconds for one write. */
const WRITE_MS_MAX = 5000;

export class EtcdWriter {
  readonly #kv: Stub;

  /** @param endpoint  `host:port` */
  constructor(endpoint: string) {
    this.#kv = new (etcdServices().kv)(endpoint, credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_reconnect_backoff_ms': 200,
      'grpc.initial_reconnect_backoff_ms': 50,
    }) as unknown as Stub;
  }

  /** Waits until the store takes writes. */
  async ready(running: Running): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt++) {
      if (running.ended !== undefined) break;
      try {
        await this.#call('Put', { key: Buffer.from('/godwit/ready'), value: Buffer.from('1') });
        return;
      } catch {
        await delay(100); // it starts, or elects a leader
      }
    }
    throw new Error(`${running.name} takes no writes: ${logTail(running.logPath)}`);
  }

  /** The value of a key, which is JSON. */
  get(key: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + WRITE_MS_MAX };
      const answer = (error: ServiceError | null, reply: unknown): void => {
        if (error !== null) return reject(error);
        const { kvs } = reply as { readonly kvs: readonly { readonly value: Buffer }[] };
        resolve(kvs[0] === undefined ? undefined : JSON.parse(kvs[0].value.toString('utf8')));
      };
      (this.#kv['Range'] as Call).call(this.#kv, { key: Buffer.from(key) }, options, answer);
    });
  }

  /** @returns the revision of the write. */
  put(key: string, value: unknown): Promise<number> {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return this.#call('Put', { key: Buffer.from(key), value: Buffer.from(text) });
  }

  delete(key: string): Promise<number> {
    return this.#call('DeleteRange', { key: Buffer.from(key) });
  }

  /** All keys from `first` up to `end`. */
  deleteRange(first: string, end: string): Promise<number> {
    const request = { key: Buffer.from(first), rangeEnd: Buffer.from(end) };
    return this.#call('DeleteRange', request);
  }

  async compact(revision: number): Promise<void> {
    await this.#call('Compact', { revision, physical: true });
  }

  /** A resource under the key that calicoctl, or Calico's IPAM, gives it. */
  putResource(resource: unknown): Promise<number> {
    const { key, value } = etcdEntry(resource);
    return this.put(key, value);
  }

  deleteResource(resource: unknown): Promise<number> {
    return this.delete(etcdEntry(resource).key);
  }

  close(): void {
    this.#kv.close();
  }

  #call(method: string, request: object): Promise<number> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + WRITE_MS_MAX };
      (this.#kv[method] as Call).call(this.#kv, request, options, (error, reply) => {
        if (error === null) resolve(Number(reply.header.revision));
        else reject(error);
      });
    });
  }
}

/** As Calico has it. */
function pluralOf(kind: string): string {
  const word = kind.toLowerCase();
  return word.endsWith('s') ? `${word}es` : `${word}s`;
}

/** Key and value of a resource in calicoctl's layout of etcd v3. */
export function etcdEntry(resource: unknown): { readonly key: string; readonly value: unknown } {
  const { apiVersion, kind, metadata, spec } = resource as {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly spec: Readonly<Record<string, unknown>>;
  };
  if (kind === 'BlockAffinity') {
    const cidr = String(spec['cidr']);
    const family = cidr.includes(':') ? 'ipv6' : 'ipv4';
    const key = `/calico/ipam/v2/host/${String(spec['node'])}/${family}/block/${cidr.replace('/', '-')}`;
    return {
      key,
      value: { state: spec['state'] ?? 'confirmed', deleted: spec['deleted'] ?? false },
    };
  }
  const plural = pluralOf(kind);
  const group = apiVersion.split('/', 1)[0]!;
  const key = `/calico/resources/v3/${group}/${plural}/${metadata.name}`;
  return { key, value: resource };
}
