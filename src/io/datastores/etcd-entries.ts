/** What etcd holds of ours, by its keys; which are ours says `etcd-keys.ts`. */

import type { RawSnapshot } from '../../datastore/documents.ts';
import type { KeyValue } from '../etcd-proto.ts';
import { Entries } from './entries.ts';
import { documentAt, isListed } from './etcd-keys.ts';

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
    this.#entries.keepOnly(new Set(kvs.map((kv) => this.#put(kv))));
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
    return this.#entries.snapshot();
  }

  #put({ key: octets, value }: KeyValue): string {
    const key = octets.toString('utf8');
    const text = value.toString('utf8');
    this.#entries.put(key, text, () => documentAt(key, text, this.#node));
    return key;
  }
}
