/** What etcd holds of ours, key by key: what has not changed stays the object that it was, and is not looked at again. */

import type { BrokenFile, RawDocument, RawSnapshot } from '../../datastore/documents.ts';
import type { KeyValue } from '../etcd-proto.ts';
import { documentAt, isListed } from './etcd-keys.ts';

interface Entry {
  readonly revision: string;
  /** A store that was made anew counts its revisions anew. */
  readonly text: string;
  readonly document: RawDocument | BrokenFile;
}

export class EtcdEntries {
  readonly #node: string;
  readonly #entries = new Map<string, Entry>();

  /** @param node  Whose blocks are ours. */
  constructor(node: string) {
    this.#node = node;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** All that there is. */
  replace(kvs: readonly KeyValue[]): void {
    const there = new Set(kvs.map((kv) => this.#put(kv)));
    for (const key of this.#entries.keys()) if (!there.has(key)) this.#entries.delete(key);
  }

  /** @returns whether it concerns us. */
  take(type: 'PUT' | 'DELETE', kv: KeyValue): boolean {
    const key = kv.key.toString('utf8');
    if (!isListed(key, this.#node)) return false;
    if (type === 'DELETE') this.#entries.delete(key);
    else this.#put(kv);
    return true;
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

  #put({ key: octets, value, modRevision: revision }: KeyValue): string {
    const key = octets.toString('utf8');
    const text = value.toString('utf8');
    const known = this.#entries.get(key);
    if (known?.revision === revision && known.text === text) return key;
    const document = documentAt(key, text, this.#node);
    if (document !== undefined) this.#entries.set(key, { revision, text, document });
    return key;
  }
}
