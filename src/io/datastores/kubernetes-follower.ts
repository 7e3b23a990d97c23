/**
 * One kind of the Kubernetes API: listed page by page, watched from there on, listed anew when the API has forgotten where
 * we were. Says what it holds and what keeps it from following; patience and delivery are `delivery.ts`'s.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { BrokenFile } from '../../datastore/documents.ts';
import { plainDocument } from '../../datastore/documents.ts';
import type { KubernetesClient, WatchEvent } from '../kubernetes-client.ts';
import { ApiError } from '../kubernetes-errors.ts';
import { backOff } from './delivery.ts';
import { Entries } from './entries.ts';
import { type ApiObject, type ConvertOptions, convert } from './kubernetes-documents.ts';
import { explain } from './kubernetes-explain.ts';
import { collectionPath, type FollowedKind, objectPath, selectorsOf } from './kubernetes-kinds.ts';

/** Objects a page. */
const PAGE_MAX = 500;

/**
 * Seconds after which the API ends a watch, with as many more by lot: a node moves to another API server in time, and
 * not all nodes at once.
 */
const WATCH_SECONDS = 300;

/** A kind that is not there, or may not be read, and need not be: asked for again, in milliseconds. */
const ABSENT_MS = 60_000;

/** A watch that ends sooner, in milliseconds, has not done anything; it is not begun again at once. */
const WATCH_MS_MIN = 1000;

/** Lists in a row whose revision is forgotten before it can be watched; more are trouble. */
const EXPIRIES_MAX = 3;

export interface FollowerListener {
  /** What it holds is other than before, or is known again. */
  onChange(): void;
  /** It does not follow any more; `trouble` says why. */
  onTrouble(): void;
}

interface Page {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly ApiObject[];
}

export class KubernetesFollower {
  readonly kind: FollowedKind;
  readonly #client: KubernetesClient;
  readonly #options: ConvertOptions;
  readonly #listener: FollowerListener;
  readonly #entries = new Entries();
  readonly #stopping = new AbortController();
  /** The revision from which to watch; undefined: to be listed. */
  #revision: string | undefined;
  #inSync = false;
  #failures = 0;
  #expiries = 0;
  /** Something was not seen: after this watch everything is listed. */
  #doubtful = false;
  #trouble: string | undefined;
  /** Stands in the place of objects that need not be readable, and are not. */
  #absent: BrokenFile | undefined;

  constructor(
    kind: FollowedKind,
    parts: {
      readonly client: KubernetesClient;
      readonly options: ConvertOptions;
      readonly listener: FollowerListener;
    },
  ) {
    this.kind = kind;
    this.#client = parts.client;
    this.#options = parts.options;
    this.#listener = parts.listener;
  }

  get inSync(): boolean {
    return this.#inSync;
  }

  /** What keeps it from following; undefined while nothing does. */
  get trouble(): string | undefined {
    return this.#inSync ? undefined : this.#trouble;
  }

  get snapshot(): ReturnType<Entries['snapshot']> {
    const { documents, broken } = this.#entries.snapshot();
    return { documents, broken: this.#absent === undefined ? broken : [...broken, this.#absent] };
  }

  /** Follows until it is stopped. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let waitMs = 0;
      try {
        if (this.#revision === undefined || this.#doubtful) await this.list();
        waitMs = await this.#watch();
      } catch (error) {
        if (signal.aborted) return;
        // Anything else is a bug of ours: it ends this thread, and is said, instead of being tried again for ever.
        if (!(error instanceof ApiError)) throw error;
        waitMs = this.#onFailure(error);
      }
      if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** It was away for long: what it holds is to be proven. A watch that stands proves it all the time. */
  doubt(): void {
    if (!this.#inSync) this.#revision = undefined;
  }

  /** @throws {ApiError} */
  async list(): Promise<void> {
    const { items, revision } = await this.#pages();
    if (this.#stopping.signal.aborted) return;
    const keys = new Set(items.map((item) => keyOf(item)));
    for (const item of items) this.#put(item);
    this.#entries.keepOnly(keys);
    this.#revision = revision;
    this.#doubtful = false;
    this.#absent = undefined;
    this.#follows();
    this.#listener.onChange();
  }

  /** The same; where it need not be there and is not, it holds nothing. @throws {ApiError} */
  async listIfThere(): Promise<void> {
    try {
      await this.list();
    } catch (error) {
      if (!(error instanceof ApiError && this.#isAbsent(error))) throw error;
      this.#holdNothing(error);
    }
  }

  async #pages(): Promise<{ readonly items: readonly ApiObject[]; readonly revision: string }> {
    const items: ApiObject[] = [];
    let from = '';
    let limit = `limit=${PAGE_MAX}`;
    for (;;) {
      let page: Page;
      try {
        page = (await this.#client.request({
          path: `${collectionPath(this.kind)}?${limit}${from}${selectorsOf(this.kind)}`,
          accept: this.#accept('PartialObjectMetadataList'),
        })) as Page;
      } catch (error) {
        // A list that takes longer than the API remembers: once more, and all at once.
        if (!(error instanceof ApiError && error.kind === 'expired' && from !== '')) {
          throw explain(error, this.kind, 'list');
        }
        [from, limit, items.length] = ['', '', 0];
        continue;
      }
      const { resourceVersion, continue: next } = page.metadata;
      items.push(...(page.items ?? []));
      if (resourceVersion === undefined) {
        throw new ApiError('refused', `The list of ${this.kind.plural} has no resourceVersion`);
      }
      if (next === undefined || next === '') return { items, revision: resourceVersion };
      from = `&continue=${encodeURIComponent(next)}`;
    }
  }

  /** @returns milliseconds to wait before the next one. */
  async #watch(): Promise<number> {
    const seconds = Math.ceil(WATCH_SECONDS * (1 + Math.random()));
    const path =
      `${collectionPath(this.kind)}?watch=true&allowWatchBookmarks=true` +
      `&resourceVersion=${this.#revision}&timeoutSeconds=${seconds}${selectorsOf(this.kind)}`;
    const begin = performance.now();
    try {
      await this.#client.watch(
        { path, accept: this.#accept('PartialObjectMetadata') },
        { onOpen: () => this.#onOpen(), onEvent: (event) => this.#onEvent(event) },
        this.#stopping.signal,
      );
    } catch (error) {
      throw explain(error, this.kind, 'watch');
    }
    return performance.now() - begin < WATCH_MS_MIN ? WATCH_MS_MIN * Math.random() : 0;
  }

  #accept(form: string): string {
    const whole = 'application/json';
    const watchesNames = this.kind.byName && form === 'PartialObjectMetadata';
    const less = this.kind.metadataOnly || watchesNames;
    return less ? `${whole};as=${form};g=meta.k8s.io;v=v1` : whole;
  }

  #onOpen(): void {
    const before = this.#inSync;
    this.#follows();
    if (!before) this.#listener.onChange();
  }

