/**
 * What settling one snapshot teaches the next: which documents there were, what was made of each resource, and all of
 * it in order. Invariant: no result depends on what is remembered, only its price and the identity of equal parts do.
 */

import { Claims } from './claims.ts';
import { changed, collect, type EntryChange } from './collect.ts';
import { plainDocument } from './documents.ts';
import type { GoodResource, InForce, LastGood, ResourceStatus } from './good-resource.ts';
import { compareText, placeInOrder } from './plan-data.ts';
import type { Resources } from './resources.ts';
import { checkDocument, type Entry } from './validate.ts';

/** More changes than this are not worked into the ordered lists one by one. */
const WORKED_IN_MAX = 64;

/** What counts, in order of the keys; each list is the same object until something in it changes. */
export interface Ordered {
  readonly resources: Resources;
  readonly lastGood: LastGood;
  readonly statuses: readonly ResourceStatus[];
}

export class SettleMemo {
  readonly claims = new Claims();
  /** Keys about which more than a document decides, as of last time. */
  unsure: ReadonlySet<string> = new Set();
  readonly #inForce = new Map<string, InForce>();
  #inOrder: readonly InForce[] = [];
  #ordered: Ordered = {
    resources: collect([]),
    lastGood: { format: 1, resources: [] },
    statuses: [],
  };
  readonly #reread = new WeakMap<GoodResource, Entry>();

  /** What came of the snapshot before. */
  get ordered(): Ordered {
    return this.#ordered;
  }

  /** What counts of `key` since the snapshot before. */
  inForce(key: string): InForce | undefined {
    return this.#inForce.get(key);
  }

  /** What a last good version says; undefined when it cannot be used any more. */
  reread(good: GoodResource): Entry | undefined {
    const known = this.#reread.get(good);
    if (known !== undefined) return known;
    const entry = checkDocument(plainDocument(good.file, good.value))[0]?.entry;
    if (entry !== undefined) this.#reread.set(good, entry);
    return entry;
  }

  /** @param verdicts  By key: what counts now, of every resource of which that may have changed. */
  take(verdicts: ReadonlyMap<string, InForce | undefined>): Ordered {
    const keys = [...verdicts.keys()].filter((key) => this.#inForce.get(key) !== verdicts.get(key));
    if (keys.length === 0) return this.#ordered;
    const changes: EntryChange[] = [];
    for (const key of keys.sort(compareText)) {
      const [before, after] = [this.#inForce.get(key), verdicts.get(key)];
      if (after === undefined) this.#inForce.delete(key);
      else this.#inForce.set(key, after);
      if (before?.entry !== after?.entry) {
        changes.push({ before: before?.entry, after: after?.entry });
      }
    }
    this.#inOrder = keys.length > WORKED_IN_MAX ? this.#sorted() : this.#workedIn(keys);
    this.#ordered = {
      resources: changed(this.#ordered.resources, changes),
      lastGood: { format: 1, resources: this.#inOrder.map((one) => one.good) },
      statuses: this.#inOrder.map((one) => one.status),
    };
    return this.#ordered;
  }

  #sorted(): InForce[] {
    return [...this.#inForce.values()].sort((a, b) => compareText(a.good.key, b.good.key));
  }

  #workedIn(keys: readonly string[]): InForce[] {
    const list: InForce[] = [];
    let begin = 0;
    for (const key of keys) {
      const at = placeInOrder(this.#inOrder, key, keyOf);
      for (let i = begin; i < at; i++) list.push(this.#inOrder[i]!);
      const now = this.#inForce.get(key);
      if (now !== undefined) list.push(now);
      begin = this.#inOrder[at]?.good.key === key ? at + 1 : at;
    }
    for (let i = begin; i < this.#inOrder.length; i++) list.push(this.#inOrder[i]!);
    return list;
  }
}

function keyOf({ good }: InForce): string {
  return good.key;
}
