/**
 * An update group: peers that are to be told the same, in the same octets (DESIGN 3.1).
 *
 * Marks come from decisions; when a member's socket takes octets, marked prefixes are exported, compared with what was
 * announced, and packed once into the log that all members read. A member that is new, asked for a refresh, or fell
 * more than `LOG_CHUNKS_MAX` behind has marks and a log of its own, and re-joins the others when both are empty.
 * Invariant: what a member was sent, plus what it is still owed, is exactly `AdjRibOut.told`.
 */

import { assert } from '../base/assert.ts';
import { capacityFor, grown } from '../net/columns.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import { AdjRibOut } from './adj-rib-out.ts';
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
  // What the group had announced for the prefix at hand.
  #oldSet: AttributesId = 0;
  #oldSource: PeerId = 0;
  #scanAt = 0; // the next prefix of a pass over all of them; 0 = none runs
  #inStep = 0; // members with a reader in the shared log
  /** Members that were cut off from the shared log, for metrics. */
  detached = 0;

  constructor(options: GroupOptions, from?: UpdateGroup) {
    const { context, filter } = options;
    this.id = options.id;
    this.#context = context;
    this.#paths = context.paths;
    this.#filter = filter;
    this.#onIdle = options.onIdle;
    const { family, prefixes, sets } = context;
    const { as4, messageMax } = filter.config;
    this.#packer = new UpdatePacker({ family, prefixes, sets, as4, messageMax });
    this.#ownPacker = new UpdatePacker({ family, prefixes, sets, as4, messageMax });
    this.#out = from === undefined ? new AdjRibOut(sets) : from.#out.clone();
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
      this.#isMarked = grown(this.#isMarked, capacityFor(prefix));
    }
    if (this.#isMarked[prefix] !== 0) return;
    this.#isMarked[prefix] = 1;
    this.#marks.push(prefix);
  }

  /** All prefixes are; only those whose export changed are sent. */
  markAll(): void {
    this.#scanAt = 1;
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
      if (from.#out.told(id, member.peer) !== this.#out.told(id, member.peer)) member.marks.add(id);
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
    while (this.#scanAt <= top) {
      const id = this.#scanAt++;
      if (this.#out.get(id) !== 0 || this.#paths.best(id) !== 0) return id;
    }
    this.#scanAt = 0;
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
    const set = best === 0 ? 0 : this.#filter.export(prefix, best);
    const source = set === 0 ? 0 : paths.peer[best]!;
    this.#oldSet = this.#out.advertised[prefix]!;
    this.#oldSource = this.#out.sources[prefix]!;
    if (set !== this.#oldSet || source !== this.#oldSource) {
      if (this.#inStep > 0) this.#announce(prefix, set, source);
      if (this.#inStep < this.members.size) this.#markMembers(prefix, set, source);
      this.#out.set(prefix, set, source);
    }
    if (best === 0) this.#onIdle(prefix);
  }

  /** RFC 4271 §9.1.3: nobody gets its own route; who becomes the source loses what it was told before. */
  #announce(prefix: PrefixId, set: AttributesId, source: PeerId): void {
    const packer = this.#packer;
    const oldSet = this.#oldSet;
    const oldSource = this.#oldSource;
    if (set !== oldSet) {
      packer.add(prefix, set, this.#audience(set === 0 ? oldSource : source));
    } else if (this.#audience(oldSource) !== 0) {
      packer.add(prefix, set, -oldSource); // it was the source, and is not any more
    }
    if (set !== 0 && oldSet !== 0 && source !== oldSource && this.#audience(source) !== 0) {
      packer.add(prefix, 0, -source);
    }
  }

  /** "All but this peer", which is "all" when the peer reads no shared log here. */
  #audience(source: PeerId): Audience {
    return this.members.get(source)?.reader === undefined ? 0 : source;
  }

  #markMembers(prefix: PrefixId, set: AttributesId, source: PeerId): void {
    for (const member of this.members.values()) {
      if (member.reader !== undefined) continue;
      const before = this.#oldSource === member.peer ? 0 : this.#oldSet;
      const after = source === member.peer ? 0 : set;
      if (before !== after) member.marks.add(prefix);
    }
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
        const set = this.#out.told(prefix, member.peer);
        this.#ownPacker.add(prefix, set, 0);
        if (set === 0) this.#onIdle(prefix);
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
    const { advertised, sources } = this.#out;
    const { peer, marks } = member;
    const top = Math.min(this.#context.prefixes.top, advertised.length - 1);
    for (let id = top; id > 0; id--) {
      if (advertised[id] !== 0 && sources[id] !== peer) marks.add(id);
    }
  }
}