  #follows(): void {
    this.#inSync = true;
    this.#failures = 0;
  }

  #onEvent({ type, object }: WatchEvent): void {
    this.#expiries = 0;
    const { metadata } = object as { readonly metadata: { readonly resourceVersion: string } };
    this.#revision = metadata.resourceVersion;
    if (type === 'BOOKMARK') return;
    const item = object as ApiObject;
    if (this.kind.byName && type !== 'DELETED') return void this.#lookAt(type, item);
    const changed = type === 'DELETED' ? this.#entries.delete(keyOf(item)) : this.#put(item);
    if (changed) this.#listener.onChange();
  }

  /** One that is new may be for us, and one of ours may be asked for otherwise. */
  async #lookAt(type: WatchEvent['type'], { metadata: { name } }: ApiObject): Promise<void> {
    if (type !== 'ADDED' && !this.#entries.has(`/${name}`)) return;
    try {
      const path = objectPath(this.kind, name);
      if (this.#put((await this.#client.request({ path })) as ApiObject)) this.#listener.onChange();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Gone meanwhile is told by the watch; whatever else it is, the next list tells what we have not seen.
      if (error.kind !== 'missing') this.#doubtful = true;
    }
  }

  #onFailure(error: ApiError): number {
    if (this.#isAbsent(error)) {
      this.#holdNothing(error);
      return ABSENT_MS * (0.5 + Math.random());
    }
    this.#inSync = false;
    if (error.kind === 'expired') {
      this.#revision = undefined;
      if (++this.#expiries <= EXPIRIES_MAX) return backOff(this.#expiries);
    }
    this.#failures++;
    this.#trouble = error.message;
    this.#listener.onTrouble();
    return Math.max(backOff(this.#failures), error.retryAfterMs ?? 0);
  }

  /** Gone with all that it held is no way to delete: only what was never there counts as nothing. */
  #isAbsent({ kind }: ApiError): boolean {
    const { ifThere } = this.kind;
    const absent =
      (kind === 'missing' && ifThere !== undefined) ||
      (kind === 'forbidden' && ifThere === 'allowed');
    return absent && this.#entries.size === 0;
  }

  #holdNothing(error: ApiError): void {
    this.#absent = error.kind === 'forbidden' ? this.#notReadable(error) : undefined;
    this.#revision = undefined;
    this.#inSync = true;
    this.#listener.onChange();
  }

  #notReadable({ message }: ApiError): BrokenFile {
    const { kind, namespace = '', fieldSelector } = this.kind;
    const name = fieldSelector?.split('=')[1];
    const file = name === undefined ? collectionPath(this.kind) : objectPath(this.kind, name);
    const resource = name === undefined ? {} : { resource: `${kind}/${namespace}/${name}` };
    const error = { kind: 'ConfigError', severity: 'error', code: 'Forbidden', file } as const;
    return { file, error: { ...error, ...resource, message } };
  }

  #put(item: ApiObject): boolean {
    const { name, namespace } = item.metadata;
    const converted = convert(this.kind.kind, item, this.#options);
    const file = objectPath(this.kind, name, namespace);
    return this.#entries.put(keyOf(item), JSON.stringify(converted) ?? '', () => {
      if (converted === undefined) return undefined;
      if ('value' in converted) return plainDocument(file, converted.value);
      const { error: message, path } = converted;
      return {
        file,
        error: { kind: 'ConfigError', severity: 'error', code: 'Syntax', file, path, message },
      };
    });
  }
}

function keyOf({ metadata }: ApiObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
