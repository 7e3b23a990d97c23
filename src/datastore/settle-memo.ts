/**
 * What settling one snapshot teaches the next: the verdict on a document that has not changed is not formed again.
 *
 * A document is known by the identity of its parsed value, which nobody changes: a datastore hands out the same value
 * for as long as what was written is the same. Invariant: no result depends on what is remembered, only its price and
 * the identity of equal parts do. Holds nothing alive: what the datastore forgets is forgotten here.
 */

import { collect, shareKinds } from './collect.ts';
import { plainDocument, type RawDocument } from './documents.ts';
import type { GoodResource, InForce } from './good-resource.ts';
import type { Resources } from './resources.ts';
import { type CheckedDocument, checkDocument, type Entry } from './validate.ts';

export class SettleMemo {
  readonly #checked = new WeakMap<
    object,
    { readonly document: RawDocument; readonly checked: readonly CheckedDocument[] }
  >();
  readonly #inForce = new WeakMap<Entry, InForce>();
  readonly #reread = new WeakMap<GoodResource, Entry>();
  #resources: Resources = collect([]);
  #order: { readonly keys: readonly string[]; readonly places: readonly number[] } = {
    keys: [],
    places: [],
  };

  check(document: RawDocument): readonly CheckedDocument[] {
    const { value } = document;
    if (typeof value !== 'object' || value === null) return checkDocument(document);
    const known = this.#checked.get(value);
    if (known !== undefined) {
      if (known.document === document) return known.checked;
      const moved = move(known.checked, known.document, document);
      if (moved !== undefined) {
        this.#checked.set(value, { document, checked: moved });
        return moved;
      }
    }
    const checked = checkDocument(document);
    this.#checked.set(value, { document, checked });
    return checked;
  }

  inForce(one: CheckedDocument, entry: Entry): InForce {
    const known = this.#inForce.get(entry);
    if (known !== undefined && known.good.file === one.document.file) return known;
    const good = { key: one.key!, file: one.document.file, value: one.document.value };
    const status = { key: good.key, file: good.file, state: 'in-force' } as const;
    const force = { good, entry, status };
    this.#inForce.set(entry, force);
    return force;
  }

  /** In order of their keys: that of last time, where the keys came in the same order as then. */
  inOrder(items: readonly InForce[]): InForce[] {
    const before = this.#order;
    const same =
      items.length === before.keys.length &&
      items.every((item, index) => item.good.key === before.keys[index]);
    if (!same) {
      const keys = items.map((item) => item.good.key);
      const places = keys.map((_, index) => index);
      this.#order = { keys, places: places.sort((a, b) => (keys[a]! < keys[b]! ? -1 : 1)) };
    }
    return this.#order.places.map((place) => items[place]!);
  }

  /** What a last good version says; undefined when it cannot be used any more. */
  reread(good: GoodResource): Entry | undefined {
    const known = this.#reread.get(good);
    if (known !== undefined) return known;
    const entry = checkDocument(plainDocument(good.file, good.value))[0]?.entry;
    if (entry !== undefined) this.#reread.set(good, entry);
    return entry;
  }

  share(next: Resources): Resources {
    this.#resources = shareKinds(this.#resources, next);
    return this.#resources;
  }
}

/** The same value elsewhere in its file: good as before, unless something was said of a place. */
function move(
  checked: readonly CheckedDocument[],
  from: RawDocument,
  to: RawDocument,
): readonly CheckedDocument[] | undefined {
  const one = checked[0];
  // A list has a document for each item, with places of its own.
  const movable = checked.length === 1 && one!.document === from && one!.problems.length === 0;
  return movable && from.file === to.file ? [{ ...one!, document: to }] : undefined;
}
