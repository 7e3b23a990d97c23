/**
 * What a group announces as octets: made when they are asked for, never kept.
 *
 * Two announcements that differ by number may say the same (a MED that is not passed on): `areAlike` finds out, so that
 * nothing is sent that says nothing new. Prefixes of one UPDATE ask the same question one after the other, so the last
 * answer is kept. Invariant: asked only about live sets and orders.
 */

import { ByteWriter } from '../base/byte-writer.ts';
import {
  type CanonicalSpan,
  differRewritten,
  type ExportRewrite,
  rewriteAttributes,
} from '../wire/attributes/rewrite.ts';
import type { AttributeTable } from './attribute-table.ts';
import type { ExportOrders, OrderId } from './export-orders.ts';
import type { AttributesId } from './ids.ts';

/** A set and what is done to it on the way out. Both 0 where nothing is announced. */
export interface Announced {
  readonly set: AttributesId;
  readonly order: OrderId;
}

interface Span {
  octets: Uint8Array;
  start: number;
  end: number;
}

const emptySpan = (): Span => ({ octets: new Uint8Array(0), start: 0, end: 0 });

export class Exported {
  readonly #sets: AttributeTable;
  readonly #orders: ExportOrders;
  readonly #one = emptySpan();
  readonly #other = emptySpan();
  readonly #first = new ByteWriter(512);
  readonly #second = new ByteWriter(512);
  // The last question and its answer. Sets and orders that went since may have come back as others.
  readonly #last = { setA: 0, orderA: 0, setB: 0, orderB: 0, setsFreed: 0, ordersFreed: 0 };
  #alike = false;

  constructor(sets: AttributeTable, orders: ExportOrders) {
    this.#sets = sets;
    this.#orders = orders;
  }

  /** Appends the canonical octets that are announced. */
  write({ set, order }: Announced, out: ByteWriter): void {
    this.writeAs(set, this.#orders.of(order), out);
  }

  /** As `write`, for a rewrite that has no number yet. */
  writeAs(set: AttributesId, rewrite: ExportRewrite, out: ByteWriter): void {
    rewriteAttributes(this.#locate(set, this.#one), rewrite, out);
  }

  /** A copy, for people and tests. */
  octetsOf(announced: Announced): Uint8Array {
    this.#first.reset();
    this.write(announced, this.#first);
    return this.#first.finish();
  }

  /** Whether two announcements, neither of them nothing, are the same octets. */
  areAlike(a: Announced, b: Announced): boolean {
    if (a.set === b.set && a.order === b.order) return true;
    if (this.#isLast(a, b)) return this.#alike;
    const last = this.#last;
    last.setA = a.set;
    last.orderA = a.order;
    last.setB = b.set;
    last.orderB = b.order;
    last.setsFreed = this.#sets.freed;
    last.ordersFreed = this.#orders.freed;
    this.#alike = a.order === b.order ? !this.#differ(a, b) : this.#areEqual(a, b);
    return this.#alike;
  }

  #isLast(a: Announced, b: Announced): boolean {
    const last = this.#last;
    return (
      a.set === last.setA &&
      b.set === last.setB &&
      a.order === last.orderA &&
      b.order === last.orderB &&
      this.#sets.freed === last.setsFreed &&
      this.#orders.freed === last.ordersFreed
    );
  }

  #differ(a: Announced, b: Announced): boolean {
    const rewrite = this.#orders.of(a.order);
    return differRewritten(
      this.#locate(a.set, this.#one),
      this.#locate(b.set, this.#other),
      rewrite,
    );
  }

  #areEqual(a: Announced, b: Announced): boolean {
    const first = this.#first;
    const second = this.#second;
    first.reset();
    second.reset();
    this.write(a, first);
    this.write(b, second);
    if (first.length !== second.length) return false;
    for (let i = 0; i < first.length; i++) if (first.octets[i] !== second.octets[i]) return false;
    return true;
  }

  #locate(set: AttributesId, span: Span): CanonicalSpan {
    this.#sets.locate(set, span);
    return span;
  }
}
