/**
 * An update group: peers that are to be told the same, in the same octets (DESIGN 3.1).
 *
 * Marks come from decisions; when a member's socket takes octets, marked prefixes are exported, compared with what was
 * announced, and packed once into the log that all members read. A member that is new, asked for a refresh, or fell
 * more than `logChunks` behind has marks and a log of its own, and re-joins the others when both are empty.
 * Invariant: what a member was sent, plus what it is still owed, is exactly what `AdjRibOut` says it is told.
 */

import { assert } from '../base/assert.ts';
import { capacityForAWhile, grownForAWhile } from '../net/columns.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import type { Announcer, GroupOut } from './announcer.ts';
import { BestAnnouncer } from './best-announcer.ts';
import { CatchingUp } from './catching-up.ts';
import type { CutOff } from './cut-off.ts';
import type { ExportContext } from './export-context.ts';
import type { ExportFilter } from './export-filter.ts';
import { Follower } from './follower.ts';
import { GroupLog, type Reader } from './group-log.ts';
import { IdQueue } from './id-queue.ts';
import { type GroupId, LOCAL_PEER, type PeerId } from './ids.ts';
import { Members } from './members.ts';
import { type PathTable, PrefixFlag } from './path-table.ts';
import { PathsAnnouncer } from './paths-announcer.ts';
import { encodeEndOfRib, PACK_BATCH, type PackScratch, UpdatePacker } from './update-packer.ts';

export class Member extends Follower {
  group: UpdateGroup;
  endOfRibAllowed = false;
  endOfRibSent = false;

  constructor(peer: PeerId, group: UpdateGroup) {
    super(peer);
    this.group = group;
  }
}

export interface GroupOptions {
  readonly id: GroupId;
  readonly context: ExportContext;
  readonly filter: ExportFilter;
  /** A prefix is no longer announced by this group, or owed to a member. */
  readonly onIdle: (prefix: PrefixId) => void;
  /** Shared by all groups. */
  readonly scratch: PackScratch;
}

export class UpdateGroup {
  readonly id: GroupId;
  readonly #context: ExportContext;
  readonly #paths: PathTable;
  readonly #onIdle: (prefix: PrefixId) => void;
  readonly #packer: UpdatePacker;
  readonly #ownPacker: UpdatePacker;
  readonly #members = new Members<Member>();
  readonly #announcer: Announcer;
  readonly #catchingUp: CatchingUp;
  readonly #log: GroupLog;
  #filter: ExportFilter;
  #isMarked = new Uint8Array(capacityForAWhile(0)); // by PrefixId: in #marks
  readonly #marks = new IdQueue();
  #scanAt = 0; // the next prefix of a pass over all of them; 0 = none runs
  /** Members may be owed something since this was last set to false; see `ExportSide.takeOwed`. */
  isStirred = false;
  /** `prefixesMax` has kept prefixes back, and there has been no room since. */
  keepsBack = false;
  /** Members that were cut off from the shared log. */
  cutOffs = 0;

  constructor(options: GroupOptions, from?: UpdateGroup) {
    const { context, filter } = options;
    this.id = options.id;
    this.#context = context;
    this.#paths = context.paths;
    this.#filter = filter;
    this.#onIdle = options.onIdle;
    const { family, prefixes, exported, sizes } = context;
    const { as4, messageMax } = filter.config;
    const addPath = filter.config.addPath !== undefined;
    const { scratch } = options;
    const packing = { family, prefixes, exported, as4, messageMax, addPath, scratch };
    this.#packer = new UpdatePacker(packing);
    this.#ownPacker = new UpdatePacker(packing);
    const { chunkOctets } = sizes;
    this.#log = new GroupLog({ names: addPath ? 'paths' : 'prefixes', chunkOctets });
    this.#announcer = addPath
      ? new PathsAnnouncer(context, this.#members, from?.announcer as PathsAnnouncer | undefined)
      : new BestAnnouncer(context, this.#members, from?.announcer as BestAnnouncer | undefined);
    this.#catchingUp = new CatchingUp({
      context,
      announcer: this.#announcer,
      packer: this.#ownPacker,
      addPath,
      onIdle: options.onIdle,
    });
    this.markAll();
  }

  get members(): ReadonlyMap<PeerId, Member> {
    return this.#members.byPeer;
  }

  get announcer(): Announcer {
    return this.#announcer;
  }

  get out(): GroupOut {
    return this.#announcer.out;
  }

