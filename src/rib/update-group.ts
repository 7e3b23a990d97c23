/**
 * An update group: peers that are to be told the same, in the same octets (DESIGN 3.1).
 *
 * Marks come from decisions; when a member's socket takes octets, marked prefixes are exported, compared with what was
 * announced, and packed once into the log that all members read. A member that is new, asked for a refresh, or fell
 * more than `LOG_CHUNKS_MAX` behind has marks and a log of its own, and re-joins the others when both are empty.
 * Invariant: what a member was sent, plus what it is still owed, is exactly what `AdjRibOut` says it is told.
 */

import { assert } from '../base/assert.ts';
import { capacityFor, grownForAWhile } from '../net/columns.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import { AdjRibOut, type How, howOf, orderOf, sourceOf } from './adj-rib-out.ts';
import type { ExportContext } from './export-context.ts';
import type { ExportFilter } from './export-filter.ts';
import { type Audience, GroupLog, type Reader } from './group-log.ts';
import { IdQueue } from './id-queue.ts';
import type { AttributesId, GroupId, PathId, PeerId } from './ids.ts';
import { MarkSet } from './mark-set.ts';
import { type PathTable, PrefixFlag } from './path-table.ts';
import { encodeEndOfRib, PACK_BATCH, UpdatePacker } from './update-packer.ts';

/** Chunks the slowest member may lag behind: 1 MiB of UPDATEs, a second of a 10 Mbit/s peer. */
const LOG_CHUNKS_MAX = 16;
/** Batches one poll packs at most when nothing of them is for the asking member: about 5 ms. */
const BATCHES_PER_POLL = 16;

/** A withdrawal. */
const NOTHING = { set: 0, order: 0 } as const;

export class Member {
  readonly peer: PeerId;
  group: UpdateGroup;
  /** In the shared log; undefined while the member has marks of its own. */
  reader: Reader | undefined;
  readonly marks = new MarkSet();
  ownLog: GroupLog | undefined;
  ownReader: Reader | undefined;
  endOfRibAllowed = false;
  endOfRibSent = false;

  constructor(peer: PeerId, group: UpdateGroup) {
    this.peer = peer;
    this.group = group;
  }
}

export interface GroupOptions {
  readonly id: GroupId;
  readonly context: ExportContext;
  readonly filter: ExportFilter;
  /** A prefix is no longer announced by this group, or owed to a member. */
  readonly onIdle: (prefix: PrefixId) => void;
}

export class UpdateGroup {
  readonly id: GroupId;
  readonly members = new Map<PeerId, Member>();
  readonly #context: ExportContext;
  readonly #paths: PathTable;
  readonly #onIdle: (prefix: PrefixId) => void;
  readonly #packer: UpdatePacker;
  readonly #ownPacker: UpdatePacker;
  #log = new GroupLog({ names: true });
  #filter: ExportFilter;
  #out: AdjRibOut;
  #isMarked = new Uint8Array(capacityFor(0)); // by PrefixId: in #marks
  readonly #marks = new IdQueue();
  // What the group had announced for the prefix at hand, and what it announces now.
  readonly #old = { set: 0, order: 0, source: 0 };
  readonly #new = { set: 0, order: 0, source: 0 };
  #scanAt = 0; // the next prefix of a pass over all of them; 0 = none runs
  #inStep = 0; // members with a reader in the shared log
  /** Members may be owed something since this was last set to false; see `ExportSide.takeOwed`. */
  isStirred = false;
  /** Members that were cut off from the shared log, for metrics. */
  detached = 0;

  constructor(options: GroupOptions, from?: UpdateGroup) {
    const { context, filter } = options;
    this.id = options.id;
    this.#context = context;
    this.#paths = context.paths;
    this.#filter = filter;
    this.#onIdle = options.onIdle;
    const { family, prefixes, sets, orders, exported } = context;
    const { as4, messageMax } = filter.config;
    const packing = { family, prefixes, exported, as4, messageMax };
    this.#packer = new UpdatePacker(packing);
    this.#ownPacker = new UpdatePacker(packing);
    this.#out = from === undefined ? new AdjRibOut(sets, orders) : from.#out.clone();
    this.markAll();
  }

