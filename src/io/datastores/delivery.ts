/**
 * How a store that is followed over a network tells what it holds: whole snapshots, soon after the first of the changes
 * that come together; its loss, once, after it has been away for a while. Knows of no protocol.
 *
 * *Invariant:* a store that cannot be read, or suddenly holds nothing, is lost, never everything deleted.
 */

import type { RawSnapshot } from '../../datastore/documents.ts';
import type { DatastoreListener } from './listener.ts';

/** Changes that come together are one snapshot: from the first of them, in milliseconds. */
const SETTLE_MS = 40;

/** A store that is away for less, in milliseconds, has changed its leader: nobody needs to know. */
const LOST_MS = 2000;

/** Between attempts, in milliseconds; doubled up to the longest, each with jitter of a half. */
const RETRY_MS = 200;
const RETRY_MS_MAX = 5000;

export interface FollowedStore {
  /** e.g. `etcd` */
  readonly name: string;
  /** All it holds; undefined while some of it is not known. */
  read(): RawSnapshot | { readonly nothing: string } | undefined;
  /** It was away for long: what it holds is to be proven by listing it, not assumed. */
  onAway(): void;
}

export class Delivery {
  readonly #store: FollowedStore;
  readonly #listener: DatastoreListener;
  #delivered = false;
  #troubleSince: Date | undefined;
  #trouble = '';
  #lost = false;
  #stopped = false;
  #settle: NodeJS.Timeout | undefined;
  /** When the first change that is not delivered yet was told. */
  #seenAt: number | undefined;
  #grace: NodeJS.Timeout | undefined;
  #told: () => void = () => undefined;

  constructor(store: FollowedStore, listener: DatastoreListener) {
    this.#store = store;
    this.#listener = listener;
  }

  /** Resolves after the first snapshot or loss was told. */
  first(): Promise<void> {
    return new Promise((resolve) => {
      this.#told = resolve;
      // A network that drops everything fails nobody for seconds: the last good snapshot does not wait for it.
      this.trouble('it has not answered yet');
    });
  }

  /** Some snapshot was told. */
  get delivered(): boolean {
    return this.#delivered;
  }

  deliverSoon(): void {
    if (this.#stopped) return;
    this.#seenAt ??= performance.now();
    this.#settle ??= setTimeout(() => this.deliver(), SETTLE_MS);
  }

  deliver(): void {
    clearTimeout(this.#settle);
    this.#settle = undefined;
    const snapshot = this.#store.read();
    if (snapshot === undefined || this.#stopped) return;
    if ('nothing' in snapshot) {
      const suddenly = this.#delivered ? ' any more' : '';
      return this.#lose(`${this.#store.name} holds ${snapshot.nothing}${suddenly}`);
    }
    const seenAt = this.#seenAt;
    this.#seenAt = undefined;
    this.#delivered = true;
    this.#lost = false;
    this.#listener.onSnapshot(snapshot, seenAt);
    this.#told();
  }

  /** Something does not work; it is said to be lost when that goes on for a while. */
  trouble(reason: string): void {
    if (this.#stopped) return;
    this.#trouble = reason;
    this.#troubleSince ??= new Date();
    if (!this.#lost) this.#grace ??= setTimeout(() => this.loseAccess(), LOST_MS);
  }

  /** All of it is followed. */
  well(): void {
    this.calm();
    // What changed meanwhile comes now; with it, or without, the store is back.
    if (this.#lost) this.deliverSoon();
  }

  /** The same, of a store that is being read. */
  calm(): void {
    this.#troubleSince = undefined;
    clearTimeout(this.#grace);
    this.#grace = undefined;
  }

  /** Without more patience. */
  loseAccess(): void {
    this.#store.onAway();
    const since = this.#troubleSince?.toISOString();
    this.#lose(`${this.#store.name} cannot be followed since ${since}: ${this.#trouble}`);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#settle);
    clearTimeout(this.#grace);
  }

  #lose(reason: string): void {
    clearTimeout(this.#grace);
    this.#grace = undefined;
    if (this.#stopped || this.#lost) return;
    this.#lost = true;
    this.#listener.onLost(reason);
    this.#told();
  }
}

/** Milliseconds until the next attempt, `round` of which have failed in a row; random, so that nodes spread. */
export function backOff(round: number): number {
  const longest = round === 0 ? RETRY_MS / 4 : Math.min(RETRY_MS * 2 ** (round - 1), RETRY_MS_MAX);
  return longest * (0.5 + Math.random() / 2);
}
