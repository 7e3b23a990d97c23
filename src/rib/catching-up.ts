/**
 * Members of an update group that are out of step: new, being refreshed, or cut off from the shared log. What each is
 * owed is found in slices, told in UPDATEs of its own, and forgiven in slices when it leaves (decision 42).
 *
 * Invariant: what such a member has not been told is in its marks or its own log, before it in `cutOff`, or at or
 * behind `owedFrom`.
 */

import type { PrefixId } from '../net/prefix-table.ts';
import type { Announcer } from './announcer.ts';
import { CutOff } from './cut-off.ts';
import type { ExportContext } from './export-context.ts';
import type { Follower } from './follower.ts';
import type { GroupLog, Reader } from './group-log.ts';
import { PACK_BATCH, type UpdatePacker } from './update-packer.ts';
import { Welcome } from './welcome.ts';

/** A withdrawal. */
const NOTHING = { set: 0, order: 0 } as const;

export interface CatchingUpOptions {
  readonly context: ExportContext;
  readonly announcer: Announcer;
  /** For what is told to one member alone. */
  readonly packer: UpdatePacker;
  readonly addPath: boolean;
  /** A prefix is no longer owed to a member. */
  readonly onIdle: (prefix: PrefixId) => void;
}

export class CatchingUp {
  readonly #options: CatchingUpOptions;
  readonly #welcome: Welcome;
  /** Those that are still to be turned into marks. */
  readonly #cutOffs: CutOff[] = [];
  /** Members that left, until what they were owed is forgiven. */
  readonly #left: Follower[] = [];
  readonly #announces = (prefix: PrefixId, identifier: number): boolean =>
    this.#options.announcer.announces(prefix, identifier);

  constructor(options: CatchingUpOptions) {
    this.#options = options;
    const { announcer, packer, addPath, context } = options;
    const { welcomePaths: pathsMax } = context.sizes;
    this.#welcome = new Welcome({ out: announcer.out, packer, addPath, pathsMax });
  }

  /** Octets of the shared log before anything that is still to be turned into marks. */
  get position(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { position } of this.#cutOffs) if (position < least) least = position;
    return least;
  }

  /** What is unread from `reader` on is to become marks of whoever is given this. */
  cutOffAt(reader: Reader, log: GroupLog): CutOff {
    const cutOff = new CutOff(reader, log);
    this.#cutOffs.push(cutOff);
    return cutOff;
  }

  /** All that the group has announced, in the octets that others get too where that will do. */
  oweAll(member: Follower, isPassing: boolean): void {
    const { out } = this.#options.announcer;
    if (out.count === 0) return;
    const welcome = member.isCaughtUp && !isPassing ? this.#welcome.for(member.peer) : undefined;
    if (welcome === undefined) {
      member.owedFrom = 1;
      return;
    }
    member.ownLog = welcome.log;
    member.ownReader = welcome.reader;
  }

