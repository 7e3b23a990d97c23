/**
 * What the double of the Kubernetes API holds: collections with one revision over all, a history that can be compacted,
 * and what a watcher with selectors is told of a change. Pure but for its listeners.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/
 */

import { matches, type Selection } from './kubernetes-selectors.ts';

export interface Collection {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced?: true;
  /** Its status is written apart from the rest. */
  readonly status?: true;
}

export interface StoredObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface StoredEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: StoredObject;
}

interface Change {
  readonly revision: number;
  readonly collection: Collection;
  readonly before: StoredObject | undefined;
  readonly after: StoredObject | undefined;
}

interface Page {
  readonly items: readonly StoredObject[];
  readonly revision: number;
  /** Where the next one begins; undefined: this is the last. */
  readonly token: string | undefined;
}

export class Expired extends Error {}

export class KubernetesStore {
  readonly #objects = new Map<Collection, Map<string, StoredObject>>();
  #log: Change[] = [];
  /** Revisions up to this one are forgotten. */
  #floor = 0;
  #revision = 1000;
  readonly #lists = new Map<string, { items: readonly StoredObject[]; revision: number }>();
  readonly #listeners = new Set<(change: Change) => void>();
  #tokens = 0;

  get revision(): number {
    return this.#revision;
  }

  get(collection: Collection, name: string, namespace?: string): StoredObject | undefined {
    return this.#of(collection).get(keyOf(name, namespace));
  }

  all(collection: Collection): readonly StoredObject[] {
    return [...this.#of(collection).values()];
  }

  put(
    collection: Collection,
    object: { readonly metadata: { readonly name: string; readonly namespace?: string } },
  ): StoredObject {
    const { name, namespace } = object.metadata;
    const revision = ++this.#revision;
    const before = this.get(collection, name, namespace);
    const { group, version, kind } = collection;
    const after: StoredObject = {
      apiVersion: group === '' ? version : `${group}/${version}`,
      kind,
      ...object,
      metadata: {
        ...object.metadata,
        generation: (before?.metadata.generation ?? 0) + 1,
        resourceVersion: String(revision),
      },
    };
    this.#of(collection).set(keyOf(name, namespace), after);
    this.#tell({ revision, collection, before, after });
    return after;
  }

  /** @returns whether it was there. */
  delete(collection: Collection, name: string, namespace?: string): boolean {
    const before = this.get(collection, name, namespace);
    if (before === undefined) return false;
    this.#of(collection).delete(keyOf(name, namespace));
    this.#tell({ revision: ++this.#revision, collection, before, after: undefined });
    return true;
  }

  /** Forgets all that was, as etcd does every few minutes: watches from before it, and lists under way, are over. */
  compact(): void {
    this.#floor = this.#revision;
    this.#log = [];
    this.#lists.clear();
  }

  /** The store of a backup: what was written since is gone, its revisions too. */
  goBackTo(revision: number): void {
    this.#revision = revision;
    this.#log = [];
    this.#floor = revision;
  }

  /** @param limit  0: all at once. @throws {Expired} */
  list(selection: Selection & { collection: Collection; limit: number; token?: string }): Page {
    const { collection, limit, token } = selection;
    let from = this.#lists.get(token ?? '');
    if (token !== undefined && from === undefined)
      throw new Expired('The continue token is too old');
    // A page is of the revision of the first one, whatever has been written since.
    from ??= {
      items: [...this.#of(collection).entries()]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, object]) => (matches(object, selection) ? [object] : [])),
      revision: this.#revision,
    };
    const items = limit === 0 ? from.items : from.items.slice(0, limit);
    const rest = from.items.slice(items.length);
    if (rest.length === 0) return { items, revision: from.revision, token: undefined };
    const next = `token-${++this.#tokens}`;
    this.#lists.set(next, { items: rest, revision: from.revision });
    return { items, revision: from.revision, token: next };
  }

  /**
   * Tells what has happened after `revision` and goes on telling it. @returns what ends that.
   * @throws {Expired} when that is forgotten
   */
  watch(
    selection: Selection & { readonly collection: Collection; readonly revision: number },
    tell: (event: StoredEvent) => void,
  ): () => void {
    const { collection, revision } = selection;
    if (revision < this.#floor) {
      throw new Expired(`too old resource version: ${revision} (${this.#floor})`);
    }
    const listener = (change: Change): void => {
      if (change.collection !== collection || change.revision <= revision) return;
      const event = eventOf(change, selection);
      if (event !== undefined) tell(event);
    };
    for (const change of this.#log) listener(change);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #of(collection: Collection): Map<string, StoredObject> {
    const known = this.#objects.get(collection) ?? new Map<string, StoredObject>();
    this.#objects.set(collection, known);
    return known;
  }

  #tell(change: Change): void {
    this.#log.push(change);
    for (const listener of this.#listeners) listener(change);
  }
}

/** An object that comes to match is added, one that does not any more is deleted, whatever happened to it. */
function eventOf(
  { before, after, revision }: Change,
  selection: Selection,
): StoredEvent | undefined {
  const was = before !== undefined && matches(before, selection);
  const is = after !== undefined && matches(after, selection);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: after };
  if (!was) return undefined;
  const metadata = { ...before.metadata, resourceVersion: String(revision) };
  return { type: 'DELETED', object: { ...before, metadata } };
}

function keyOf(name: string, namespace: string | undefined): string {
  return `${namespace ?? ''}/${name}`;
}