  get out(): AdjRibOut {
    return this.#out;
  }

  get filter(): ExportFilter {
    return this.#filter;
  }

  get messages(): number {
    return this.#packer.messages + this.#ownPacker.messages;
  }

  /** Prefixes to be looked at. */
  get pending(): number {
    const { top } = this.#context.prefixes;
    return this.#marks.size + (this.#scanAt === 0 ? 0 : Math.max(0, top - this.#scanAt + 1));
  }

  /** The prefix is exported again when a member asks. */
  mark(prefix: PrefixId): void {
    if (prefix >= this.#isMarked.length) {
      this.#isMarked = grownForAWhile(this.#isMarked, capacityFor(prefix));
    }
    if (this.#isMarked[prefix] !== 0) return;
    this.#isMarked[prefix] = 1;
    // What is marked already has stirred the members, and they are polled until nothing is.
    if (this.#marks.size === 0) this.isStirred = true;
    this.#marks.push(prefix);
  }

  /**
   * The prefix was decided. What is not announced and may not be (RFC 4271 §9.2: iBGP to iBGP) needs no look: in a
   * mesh of n each of n routes would have all n peers polled for nothing.
   */
  decided(prefix: PrefixId): void {
    if (this.#out.get(prefix) === 0) {
      const best = this.#paths.best(prefix);
      if (best === 0 || this.#filter.isInternalOnly(best)) return;
    }
    this.mark(prefix);
  }

  /** All prefixes are; only those whose export changed are sent. */
  markAll(): void {
    this.#scanAt = this.#context.prefixes.top > 0 ? 1 : 0;
    this.isStirred = true;
  }

  /** All members get this filter at once; the difference is sent. */
  reconfigure(filter: ExportFilter): void {
    this.#filter.dispose();
    this.#filter = filter;
    this.markAll();
  }

  /** Whether the group or a member still needs this id to mean what it means. */
  holds(prefix: PrefixId): boolean {
    if (this.#out.get(prefix) !== 0) return true;
    if (prefix < this.#isMarked.length && this.#isMarked[prefix] !== 0) return true;
    if (this.#inStep === this.members.size) return false;
    for (const member of this.members.values()) if (member.marks.has(prefix)) return true;
    return false;
  }

  /** Octets of the shared log so far, and up to where every member has read it. */
  get written(): number {
    return this.#log.written;
  }

  get readByAll(): number {
    let least = this.#log.written;
    for (const { reader } of this.members.values()) {
      if (reader !== undefined && reader.position < least) least = reader.position;
    }
    return least;
  }

  /** A member that has been told nothing. */
  admit(member: Member): void {
    assert(!this.members.has(member.peer), 'a member joins a group once');
    member.group = this;
    this.members.set(member.peer, member);
    if (this.#out.count > 0) this.#markTold(member);
    if (member.marks.size === 0) this.#rejoin(member);
  }

  /** A member that comes from another group: it is owed the difference between what both have announced. */
  adopt(member: Member, from: UpdateGroup): void {
    const { top } = this.#context.prefixes;
    for (let id = 1; id <= top; id++) {
      if (!this.#isToldAlike(id, member.peer, from.#out)) member.marks.add(id);
    }
    member.group = this;
    this.members.set(member.peer, member);
    if (member.marks.size === 0 && this.#isOwnLogRead(member)) this.#rejoin(member);
  }

  dismiss(member: Member): void {
    if (member.reader !== undefined) this.#leaveLog(member);
    this.members.delete(member.peer);
    while (member.marks.size > 0) this.#onIdle(member.marks.take());
  }

  /** Leaves the group for another one, with everything the member has not read yet as marks of its own. */
  release(member: Member): void {
    if (member.reader !== undefined) this.#detach(member);
    this.members.delete(member.peer);
  }

  /** Everything again for this member (RFC 2918). */
  refresh(member: Member): void {
    if (member.reader !== undefined) this.#detach(member);
    this.#markTold(member);
  }

  hasPending(member: Member): boolean {
    if (member.reader === undefined) return true;
    return this.pending > 0 || !this.#log.isAtEnd(member.reader);
  }

  /**
   * Prefixes owed to the member: exact while it has marks of its own, the group's otherwise. UPDATEs that are packed
   * and that it has not read count as one: a peer that does not read is never shown as told.
   */
  pendingFor(member: Member): number {
    const { reader } = member;
    const unread = reader === undefined || this.#log.isAtEnd(reader) ? 0 : 1;
    return this.pending + member.marks.size + unread;
  }

  /** Whole UPDATEs for the member; undefined when nothing is due, or nothing was found within a poll's work. */
  poll(member: Member, budget: number): Uint8Array | undefined {
    if (member.reader === undefined) {
      const octets = this.#pollOwn(member, budget);
      if (octets !== undefined) return octets;
      this.#rejoin(member);
    }
    for (let batch = 0; batch <= BATCHES_PER_POLL; batch++) {
      const octets = this.#log.read(member.reader!, member.peer, budget);
      if (octets !== undefined) return octets;
      if (this.pending === 0 || batch === BATCHES_PER_POLL) return undefined;
      this.#pack();
    }
    return undefined;
  }

  endOfRib(): Uint8Array {
    return encodeEndOfRib(this.#context.family);
  }

  /** Exports one batch of marked prefixes and packs what changed. */
  #pack(): void {
    if (this.#log.chunkCount >= LOG_CHUNKS_MAX) this.#detachSlowest();
    this.#out.ensure(this.#context.prefixes.top);
    // One prefix can need two messages (a withdrawal for its new source).
    for (let i = 0; i < PACK_BATCH / 2; i++) {
      const prefix = this.#takeMarked();
      if (prefix === 0) break;
      this.#export(prefix);
    }
    this.#packer.flush(this.#log);
  }

  #takeMarked(): PrefixId {
    const marked = this.#marks.shift();
    if (marked !== 0) {
      this.#isMarked[marked] = 0;
      return marked;
    }
    if (this.#scanAt === 0) return 0;
    const { top } = this.#context.prefixes;
    while (this.#scanAt !== 0) {
      const id = this.#scanAt;
      // Ends with the last id, so that one that comes later is no part of the pass: its decision marks it.
      this.#scanAt = id === top ? 0 : id + 1;
      if (this.#out.get(id) !== 0 || this.#paths.best(id) !== 0) return id;
    }
    return 0;
  }

  #export(prefix: PrefixId): void {
    const paths = this.#paths;
    if ((paths.prefixFlags[prefix]! & PrefixFlag.Dirty) !== 0) {
      // About to be decided: Touched makes the decision mark it here again, whatever it is.
      paths.prefixFlags[prefix]! |= PrefixFlag.Touched;
      return;
    }
    const best: PathId = paths.best(prefix);
    const order = best === 0 ? 0 : this.#filter.export(prefix, best);
    const set: AttributesId = order === 0 ? 0 : paths.effective(best);
    const how: How = order === 0 ? 0 : howOf(order, paths.peer[best]!);
    const out = this.#out;
    if (set !== out.sets[prefix] || how !== out.how[prefix]) {
      this.#tell(prefix, set, how);
      out.set(prefix, set, how);
    }
    if (best === 0) this.#onIdle(prefix);
  }

  /** Packs or marks whatever the members are to hear of the change. */
  #tell(prefix: PrefixId, set: AttributesId, how: How): void {
    const before = this.#old;
    const after = this.#new;
    before.set = this.#out.sets[prefix]!;
    before.order = orderOf(this.#out.how[prefix]!);
    before.source = sourceOf(this.#out.how[prefix]!);
    after.set = set;
    after.order = orderOf(how);
    after.source = sourceOf(how);
    const isSame = set !== 0 && before.set !== 0 && this.#context.exported.areAlike(before, after);
    if (this.#inStep > 0) this.#announce(prefix, isSame);
    if (this.#inStep < this.members.size) this.#markMembers(prefix, isSame);
  }

  /** RFC 4271 §9.1.3: nobody gets its own route; who becomes the source loses what it was told before. */
  #announce(prefix: PrefixId, isSame: boolean): void {
    const packer = this.#packer;
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
    return this.members.get(source)?.reader === undefined ? 0 : source;
  }

  #markMembers(prefix: PrefixId, isSame: boolean): void {
    const before = this.#old;
    const after = this.#new;
    for (const { peer, reader, marks } of this.members.values()) {
      if (reader !== undefined) continue;
      const wasTold = before.set !== 0 && before.source !== peer;
      const isTold = after.set !== 0 && after.source !== peer;
      if (wasTold !== isTold || (isTold && !isSame)) marks.add(prefix);
    }
  }

  /** Whether the member is told here what `other` has told it. */
  #isToldAlike(prefix: PrefixId, peer: PeerId, other: AdjRibOut): boolean {
    const isTold = this.#out.isTold(prefix, peer);
    if (isTold !== other.isTold(prefix, peer)) return false;
    if (!isTold) return true;
    return this.#context.exported.areAlike(
      this.#out.read(prefix, this.#new),
      other.read(prefix, this.#old),
    );
  }

  #pollOwn(member: Member, budget: number): Uint8Array | undefined {
    for (;;) {
      if (member.ownReader !== undefined) {
        const octets = member.ownLog!.read(member.ownReader, member.peer, budget);
        if (octets !== undefined) return octets;
      }
      if (member.marks.size === 0) return undefined;
      member.ownLog ??= new GroupLog({ names: false });
      member.ownReader ??= member.ownLog.readerAtEnd();
      for (let i = 0; i < PACK_BATCH && member.marks.size > 0; i++) {
        const prefix = member.marks.take();
        const isTold = this.#out.isTold(prefix, member.peer);
        this.#ownPacker.take(isTold ? this.#out.read(prefix, this.#new) : NOTHING);
        this.#ownPacker.add(prefix, 0);
        if (!isTold) this.#onIdle(prefix);
      }
      this.#ownPacker.flush(member.ownLog);
    }
  }

  #isOwnLogRead(member: Member): boolean {
    return member.ownReader === undefined || member.ownLog!.isAtEnd(member.ownReader);
  }

  #rejoin(member: Member): void {
    member.ownLog = undefined;
    member.ownReader = undefined;
    member.marks.clear();
    member.reader = this.#log.readerAtEnd();
    this.#inStep++;
  }

  #leaveLog(member: Member): void {
    this.#log.leave(member.reader!);
    member.reader = undefined;
    this.#inStep--;
  }

  /** What the member has not read becomes marks of its own. */
  #detach(member: Member): void {
    const reader = member.reader!;
    const isUnread = !this.#log.isAtEnd(reader);
    const { prefixes } = this.#context;
    for (let chunk = isUnread ? reader.chunk : undefined; chunk; chunk = chunk.following) {
      for (let i = 0; i < chunk.prefixCount; i++) {
        const prefix = chunk.prefixes[i]!;
        // What the member has read already may be named here too, and be freed since.
        if (prefixes.isLive(prefix)) member.marks.add(prefix);
      }
    }
    this.#leaveLog(member);
  }

  #detachSlowest(): void {
    const slowest = this.#log.first;
    for (const member of this.members.values()) {
      if (member.reader?.chunk !== slowest) continue;
      this.#detach(member);
      this.detached++;
    }
  }

  #markTold(member: Member): void {
    const out = this.#out;
    const { peer, marks } = member;
    const top = Math.min(this.#context.prefixes.top, out.sets.length - 1);
    for (let id = top; id > 0; id--) if (out.isTold(id, peer)) marks.add(id);
  }
}
