/**
 * The `etcd` datastore: all kinds listed at one revision, then watched from the next; delivered as whole snapshots.
 *
 * Goes from member to member when one fails, takes up the watch where it stopped, and lists anew only when that
 * revision is compacted or the store is another one. A store that cannot be read, or suddenly holds nothing, is
 * *lost*, never *everything deleted*. @see docs/decisions/0013-etcd-datastore.md
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { RawSnapshot } from '../../datastore/documents.ts';
import { type EtcdAccess, EtcdClient, EtcdError } from '../etcd-client.ts';
import type { WatchResponse } from '../etcd-proto.ts';
import { EtcdEntries } from './etcd-entries.ts';
import { listedRanges, watchedRanges } from './etcd-keys.ts';
import type { DatastoreListener } from './listener.ts';

/** Changes that come together are one snapshot: from the first of them, in milliseconds. */
const SETTLE_MS = 40;

/** A store that is away for less, in milliseconds, has changed its leader: nobody needs to know. */
const LOST_MS = 2000;

/** Milliseconds for a watch to begin: a member that takes connections and is stopped would take for ever. */
const WATCH_MS_MAX = 5000;

/** Between attempts on all members, in milliseconds; doubled up to the longest, each with jitter of a half. */
const RETRY_MS = 200;
const RETRY_MS_MAX = 5000;

export interface EtcdOptions {
  readonly access: EtcdAccess;
  /** Whose blocks are read. */
  readonly node: string;
}

/** How far the watches have come, and of which store. */
interface Position {
  readonly clusterId: string;
  readonly next: number[];
}

export class EtcdDatastore {
  readonly #options: EtcdOptions;
  readonly #listener: DatastoreListener;
  readonly #entries: EtcdEntries;
  #position: Position | undefined;
  #client: EtcdClient | undefined;
  #failures = 0;
  #member: number;
  #delivered = false;
  #troubleSince: Date | undefined;
  #trouble = '';
  #lost = false;
  #settle: NodeJS.Timeout | undefined;
  /** When the first change that is not delivered yet was told. */
  #seenAt: number | undefined;
  #grace: NodeJS.Timeout | undefined;
  readonly #stopping = new AbortController();
  #told: () => void = () => undefined;
  #onStop: (error: EtcdError) => void = () => undefined;

  constructor(options: EtcdOptions, listener: DatastoreListener) {
    this.#options = options;
    this.#listener = listener;
    this.#entries = new EtcdEntries(options.node);
    // Nodes spread over the members.
    this.#member = Math.floor(Math.random() * options.access.endpoints.length);
  }

  /** Lists at once and then follows; resolves after the first snapshot or loss was delivered. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#told = resolve;
      // A network that drops everything fails nobody for seconds: the last good snapshot does not wait for it.
      this.#troubleFrom('no member has answered yet');
      void this.#run();
    });
  }

  stop(): void {
    this.#stopping.abort();
    clearTimeout(this.#settle);
    clearTimeout(this.#grace);
    this.#onStop(new EtcdError('unreachable', 'stopped'));
    this.#client?.close();
  }

  async #run(): Promise<void> {
    const { endpoints } = this.#options.access;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#follow(endpoints[this.#member % endpoints.length]!);
      } catch (error) {
        if (signal.aborted) return;
        // Anything else is a bug of ours: it ends this thread, and is said, instead of being tried again for ever.
        if (!(error instanceof EtcdError)) throw error;
        this.#onFailure(error);
      }
      this.#member++;
      await sleep(this.#wait(), undefined, { signal }).catch(() => undefined);
    }
  }

  /** The other members are asked at once; when all have failed there is no hurry. */
  #wait(): number {
    const round = Math.floor(this.#failures / this.#options.access.endpoints.length);
    const longest =
      round === 0 ? RETRY_MS / 4 : Math.min(RETRY_MS * 2 ** (round - 1), RETRY_MS_MAX);
    return longest * (0.5 + Math.random() / 2);
  }

