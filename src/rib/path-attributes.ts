/**
 * Attribute sets as the rest of the program sees them: from an UPDATE to an `AttributesId`, and from an id to octets,
 * facts or values. One object serves the RIBs of all families.
 *
 * Behind it: `attribute-table.ts` (canonical octets ↔ id) and `received-memo.ts` (octets as received → outcome).
 */

import type { AfiSafi } from '../net/afi-safi.ts';
import type { CanonicaliseInput } from '../wire/attributes/canonical.ts';
import { decodeAttributes } from '../wire/attributes/codec.ts';
import type { PathAttributes } from '../wire/attributes/path-attributes.ts';
import type { UpdateContext, UpdateLayout } from '../wire/update.ts';
import { AttributeTable } from './attribute-table.ts';
import type { AttributesId, NextHopId } from './ids.ts';
import type { NextHops } from './next-hops.ts';
import { ReceivedMemo, type ReceivedSet } from './received-memo.ts';

export interface ReceivedUpdate {
  readonly message: Uint8Array;
  /** As `locateUpdate` filled it. */
  readonly layout: UpdateLayout;
  readonly context: UpdateContext;
  readonly family: AfiSafi;
  /** Which NLRI are meant; needed where IPv4 stands in both parts of one UPDATE. */
  readonly part?: 'classic' | 'mp';
}

export class AttributeSets {
  readonly nextHops: NextHops;
  /** For the tables of this folder. */
  readonly table: AttributeTable;
  readonly #memo: ReceivedMemo;

  constructor(options: { seed: number; nextHops: NextHops }) {
    this.nextHops = options.nextHops;
    this.table = new AttributeTable(options);
    this.#memo = new ReceivedMemo(this.table);
  }

  /** Sets held; those that nobody names any more are counted until collected. */
  get size(): number {
    return this.table.size;
  }

  /** Octets of attribute sets, canonical and as received. */
  get octetsHeld(): number {
    return this.table.octetsHeld;
  }

  /** Distinct received blocks whose outcome is remembered. */
  get memoCount(): number {
    return this.#memo.size;
  }

  /**
   * The set of one part of an UPDATE that announces something. Use the id before the next `settle` or `collect`.
   * The result is one reused object.
   */
  internReceived(update: ReceivedUpdate): ReceivedSet {
    const { message, layout, context } = update;
    const isClassic = update.family === 'ipv4-unicast' && layout.nlri.count > 0;
    const part = update.part ?? (isClassic ? 'classic' : 'mp');
    return this.#memo.intern({ message, layout, context, part });
  }

  /** As `internReceived`, of the part that `update` names; the hot path reuses its own object. */
  internPart(update: CanonicaliseInput): ReceivedSet {
    return this.#memo.intern(update);
  }

  /** Canonical octets → id; 0 when the table is full. Use the id before the next `settle` or `collect`. */
  intern(canonical: Uint8Array): AttributesId {
    const id = this.table.intern(canonical);
    if (id !== 0) this.table.loadFacts(id);
    return id;
  }

  /** Canonical octets as a view. */
  octetsOf(id: AttributesId): Uint8Array {
    return this.table.octetsOf(id);
  }

  /** As values, for people. */
  decode(id: AttributesId): PathAttributes {
    return decodeAttributes(this.table.octetsOf(id));
  }

  /** 0 when the set has none. */
  nextHopOf(id: AttributesId): NextHopId {
    return this.table.nextHopOf(id);
  }

  /** `LOCAL_PREF_DEFAULT` when the set has none. */
  localPrefOf(id: AttributesId): number {
    return this.table.localPrefOf(id);
  }

  /** Frees at most `budget` sets that nobody names; true when more is left. */
  collect(budget: number): boolean {
    return this.table.collect(budget);
  }
}
