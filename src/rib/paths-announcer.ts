/**
 * Tells several paths a prefix, each with an identifier (RFC 7911): all that may be announced, those that share the
 * traffic, or the best few (docs/decisions/0025-add-path-rows-beside-columns.md).
 *
 * An identifier is worked out from where the path comes from, so that it is the same after the path, the session or
 * this daemon went and came back; where two of a prefix would meet, the later one takes another. A peer is told neither
 * its own paths nor those whose next hop it is (`Withheld`). Withdrawals name the identifier, so a row outlives its path while a member may know it (`PathsOut`).
 */

import type { PrefixId } from '../net/prefix-table.ts';
import { type How, howOf, sourceOf } from './adj-rib-out.ts';
import type { Announcer, Mover } from './announcer.ts';
import type { ExportContext } from './export-context.ts';
import type { ExportFilter } from './export-filter.ts';
import type { Audience } from './group-log.ts';
import type { PathId, PeerId } from './ids.ts';
import type { Members } from './members.ts';
import { choosePaths, PATHS_TOLD_MAX } from './path-choice.ts';
import { type OutId, type PathKey, PathsOut } from './paths-out.ts';
import type { UpdatePacker } from './update-packer.ts';

/** Ghosts of a prefix; past them a new path takes over the identifier of one, which then is no ghost any more. */
const GHOSTS_MAX = 64;
/** A withdrawal. */
const NOTHING = { set: 0, order: 0 } as const;
/** 2³² ÷ golden ratio, odd: a bijection of 32 bits that spreads neighbors. */
const SPREAD = 0x9e37_79b1;

/** A path, how it is exported, and the peer that is not told. */
interface Announcement {
  readonly path: PathId;
  readonly order: number;
  readonly withheld: PeerId;
}

export class PathsAnnouncer implements Announcer {
  readonly out: PathsOut;
  /** Every row that there was goes, and as many come; ghosts are told as well. */
  readonly changesMax = 2 * PATHS_TOLD_MAX + GHOSTS_MAX;
  readonly #context: ExportContext;
  readonly #members: Members;
  readonly #chosen = new Uint32Array(PATHS_TOLD_MAX);
  readonly #orders = new Uint16Array(PATHS_TOLD_MAX); // of each chosen path; 0 = it is not announced
  readonly #old = { set: 0, order: 0, source: 0, identifier: 0 };
  readonly #new = { set: 0, order: 0, source: 0, identifier: 0 };

  constructor(context: ExportContext, members: Members, from?: PathsAnnouncer) {
    this.#context = context;
    this.#members = members;
    this.out = from === undefined ? new PathsOut(context.sets, context.orders) : from.out.clone();
  }

  concerns(prefix: PrefixId, filter: ExportFilter): boolean {
    if (this.out.has(prefix)) return true;
    const { paths } = this.#context;
    for (let path = paths.heads[prefix]!; path !== 0; path = paths.next[path]!) {
      if (!filter.isInternalOnly(path)) return true;
    }
    return false;
  }

  takePassedOver(): boolean {
    return false;
  }

  announce(prefix: PrefixId, filter: ExportFilter, packer: UpdatePacker): number {
    const { out } = this;
    const before = out.isAnnounced(prefix) ? 1 : 0;
    const count = choosePaths(
      this.#context,
      { prefix, send: filter.config.addPath! },
      this.#chosen,
    );
    for (let i = 0; i < count; i++) this.#orders[i] = filter.export(prefix, this.#chosen[i]!);
    this.#withdrawRest(prefix, count, packer);
    for (let i = 0; i < count; i++) {
      const order = this.#orders[i]!;
      if (order === 0) continue;
      const path = this.#chosen[i]!;
      const withheld = filter.withheld.from(path, order);
      this.#announce(prefix, { path, order, withheld }, packer);
    }
    out.prefixes += (out.isAnnounced(prefix) ? 1 : 0) - before;
    return 1 + count;
  }

