/** What a store holds of ours, key by key: what has not changed stays the object that it was, and is not read again. */

import type { BrokenFile, RawDocument, RawSnapshot } from '../../datastore/documents.ts';

interface Entry {
  readonly text: string;
  readonly document: RawDocument | BrokenFile;
}

export class Entries {
  readonly #entries = new Map<string, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  /**
   * @param text  All that the document is made of: while it is the same, so is the document.
   * @param make  Undefined: none of ours.
   * @returns whether anything changed.
   */
  put(key: string, text: string, make: () => RawDocument | BrokenFile | undefined): boolean {
    if (this.#entries.get(key)?.text === text) return false;
    const document = make();
    if (document === undefined) return this.#entries.delete(key);
    this.#entries.set(key, { text, document });
    return true;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  delete(key: string): boolean {
    return this.#entries.delete(key);
  }

  /** @returns whether any was another one. */
  keepOnly(keys: ReadonlySet<string>): boolean {
    let changed = false;
    for (const key of this.#entries.keys()) {
      if (!keys.has(key)) changed = this.#entries.delete(key) || changed;
    }
    return changed;
  }

  snapshot(): RawSnapshot {
    const documents: RawDocument[] = [];
    const broken: BrokenFile[] = [];
    for (const { document } of this.#entries.values()) {
      if ('error' in document) broken.push(document);
      else documents.push(document);
    }
    return { documents, broken };
  }
}