  /** Whether members may be told of paths that are not chosen. */
  get tellsOthers(): boolean {
    const { addPath } = this.#filter.config;
    return addPath !== undefined && addPath !== 'ecmp';
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
      this.#isMarked = grownForAWhile(this.#isMarked, capacityForAWhile(prefix));
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
    if (this.#announcer.concerns(prefix, this.#filter)) this.mark(prefix);
  }

  /** All prefixes are; only those whose export changed are sent. */
  markAll(): void {
    this.keepsBack = false; // the pass finds out
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
    if (this.out.has(prefix)) return true;
    if (prefix < this.#isMarked.length && this.#isMarked[prefix] !== 0) return true;
    if (this.#catchingUp.holds(prefix)) return true;
    if (this.#members.areAllInStep) return false;
    for (const member of this.members.values()) if (member.isMarked(prefix)) return true;
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
    return Math.min(least, this.#catchingUp.position);
  }

  /** A member that has been told nothing. */
  admit(member: Member): void {
    assert(!this.members.has(member.peer), 'a member joins a group once');
    this.#add(member);
    this.#catchingUp.oweAll(member, this.#scanAt !== 0);
    if (member.isCaughtUp) this.#rejoin(member);
  }

  /**
   * A member that comes from another group: it is owed the difference between what both have announced.
   *
   * @param from  Undefined where there is none.
   */
  adopt(member: Member, from?: UpdateGroup): void {
    if (from !== undefined) this.#markDifferences(member, from);
    this.#add(member);
    if (member.isCaughtUp) this.#rejoin(member);
  }

  #markDifferences(member: Member, from: UpdateGroup): void {
    const { top } = this.#context.prefixes;
    const announcer = this.#announcer;
    const packer = this.#ownPacker;
    const mover = { peer: member.peer, packer };
    for (let id = 1; id <= top; id++) {
      if (announcer.owes(id, mover, from.#announcer)) member.marks.add(id);
      if (packer.size > PACK_BATCH - announcer.changesMax) packer.flush(member.logToWrite());
    }
    if (packer.size > 0) packer.flush(member.logToWrite());
  }

  #add(member: Member): void {
    member.group = this;
    this.#members.byPeer.set(member.peer, member);
    if (this.#members.byPeer.size < 2 || !this.#announcer.takePassedOver()) return;
    // Routes of the first member, which it is not told itself: they are for this one.
    this.markAll();
  }

  dismiss(member: Member): void {
    if (member.reader !== undefined) this.#leaveLog(member);
    this.#members.byPeer.delete(member.peer);
    this.#catchingUp.leave(member);
  }

  /** A slice of what members that were cut off or left have behind them. @returns Whether more is left. */
  tidyMembers(): boolean {
    return this.#catchingUp.slice();
  }

  /** Leaves the group for another one, with everything the member has not been told yet as marks of its own. */
  release(member: Member): void {
    if (member.reader !== undefined) this.#detach(member);
    this.#catchingUp.markAll(member);
    this.#members.byPeer.delete(member.peer);
  }

  /** Another group has adopted the member: withdrawn identifiers that were kept here for its sake go (RFC 7911 §3). */
  forgiveAll(member: Member): void {
    if (this.#filter.config.addPath === undefined) return;
    member.marks.forEach((prefix) => {
      this.#announcer.forgive(prefix);
      this.#onIdle(prefix);
    });
  }

  /** Everything again for this member (RFC 2918). */
  refresh(member: Member): void {
    if (member.reader !== undefined) this.#detach(member);
    this.#catchingUp.oweAll(member, this.#scanAt !== 0);
  }

  hasPending(member: Member): boolean {
    if (member.reader === undefined) return true;
    return this.pending > 0 || !this.#log.isAtEnd(member.reader);
  }

  /**
   * Prefixes owed to the member: exact while it has marks of its own, the group's otherwise; at most so many while they
   * are still being found. UPDATEs that are packed and that it has not read count as one: a peer that does not read is
   * never shown as told.
   */
  pendingFor(member: Member): number {
    const { reader } = member;
    const isRead = reader === undefined ? member.isOwnLogRead : this.#log.isAtEnd(reader);
    return this.pending + this.#catchingUp.pendingFor(member) + (isRead ? 0 : 1);
  }

  /** Whole UPDATEs for the member; undefined when nothing is due, or nothing was found within a poll's work. */
  poll(member: Member, budget: number): Uint8Array | undefined {
    if (member.reader === undefined) {
      // A pass over all may find what this member is not to be told any more.
      if (this.#scanAt !== 0) this.#pack();
      if (this.#scanAt !== 0) return undefined;
      const octets = this.#catchingUp.poll(member, budget);
      if (octets !== undefined || !member.isCaughtUp) return octets;
      this.#rejoin(member);
    }
    const reader = member.reader!;
    this.#packFor(reader, budget);
    return this.#log.read(reader, member.peer, budget);
  }

  endOfRib(): Uint8Array {
    return encodeEndOfRib(this.#context.family);
  }

  /**
   * Batches until the reader has half of `budget` to read (the next would make it more than one write), nothing is
   * marked, or the poll's work is done.
   */
  #packFor(reader: Reader, budget: number): void {
    const log = this.#log;
    const { sizes } = this.#context;
    let exports = 0;
    for (let batch = 0; batch < sizes.pollBatches && exports < sizes.pollExports; batch++) {
      if (this.pending === 0 || log.written - reader.position >= budget / 2) return;
      // Another batch would cut off who asks: it has more than enough to read.
      if (log.chunkCount >= sizes.logChunks && reader.chunk === log.first) return;
      exports += this.#pack();
    }
  }

  /** Exports one batch of marked prefixes and packs what changed. @returns How many of them have a route. */
  #pack(): number {
    const { sizes } = this.#context;
    if (this.#log.chunkCount >= sizes.logChunks) this.#detachSlowest();
    const packer = this.#packer;
    const room = PACK_BATCH - this.#announcer.changesMax;
    let exports = 0;
    for (let looked = 0; looked < sizes.batch && packer.size <= room; ) {
      const prefix = this.#takeMarked();
      if (prefix === 0) break;
      if (this.#paths.best(prefix) !== 0) exports++;
      looked += this.#export(prefix);
    }
    packer.flush(this.#log);
    return exports;
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
      if (this.out.has(id) || this.#paths.best(id) !== 0) return id;
    }
    return 0;
  }

  /** @returns Paths looked at. */
  #export(prefix: PrefixId): number {
    const paths = this.#paths;
    if ((paths.prefixFlags[prefix]! & PrefixFlag.Dirty) !== 0) {
      // About to be decided: Touched makes the decision mark it here again, whatever it is.
      paths.prefixFlags[prefix]! |= PrefixFlag.Touched;
      return 1;
    }
    const { ask } = this.#context.gate;
    const best = ask === undefined ? 0 : paths.best(prefix);
    // What was told stays until the kernel has what is to take its place.
    if (best !== 0 && paths.peer[best] !== LOCAL_PEER && ask!(prefix) === 'wait') return 1;
    const looked = this.#announce(prefix);
    if (paths.best(prefix) === 0) this.#onIdle(prefix);
    return looked;
  }

  /** As many prefixes as the members may be told, first come, first served; when one goes the others get their turn. */
  #announce(prefix: PrefixId): number {
    const filter = this.#filter;
    const { prefixesMax } = filter.config;
    const { out } = this;
    if (prefixesMax === undefined) return this.#announcer.announce(prefix, filter, this.#packer);
    const isOver = out.isAnnounced(prefix)
      ? out.prefixes > prefixesMax
      : out.prefixes >= prefixesMax;
    if (isOver) this.keepsBack ||= this.#paths.best(prefix) !== 0;
    filter.isWithholding = isOver;
    const looked = this.#announcer.announce(prefix, filter, this.#packer);
    filter.isWithholding = false;
    if (this.keepsBack && out.prefixes < prefixesMax && this.#scanAt === 0) this.markAll();
    return looked;
  }

  #rejoin(member: Member): void {
    member.joinLog(this.#log.readerAtEnd());
    this.#members.inStep++;
  }

  #leaveLog(member: Member): void {
    this.#log.leave(member.reader!);
    member.reader = undefined;
    this.#members.inStep--;
  }

  /** What the member has not read is to become marks of its own; `cutOff` is of all that leave together. */
  #detach(member: Member, cutOff?: CutOff): void {
    const reader = member.reader!;
    if (!this.#log.isAtEnd(reader))
      member.cutOff = cutOff ?? this.#catchingUp.cutOffAt(reader, this.#log);
    this.#leaveLog(member);
  }

  #detachSlowest(): void {
    const slowest = this.#log.first;
    let cutOff: CutOff | undefined;
    for (const member of this.members.values()) {
      if (member.reader?.chunk !== slowest) continue;
      cutOff ??= this.#catchingUp.cutOffAt(member.reader, this.#log);
      this.#detach(member, cutOff);
      this.cutOffs++;
    }
  }
}