  /** @throws {EtcdError} always: a watch ends only by a failure. */
  async #follow(endpoint: string): Promise<never> {
    const client = await EtcdClient.open(endpoint, this.#options.access);
    this.#client = client;
    try {
      if (this.#position === undefined) await this.#list(client);
      return await this.#watch(client, this.#position!);
    } finally {
      client.close();
    }
  }

  async #list(client: EtcdClient): Promise<void> {
    const { node } = this.#options;
    const { revision, clusterId, kvs } = await client.list(listedRanges(node));
    if (this.#stopping.signal.aborted) return;
    this.#entries.replace(kvs);
    this.#position = { clusterId, next: watchedRanges(node).map(() => revision + 1) };
    this.#deliver();
  }

  #watch(client: EtcdClient, position: Position): Promise<never> {
    const ranges = watchedRanges(this.#options.node);
    const specs = ranges.map((range, index) => ({ ...range, fromRevision: position.next[index]! }));
    return new Promise((_, reject) => {
      let created = 0;
      const end = (error: EtcdError): void => {
        clearTimeout(silent);
        close();
        reject(error);
      };
      const close = client.watch(specs, {
        onResponse: (response) => {
          const error = whyOver(response, position);
          if (error !== undefined) return end(error);
          if (response.created && ++created === specs.length) {
            clearTimeout(silent);
            this.#onWatching();
          }
          this.#onEvents(response, position);
        },
        onEnd: end,
      });
      const silence = `${client.endpoint} does not begin to watch`;
      const silent = setTimeout(() => end(new EtcdError('unreachable', silence)), WATCH_MS_MAX);
      this.#onStop = end;
    });
  }

  /** All watches stand. */
  #onWatching(): void {
    this.#failures = 0;
    this.#troubleSince = undefined;
    clearTimeout(this.#grace);
    this.#grace = undefined;
    // What changed meanwhile comes now; with it, or without, the store is back.
    if (this.#lost) this.#deliverSoon();
  }

  #onEvents({ watchId, header, created, events }: WatchResponse, position: Position): void {
    const index = Number(watchId) - 1;
    for (const { type, kv } of events) {
      position.next[index] = Number(kv.modRevision) + 1;
      if (this.#entries.take(type, kv)) this.#deliverSoon();
    }
    // Said without events: all up to this revision has been told, so that a later watch begins there.
    if (events.length === 0 && !created) {
      position.next[index] = Math.max(position.next[index]!, Number(header.revision) + 1);
    }
  }

  #deliverSoon(): void {
    this.#seenAt ??= performance.now();
    this.#settle ??= setTimeout(() => this.#deliver(), SETTLE_MS);
  }

  #deliver(): void {
    clearTimeout(this.#settle);
    this.#settle = undefined;
    const seenAt = this.#seenAt;
    this.#seenAt = undefined;
    if (this.#entries.size === 0) {
      const suddenly = this.#delivered ? ' any more' : '';
      return this.#lose(`etcd holds no resources of Calico${suddenly}`);
    }
    this.#delivered = true;
    this.#lost = false;
    this.#listener.onSnapshot(this.#entries.snapshot(), seenAt);
    this.#told();
  }

  #onFailure(error: EtcdError): void {
    this.#failures++;
    if (error.kind === 'compacted') this.#position = undefined;
    this.#troubleFrom(error.message);
    // At the start there is nothing yet to be patient with.
    const { length } = this.#options.access.endpoints;
    if (!this.#delivered && this.#failures >= length) this.#loseAccess();
  }

  #troubleFrom(reason: string): void {
    this.#trouble = reason;
    this.#troubleSince ??= new Date();
    if (!this.#lost) this.#grace ??= setTimeout(() => this.#loseAccess(), LOST_MS);
  }

  #loseAccess(): void {
    this.#position = undefined; // away for long: what it holds is proven by listing it, not assumed
    const since = this.#troubleSince?.toISOString();
    this.#lose(`etcd cannot be followed since ${since}: ${this.#trouble}`);
  }

  #lose(reason: string): void {
    clearTimeout(this.#grace);
    this.#grace = undefined;
    if (this.#stopping.signal.aborted || this.#lost) return;
    this.#lost = true;
    this.#listener.onLost(reason);
    this.#told();
  }
}

/** One reading of the store, for `--check`: the snapshot, or why there is none. */
export async function readEtcdOnce({
  access,
  node,
}: EtcdOptions): Promise<RawSnapshot | { readonly error: string }> {
  const errors: string[] = [];
  for (const endpoint of access.endpoints) {
    let client: EtcdClient | undefined;
    try {
      client = await EtcdClient.open(endpoint, access);
      const { kvs } = await client.list(listedRanges(node));
      const entries = new EtcdEntries(node);
      entries.replace(kvs);
      return entries.size === 0
        ? { error: `${endpoint} holds no resources of Calico` }
        : entries.snapshot();
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      errors.push(error.message);
    } finally {
      client?.close();
    }
  }
  return { error: errors.join('; ') };
}

/** Why a watch cannot go on; undefined when it can. */
function whyOver(response: WatchResponse, { clusterId, next }: Position): EtcdError | undefined {
  const { header, created, canceled, compactRevision, cancelReason, watchId } = response;
  if (canceled && compactRevision !== '0') {
    return new EtcdError('compacted', `revisions before ${compactRevision} are compacted`);
  }
  if (canceled) return new EtcdError('refused', cancelReason);
  if (header.clusterId !== clusterId) return new EtcdError('compacted', 'it is another cluster');
  // A store that was restored from a backup would keep silent until it comes to where we are.
  if (created && Number(header.revision) < (next[Number(watchId) - 1] ?? 0) - 1) {
    return new EtcdError('compacted', 'the store has gone back to an older revision');
  }
  return undefined;
}
