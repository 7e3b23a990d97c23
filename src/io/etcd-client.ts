/**
 * One connection to one member of etcd: ready, authenticated, asked for ranges of keys, watched.
 *
 * Ends with its first failure: whoever uses it goes to the next member. What failed is said as an `EtcdError` whose
 * kind decides what to do; nothing is tried again in here.
 */

import { readFile } from 'node:fs/promises';
import {
  type ChannelCredentials,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import {
  type EtcdServices,
  etcdServices,
  type KeyValue,
  type RangeResponse,
  type WatchResponse,
} from './etcd-proto.ts';

export interface EtcdAccess {
  /** `http://` or `https://`, host and port. */
  readonly endpoints: readonly string[];
  /** Paths of PEM files; read at every connection, so that renewed certificates are taken. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly username?: string;
  readonly password?: string;
  /** Path of a file that holds nothing else. */
  readonly passwordFile?: string;
}

/** `compacted`: the revision is gone, list anew. `refused`: it answers, and says no. */
export class EtcdError extends Error {
  override readonly name = 'EtcdError';
  readonly kind: 'unreachable' | 'compacted' | 'refused';

  constructor(kind: EtcdError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Milliseconds for one answer, connecting included: a page takes some; a member that is stopped takes for ever. */
const ANSWER_MS_MAX = 5000;

/** Keys a page: some hundred kilobytes. */
const PAGE_KEYS_MAX = 500;

/** etcd takes values of 1.5 MiB by default and answers with whole pages; beyond this something is wrong. */
const MESSAGE_OCTETS_MAX = 64 * 1024 * 1024;

/** etcd hangs up on clients that ping more often than every 5 s; a silent member is noticed after 15 s. */
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_ANSWER_MS = 5000;

const CHANNEL_OPTIONS = {
  'grpc.keepalive_time_ms': KEEPALIVE_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_ANSWER_MS,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': MESSAGE_OCTETS_MAX,
  // The node's datastore is asked directly, whatever the environment says of web proxies.
  'grpc.enable_http_proxy': 0,
  // A connection of its own for each attempt: a shared one would keep the state of the last failure.
  'grpc.use_local_subchannel_pool': 1,
};

export interface ListedKeys {
  readonly revision: number;
  readonly clusterId: string;
  readonly kvs: readonly KeyValue[];
}

export interface WatchSpec {
  readonly key: string;
  readonly end: string;
  readonly fromRevision: number;
}

export interface WatchListener {
  onResponse(response: WatchResponse): void;
  /** Said once; the watch is over. */
  onEnd(error: EtcdError): void;
}

interface Stub {
  [method: string]: unknown;
  close(): void;
  getChannel(): unknown;
}

type UnaryCall = (
  request: object,
  metadata: Metadata,
  options: { readonly deadline: number },
  callback: (error: ServiceError | null, reply: unknown) => void,
) => void;

export class EtcdClient {
  readonly endpoint: string;
  readonly #services: EtcdServices;
  readonly #kv: Stub;
  readonly #channel: object;
  readonly #address: string;
  readonly #credentials: ChannelCredentials;
  #token: string | undefined;

  private constructor(endpoint: string, channelCredentials: ChannelCredentials) {
    this.endpoint = endpoint;
    this.#services = etcdServices();
    this.#address = endpoint.replace(/^https?:\/\//, '');
    this.#credentials = channelCredentials;
    this.#kv = this.#stub(this.#services.kv, CHANNEL_OPTIONS);
    this.#channel = { channelOverride: this.#kv.getChannel() };
  }

  /** @throws {EtcdError} */
  static async open(endpoint: string, access: EtcdAccess): Promise<EtcdClient> {
    const client = new EtcdClient(endpoint, await credentialsFor(endpoint, access));
    try {
      if (access.username !== undefined) await client.#authenticate(access);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  close(): void {
    this.#kv.close();
  }

  /** All keys of `ranges` as they were at one revision, page by page. */
  async list(
    ranges: readonly { readonly key: string; readonly end: string }[],
  ): Promise<ListedKeys> {
    const kvs: KeyValue[] = [];
    let revision = '0';
    let clusterId = '';
    for (const { key, end } of ranges) {
      let from: Buffer | string = key;
      for (let more = true; more; ) {
        const request = {
          key: Buffer.from(from),
          rangeEnd: Buffer.from(end),
          limit: PAGE_KEYS_MAX,
          revision,
        };
        const page = (await this.#call(this.#kv, 'Range', request)) as RangeResponse;
        if (revision === '0') ({ revision, clusterId } = page.header);
        kvs.push(...page.kvs);
        more = page.more && page.kvs.length > 0;
        if (more) from = Buffer.concat([page.kvs.at(-1)!.key, Buffer.of(0)]);
      }
    }
    return { revision: Number(revision), clusterId, kvs };
  }

  /** @throws {EtcdError} */
  async get(key: string): Promise<KeyValue | undefined> {
    const answer = await this.#call(this.#kv, 'Range', { key: Buffer.from(key) });
    return (answer as RangeResponse).kvs[0];
  }

  /** Writes if the key is as it was read. @returns whether it was. @throws {EtcdError} */
  async replace({ key, modRevision }: KeyValue, value: string): Promise<boolean> {
    const answer = await this.#call(this.#kv, 'Txn', {
      compare: [{ result: 'EQUAL', target: 'MOD', key, modRevision }],
      success: [{ requestPut: { key, value: Buffer.from(value) } }],
    });
    return (answer as { readonly succeeded: boolean }).succeeded;
  }

  /** Watches on one stream, numbered from 1 in the order given. @returns what ends them. */
  watch(specs: readonly WatchSpec[], listener: WatchListener): () => void {
    const stub = this.#stub(this.#services.watch, this.#channel);
    const metadata = this.#metadata();
    // A member that has lost its leader ends the stream instead of saying nothing for as long as that lasts.
    metadata.set('hasleader', 'true');
    const open = stub['Watch'] as (metadata: Metadata) => ClientDuplexStream<object, WatchResponse>;
    const stream = open.call(stub, metadata);
    let over = false;
    const end = (error: EtcdError): void => {
      if (over) return;
      over = true;
      stream.cancel();
      listener.onEnd(error);
    };
    stream.on('data', (response: WatchResponse) => {
      if (!over) listener.onResponse(response);
    });
    stream.on('error', (error: ServiceError) => end(this.#explain(error)));
    stream.on('end', () => end(new EtcdError('unreachable', `${this.endpoint} ended the watch`)));
    for (const [index, { key, end: rangeEnd, fromRevision }] of specs.entries()) {
      const createRequest = {
        key: Buffer.from(key),
        rangeEnd: Buffer.from(rangeEnd),
        startRevision: fromRevision,
        progressNotify: true,
        watchId: index + 1,
      };
      stream.write({ createRequest });
    }
    return () => {
      over = true;
      stream.cancel();
    };
  }

  #stub(service: EtcdServices['kv'], options: object): Stub {
    return new service(this.#address, this.#credentials, options) as unknown as Stub;
  }

  async #authenticate({ username, password, passwordFile }: EtcdAccess): Promise<void> {
    const stub = this.#stub(this.#services.auth, this.#channel);
    const kept = passwordFile === undefined ? undefined : await readAccess(passwordFile);
    const request = {
      name: username,
      password: kept?.toString('utf8').trimEnd() ?? password ?? '',
    };
    const { token } = (await this.#call(stub, 'Authenticate', request)) as { token: string };
    this.#token = token;
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    if (this.#token !== undefined) metadata.set('token', this.#token);
    return metadata;
  }

  #call(stub: Stub, method: string, request: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = stub[method] as UnaryCall;
      const deadline = Date.now() + ANSWER_MS_MAX;
      call.call(stub, request, this.#metadata(), { deadline }, (error, reply) => {
        if (error === null) resolve(reply);
        else reject(this.#explain(error));
      });
    });
  }

  #explain(error: ServiceError): EtcdError {
    const message = `${this.endpoint}: ${error.details.replace(/\.? Resolution note:.*$/s, '')}`;
    // etcd answers so to a revision that is compacted, and to one that is still to come.
    if (error.code === status.OUT_OF_RANGE) return new EtcdError('compacted', message);
    const refused: readonly number[] = [
      status.PERMISSION_DENIED,
      status.UNAUTHENTICATED,
      status.INVALID_ARGUMENT,
      status.FAILED_PRECONDITION,
      status.UNIMPLEMENTED,
    ];
    return new EtcdError(refused.includes(error.code) ? 'refused' : 'unreachable', message);
  }
}

async function credentialsFor(endpoint: string, { tls }: EtcdAccess): Promise<ChannelCredentials> {
  if (endpoint.startsWith('http://')) return credentials.createInsecure();
  const [ca, cert, key] = await Promise.all(
    [tls.ca, tls.cert, tls.key].map((path) => (path === undefined ? null : readAccess(path))),
  );
  try {
    return credentials.createSsl(ca ?? null, key ?? null, cert ?? null);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EtcdError('refused', `The certificates cannot be used: ${why}`);
  }
}

async function readAccess(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new EtcdError('refused', `${path} cannot be read: ${errno}`);
  }
}