  /** Prefixes at most that only this member is still to be told. */
  pendingFor({ peer, marks, cutOff, owedFrom }: Follower): number {
    const { out } = this.#options.announcer;
    const owed = owedFrom === 0 ? 0 : Math.min(out.countFor(peer), this.#owedTop - owedFrom + 1);
    return marks.size + (cutOff?.marks.size ?? 0) + owed;
  }

  /** UPDATEs for the member alone; undefined when it has caught up, or nothing was found within a poll's work. */
  poll(member: Follower, budget: number): Uint8Array | undefined {
    if (!this.#takeCutOff(member)) return undefined;
    if (member.owedFrom !== 0 && member.marks.size === 0) this.#markOwed(member);
    const { announcer, packer, onIdle } = this.#options;
    const room = PACK_BATCH - announcer.changesMax;
    for (;;) {
      if (member.ownReader !== undefined) {
        const octets = member.ownLog!.read(member.ownReader, member.peer, budget);
        if (octets !== undefined) return octets;
      }
      if (member.marks.size === 0) return undefined;
      const log = member.logToWrite();
      while (packer.size <= room && member.marks.size > 0) {
        const prefix = member.marks.take();
        announcer.tell(prefix, member.peer, packer);
        announcer.forgive(prefix);
        if (!announcer.out.isTold(prefix, member.peer)) onIdle(prefix);
      }
      packer.flush(log);
    }
  }

  /** Whether a member that left was owed the prefix: its id is not to be given away before that is forgiven. */
  holds(prefix: PrefixId): boolean {
    for (const left of this.#left) if (left.isMarked(prefix)) return true;
    return false;
  }

  /** The member leaves the group; what it was owed is forgiven. */
  leave(member: Follower): void {
    if (member.marks.size > 0 || member.cutOff !== undefined) this.#left.push(member);
  }

  /** All that the member is owed becomes marks at once: it takes them to another group. */
  markAll(member: Follower): void {
    while (!this.#takeCutOff(member));
    while (member.owedFrom !== 0) this.#markOwed(member);
  }

  /** A slice of what waits for nobody's socket. @returns Whether more is left. */
  slice(): boolean {
    const cutOff = this.#cutOffs[0];
    if (cutOff !== undefined) this.#mark(cutOff);
    else if (this.#left.length > 0) this.#forgiveLeft(this.#left[0]!);
    return this.#cutOffs.length > 0 || this.#left.length > 0;
  }

  #forgiveLeft(left: Follower): void {
    const { announcer, onIdle, context } = this.#options;
    const { marks, cutOff } = left;
    if (cutOff !== undefined) {
      marks.addAll(cutOff.marks);
      left.cutOff = undefined;
    }
    for (let i = 0; i < context.sizes.marks && marks.size > 0; i++) {
      const prefix = marks.take();
      announcer.forgive(prefix);
      onIdle(prefix);
    }
    if (marks.size === 0) this.#left.shift();
  }

  #mark(cutOff: CutOff): void {
    cutOff.slice(this.#options.context, this.#announces);
    if (cutOff.isDone) this.#cutOffs.splice(this.#cutOffs.indexOf(cutOff), 1);
  }

  /** A slice of what the member had not read when it was cut off. @returns Whether nothing is left of that. */
  #takeCutOff(member: Follower): boolean {
    const { cutOff } = member;
    if (cutOff === undefined) return true;
    if (!cutOff.isDone) this.#mark(cutOff);
    if (!cutOff.isDone) return false;
    const { packer, context } = this.#options;
    const { gone } = cutOff;
    const end = Math.min(gone.length, member.forgotten + 2 * context.sizes.marks);
    for (let i = member.forgotten; i < end; i += 2) this.#forget(member, gone[i]!, gone[i + 1]!);
    if (packer.size > 0) packer.flush(member.logToWrite());
    member.forgotten = end;
    if (end < gone.length) return false;
    member.marks.addAll(cutOff.marks);
    member.cutOff = undefined;
    member.forgotten = 0;
    return true;
  }

  /**
   * Octets that the member will not read name this path. If it is not announced any more, they would have said so:
   * it is withdrawn by name (RFC 7911 §3), in as many octets as were unread.
   */
  #forget(member: Follower, prefix: PrefixId, identifier: number): void {
    const { announcer, packer } = this.#options;
    if (announcer.announces(prefix, identifier)) return;
    packer.take(NOTHING);
    packer.addPath(prefix, 0, identifier);
    if (packer.isFull) packer.flush(member.logToWrite());
  }

  /** Marks some of what a member that is owed all of it is owed. */
  #markOwed(member: Follower): void {
    const { context, announcer } = this.#options;
    const { out } = announcer;
    const { peer, marks, owedFrom } = member;
    const top = this.#owedTop;
    const end = Math.min(top + 1, owedFrom + context.sizes.owedIds);
    for (let id = owedFrom; id < end; id++) if (out.isTold(id, peer)) marks.add(id);
    member.owedFrom = end > top ? 0 : end;
  }

  get #owedTop(): PrefixId {
    const { context, announcer } = this.#options;
    return Math.min(context.prefixes.top, announcer.out.top);
  }
}
