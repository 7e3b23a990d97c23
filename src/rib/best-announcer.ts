/**
 * Tells one path a prefix, the best: for every peer that has not negotiated ADD-PATH.
 *
 * Hot path: a prefix costs two columns and a comparison of two numbers (decision 15).
 */

import type { PrefixId } from '../net/prefix-table.ts';
import { AdjRibOut, type How, howOf, orderOf, sourceOf } from './adj-rib-out.ts';
import type { Announcer, Mover } from './announcer.ts';
import type { ExportContext } from './export-context.ts';
import type { ExportFilter } from './export-filter.ts';
import type { Audience } from './group-log.ts';
import type { AttributesId, PathId, PeerId } from './ids.ts';
import type { Members } from './members.ts';
import type { PathTable } from './path-table.ts';
import type { UpdatePacker } from './update-packer.ts';

/** A withdrawal. */
const NOTHING = { set: 0, order: 0 } as const;

export class BestAnnouncer implements Announcer {
  readonly out: AdjRibOut;
  /** A prefix can need two messages: one for all, a withdrawal for its new source. */
  readonly changesMax = 2;
  readonly #context: ExportContext;
  readonly #paths: PathTable;
  readonly #members: Members;
  #hasPassedOver = false;
  // What was announced for the prefix at hand, and what is announced now.
  readonly #old = { set: 0, order: 0, source: 0, identifier: 0 };
  readonly #new = { set: 0, order: 0, source: 0, identifier: 0 };

  constructor(context: ExportContext, members: Members, from?: BestAnnouncer) {
    this.#context = context;
    this.#paths = context.paths;
    this.#members = members;
    this.out = from === undefined ? new AdjRibOut(context.sets, context.orders) : from.out.clone();
  }

  concerns(prefix: PrefixId, filter: ExportFilter): boolean {
    if (this.out.get(prefix) !== 0) return true;
    const best = this.#paths.best(prefix);
    if (best === 0 || filter.isInternalOnly(best)) return false;
    // RFC 4271 §9.1.3: nobody gets its own route, and there is nobody else.
    const { byPeer } = this.#members;
    if (byPeer.size !== 1 || !byPeer.has(this.#paths.peer[best]!)) return true;
    this.#hasPassedOver = true;
    return false;
  }

  takePassedOver(): boolean {
    const has = this.#hasPassedOver;
    this.#hasPassedOver = false;
    return has;
  }

  announce(prefix: PrefixId, filter: ExportFilter, packer: UpdatePacker): number {
    const paths = this.#paths;
    const best: PathId = paths.best(prefix);
    const order = best === 0 ? 0 : filter.export(prefix, best);
    const set: AttributesId = order === 0 ? 0 : paths.effective(best);
    const how: How = order === 0 ? 0 : howOf(order, filter.withheld.from(best, order));
    const { out } = this;
    out.ensure(prefix);
    if (set !== out.sets[prefix] || how !== out.how[prefix]) {
      const after = this.#new;
      after.set = set;
      after.order = orderOf(how);
      after.source = sourceOf(how);
      this.#change(prefix, packer);
      out.set(prefix, set, how);
    }
    return 1;
  }

  tell(prefix: PrefixId, member: PeerId, packer: UpdatePacker): void {
    const isTold = this.out.isTold(prefix, member);
    packer.take(isTold ? this.out.read(prefix, this.#new) : NOTHING);
    packer.add(prefix, 0);
  }

  /** A withdrawal needs no memory: the prefix is enough. */
  forgive(): void {
    // Nothing is kept.
  }

  announces(prefix: PrefixId): boolean {
    return this.out.has(prefix);
  }

  owes(prefix: PrefixId, { peer }: Mover, before: Announcer): boolean {
    const isTold = this.out.isTold(prefix, peer);
    if (isTold !== before.out.isTold(prefix, peer)) return true;
    if (!isTold) return false;
    const one = this.out.read(prefix, this.#new);
    const other = (before as BestAnnouncer).out.read(prefix, this.#old);
    return !this.#context.exported.areAlike(one, other);
  }

  /** Packs or marks whatever the members are to hear of the change to `#new`. */
  #change(prefix: PrefixId, packer: UpdatePacker): void {
    const before = this.#old;
    const after = this.#new;
    before.set = this.out.sets[prefix]!;
    before.order = orderOf(this.out.how[prefix]!);
    before.source = sourceOf(this.out.how[prefix]!);
    const isSame =
      after.set !== 0 && before.set !== 0 && this.#context.exported.areAlike(before, after);
    if (this.#members.inStep > 0) this.#pack(prefix, isSame, packer);
    if (!this.#members.areAllInStep) this.#mark(prefix, isSame);
  }

  /** RFC 4271 §9.1.3: nobody gets its own route; who becomes the source loses what it was told before. */
  #pack(prefix: PrefixId, isSame: boolean, packer: UpdatePacker): void {
    const before = this.#old;
    const after = this.#new;
    packer.take(after);
    if (!isSame) {
      packer.add(prefix, this.#audience(after.set === 0 ? before.source : after.source));
    } else if (before.source !== after.source && this.#audience(before.source) !== 0) {
      packer.add(prefix, -before.source); // it was the source, and is not any more
    }
    if (after.set === 0 || before.set === 0 || after.source === before.source) return;
    if (this.#audience(after.source) === 0) return;
    packer.take(NOTHING);
    packer.add(prefix, -after.source);
  }

  /** "All but this peer", which is "all" when the peer reads no shared log here. */
  #audience(source: PeerId): Audience {
    return this.#members.reads(source) ? source : 0;
  }

  #mark(prefix: PrefixId, isSame: boolean): void {
    const before = this.#old;
    const after = this.#new;
    for (const { peer, reader, marks } of this.#members.byPeer.values()) {
      if (reader !== undefined) continue;
      const wasTold = before.set !== 0 && before.source !== peer;
      const isTold = after.set !== 0 && after.source !== peer;
      if (wasTold !== isTold || (isTold && !isSame)) marks.add(prefix);
    }
  }
}
