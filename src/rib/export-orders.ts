/**
 * Distinct rewrites by number: what an export does to an attribute set, named in Adj-RIB-Out instead of its outcome.
 *
 * A group announces (set, order): the set as it was accepted, and what is done to it on the way out. Nearly all routes
 * of a group share a handful of orders, so nothing is stored for each exported set (docs/decisions/0015).
 * Invariant: an order lives as long as a filter or an Adj-RIB-Out entry names it.
 */

import { assertShared } from '../base/assert.ts';
import type { ExportRewrite } from '../wire/attributes/rewrite.ts';

declare const brand: unique symbol;
/** A rewrite; 0 = not exported. */
export type OrderId = number & { readonly [brand]?: 'OrderId' };

/** Orders stand in 16-bit halves of a column. Reflection makes one for each originator. */
export const ORDERS_MAX = 65_535;

export class ExportOrders {
  readonly #orders: (ExportRewrite | undefined)[] = [undefined];
  readonly #keys: string[] = [''];
  readonly #refs: number[] = [0];
  readonly #byKey = new Map<string, OrderId>();
  #free: OrderId[] = [];
  #freed = 0;

  /** Moves whenever a number may come to mean something else. */
  get freed(): number {
    return this.#freed;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** The number of this rewrite, with one reference more; 0 when there are `ORDERS_MAX` others. */
  take(rewrite: ExportRewrite): OrderId {
    const key = keyOf(rewrite);
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      this.#refs[known]!++;
      return known;
    }
    const id = this.#free.pop() ?? this.#orders.length;
    if (id > ORDERS_MAX) return 0;
    this.#orders[id] = rewrite;
    this.#keys[id] = key;
    this.#refs[id] = 1;
    this.#byKey.set(key, id);
    return id;
  }

  of(id: OrderId): ExportRewrite {
    return this.#orders[id]!;
  }

  retain(id: OrderId): void {
    this.#refs[id]!++;
  }

  release(id: OrderId): void {
    assertShared(this.#refs[id]! > 0, 'a released export order is held');
    if (--this.#refs[id]! > 0) return;
    this.#byKey.delete(this.#keys[id]!);
    this.#orders[id] = undefined;
    this.#keys[id] = '';
    this.#free.push(id);
    this.#freed++;
  }
}

/** Equal rewrites have equal keys. */
function keyOf(rewrite: ExportRewrite): string {
  const { nextHop, prepend, addCommunities, removeCommunities, addLargeCommunities } = rewrite;
  const lists = [prepend, addCommunities, removeCommunities, addLargeCommunities?.flat()];
  return [
    rewrite.family,
    typeof nextHop === 'string' ? nextHop : nextHop.join('.'),
    rewrite.med,
    rewrite.localPref,
    rewrite.originatorId,
    rewrite.clusterId,
    rewrite.otc,
    rewrite.removeOriginatorAndCluster,
    rewrite.asPath === undefined ? '' : Object.values(rewrite.asPath).join(','),
    rewrite.linkBandwidth === undefined ? '' : Object.values(rewrite.linkBandwidth).join(','),
    ...lists.map((list) => list?.join(',') ?? ''),
  ].join(' ');
}
