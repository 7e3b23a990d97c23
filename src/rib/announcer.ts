/**
 * What an update group tells of a prefix: one path (`best-announcer.ts`), or several with identifiers (RFC 7911,
 * `paths-announcer.ts`). The group has the marks, the log and the members; an announcer knows what was announced.
 */

import type { PrefixId } from '../net/prefix-table.ts';
import type { ExportFilter } from './export-filter.ts';
import type { OrderId } from './export-orders.ts';
import type { AttributesId, PeerId } from './ids.ts';
import type { UpdatePacker } from './update-packer.ts';

/** One announcement, as it is visited; one object is reused. */
export interface ToldPath {
  set: AttributesId;
  order: OrderId;
  source: PeerId;
  /** RFC 7911; 0 where the group tells one path a prefix. */
  identifier: number;
}

/** Adj-RIB-Out of a group. */
export interface GroupOut {
  /** Announcements, each to all members but its source. */
  readonly count: number;
  /** Moves with every announcement and withdrawal. */
  readonly changes: number;
  /** Prefixes with any announcement: with ADD-PATH fewer than `count`. */
  readonly prefixes: number;
  /** Whether anything is announced for the prefix. */
  isAnnounced(prefix: PrefixId): boolean;
  /** Largest PrefixId that may stand in it. */
  readonly top: PrefixId;
  /** Whether anything is announced for the prefix, or remembered to be withdrawn. */
  has(prefix: PrefixId): boolean;
  /** Whether `member` has been told anything of the prefix: not where it is the source itself. */
  isTold(prefix: PrefixId, member: PeerId): boolean;
  /** What `member` has been told of the prefix. */
  forEachTold(prefix: PrefixId, member: PeerId, visit: (told: ToldPath) => void): void;
  /** Announcements that `member` has been told. */
  countFor(member: PeerId): number;
  /** Gives up entries from `from` on, `budget` ids at most. @returns Where to go on; 0 when done. */
  dissolve(from: PrefixId, budget: number): PrefixId;
}

export interface Announcer {
  readonly out: GroupOut;
  /** Changes that one prefix makes at most, in `announce` as in `tell`. */
  readonly changesMax: number;
  /** Whether a prefix that was decided needs a look: something is announced, or something may be. */
  concerns(prefix: PrefixId, filter: ExportFilter): boolean;

  /** Whether since the last call `concerns` said no of routes of the only member there was: another is to be told them. */
  takePassedOver(): boolean;
  /**
   * Exports a decided prefix: what changed is packed, and marked for members out of step.
   *
   * @returns Paths looked at.
   */
  announce(prefix: PrefixId, filter: ExportFilter, packer: UpdatePacker): number;
  /** Packs all that a member out of step is to know of a prefix. */
  tell(prefix: PrefixId, member: PeerId, packer: UpdatePacker): void;
  /** A member out of step knows all of the prefix, or is gone: what was kept for it goes, unless others need it. */
  forgive(prefix: PrefixId): void;
  /**
   * Whether `member`, coming from `before`, is owed anything. What it is to forget by name is packed at once.
   */
  owes(prefix: PrefixId, member: Mover, before: Announcer): boolean;
  /** Whether the identifier is announced for the prefix now. */
  announces(prefix: PrefixId, identifier: number): boolean;
}

/** A member that goes over from one group to another. */
export interface Mover {
  readonly peer: PeerId;
  /** Into its own log. */
  readonly packer: UpdatePacker;
}