  tell(prefix: PrefixId, member: PeerId, packer: UpdatePacker): void {
    const { out } = this;
    for (let row = out.head(prefix); row !== 0; row = out.next[row]!) {
      // What it was never told is withdrawn in vain, which RFC 4271 §4.3 allows.
      packer.take(out.isToldRow(row, member) ? out.read(row, this.#new) : NOTHING);
      packer.addPath(prefix, 0, out.identifiers[row]!);
    }
  }

  forgive(prefix: PrefixId): void {
    const { out } = this;
    if (!out.has(prefix) || out.findGhost(prefix) === 0) return;
    for (const member of this.#members.byPeer.values()) {
      if (member.reader === undefined && member.isMarked(prefix)) return;
    }
    for (let row = out.head(prefix); row !== 0; ) {
      const following = out.next[row]!;
      if (out.sets[row] === 0) out.remove(prefix, row);
      row = following;
    }
  }

  announces(prefix: PrefixId, identifier: number): boolean {
    const row = this.out.findIdentifier(prefix, identifier);
    return row !== 0 && this.out.sets[row] !== 0;
  }

  owes(prefix: PrefixId, { peer, packer }: Mover, before: Announcer): boolean {
    const { out } = this;
    const from = (before as PathsAnnouncer).out;
    let isOwed = false;
    for (let row = from.head(prefix); row !== 0; row = from.next[row]!) {
      const identifier = from.identifiers[row]!;
      const here = out.findIdentifier(prefix, identifier);
      if (here === 0 || !out.isToldRow(here, peer)) {
        // Also a ghost: the member may have been told of it.
        packer.take(NOTHING);
        packer.addPath(prefix, 0, identifier);
      } else if (!this.#isAlike(here, from, row)) isOwed = true;
    }
    for (let row = out.head(prefix); row !== 0; row = out.next[row]!) {
      if (!out.isToldRow(row, peer)) continue;
      const there = from.findIdentifier(prefix, out.identifiers[row]!);
      if (there === 0 || !from.isToldRow(there, peer)) isOwed = true;
    }
    return isOwed;
  }

  #isAlike(row: OutId, from: PathsOut, other: OutId): boolean {
    if (from.sets[other] === 0) return false;
    return this.#context.exported.areAlike(
      this.out.read(row, this.#new),
      from.read(other, this.#old),
    );
  }

  /** Rows of paths that are not announced any more. */
  #withdrawRest(prefix: PrefixId, count: number, packer: UpdatePacker): void {
    const { out } = this;
    for (let row = out.head(prefix); row !== 0; ) {
      const following = out.next[row]!;
      if (out.sets[row] !== 0 && !this.#isChosen(row, count)) this.#withdraw(prefix, row, packer);
      row = following;
    }
  }

  #isChosen(row: OutId, count: number): boolean {
    const { paths } = this.#context;
    const source = this.out.sources[row]!;
    const received = this.out.received[row]!;
    for (let i = 0; i < count; i++) {
      const path = this.#chosen[i]!;
      if (paths.peer[path] !== source || this.#receivedOf(path) !== received) continue;
      return this.#orders[i] !== 0;
    }
    return false;
  }

  #withdraw(prefix: PrefixId, row: OutId, packer: UpdatePacker): void {
    const { out } = this;
    const withheld = sourceOf(out.how[row]!);
    if (this.#members.inStep > 0) {
      packer.take(NOTHING);
      packer.addPath(prefix, this.#audience(withheld), out.identifiers[row]!);
    }
    out.set(row, 0, 0);
    if (!this.#mark(prefix, withheld, out.sources[row]!)) out.remove(prefix, row);
  }

  #announce(prefix: PrefixId, { path, order, withheld }: Announcement, packer: UpdatePacker): void {
    const { out } = this;
    const { paths, exported } = this.#context;
    const source = paths.peer[path]!;
    const set = paths.effective(path);
    const how: How = howOf(order, withheld);
    const row = this.#rowOf(prefix, { source, received: this.#receivedOf(path) });
    if (out.sets[row] === set && out.how[row] === how) return;
    const after = this.#new;
    after.set = set;
    after.order = order;
    const wasTold = out.sets[row] !== 0;
    const before = wasTold ? sourceOf(out.how[row]!) : withheld;
    // Before the row lets go of its set and order: they may end with it.
    const isSame = wasTold && exported.areAlike(out.read(row, this.#old), after);
    out.set(row, set, how);
    if (isSame && before === withheld) return;
    if (this.#members.inStep > 0) {
      const identifier = out.identifiers[row]!;
      packer.take(after);
      if (!isSame) packer.addPath(prefix, this.#audience(withheld), identifier);
      else if (this.#audience(before) !== 0) packer.addPath(prefix, -before, identifier);
      if (before !== withheld && this.#audience(withheld) !== 0) {
        // It has become the next hop, and knows the path.
        packer.take(NOTHING);
        packer.addPath(prefix, -withheld, identifier);
      }
    }
    this.#mark(prefix, withheld, source);
  }

  #rowOf(prefix: PrefixId, key: PathKey): OutId {
    const { out } = this;
    const known = out.find(prefix, key.source, key.received);
    if (known !== 0) return known;
    const ghost = out.ghostsOf(prefix) < GHOSTS_MAX ? 0 : out.findGhost(prefix);
    if (ghost !== 0) {
      out.rename(ghost, key);
      return ghost;
    }
    let identifier = this.#identifierOf(key);
    while (identifier === 0 || out.findIdentifier(prefix, identifier) !== 0) {
      identifier = (identifier + SPREAD) >>> 0;
    }
    return out.add(prefix, key, identifier);
  }

  /** The same for the same neighbor address and received identifier, in whichever run of the daemon. */
  #identifierOf({ source, received }: PathKey): number {
    return (this.#context.peers.identifierOf(source) + Math.imul(received, SPREAD)) >>> 0;
  }

  #receivedOf(path: PathId): number {
    const { paths } = this.#context;
    return paths.hasIdentifiers ? paths.identifiers[path]! : 0;
  }

  /** "All but this peer", which is "all" when the peer reads no shared log here. */
  #audience(source: PeerId): Audience {
    return this.#members.reads(source) ? source : 0;
  }

  /**
   * A member that is not told now may have been before: only the source of a path that nobody else is kept from
   * never was.
   *
   * @returns Whether any member out of step is concerned.
   */
  #mark(prefix: PrefixId, withheld: PeerId, source: PeerId): boolean {
    if (this.#members.areAllInStep) return false;
    let isAny = false;
    for (const { peer, reader, marks } of this.#members.byPeer.values()) {
      if (reader !== undefined || (peer === source && peer === withheld)) continue;
      marks.add(prefix);
      isAny = true;
    }
    return isAny;
  }
}
