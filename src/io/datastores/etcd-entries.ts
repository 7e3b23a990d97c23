/** What etcd holds of ours, by its keys; which are ours says `etcd-keys.ts`. */

import type { RawSnapshot } from '../../datastore/documents.ts';
import type { KeyValue } from '../etcd-proto.ts';
import { Entries } from './entries.ts';
import { documentAt, isListed, textAt } from './etcd-keys.ts';

export class EtcdEntries {
  readonly #node: string;
  readonly #entries = new Entries();

  /** @param node  Whose blocks are ours. */
  constructor(node: string) {
    this.#node = node;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** All that there is. */
  replace(kvs: readonly KeyValue[]): void {
    this.#entries.keepOnly(new Set(kvs.map((kv) => this.#put(kv).key)));
  }

  /** @returns whether anything of ours is other than before. */
  take(type: 'PUT' | 'DELETE', kv: KeyValue): boolean {
    const key = kv.key.toString('utf8');
    if (!isListed(key, this.#node)) return false;
    return type === 'DELETE' ? this.#entries.delete(key) : this.#put(kv).changed;
  }

  snapshot(): RawSnapshot {
    return this.#entries.snapshot();
  }

  #put({ key: octets, value }: KeyValue): { readonly key: string; readonly changed: boolean } {
    const key = octets.toString('utf8');
    const text = textAt(key, value.toString('utf8'));
    const changed = this.#entries.put(key, text, () => documentAt(key, text, this.#node));
    return { key, changed };
  }
}
