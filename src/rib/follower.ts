/** Where a peer stands in its update group: a place in the shared log, or, while it is out of step, marks and a log of its own. */

import type { PrefixId } from '../net/prefix-table.ts';
import type { CutOff } from './cut-off.ts';
import { GroupLog, type Reader } from './group-log.ts';
import type { PeerId } from './ids.ts';
import { MarkSet } from './mark-set.ts';
import type { Hearer } from './members.ts';

export class Follower implements Hearer {
  readonly peer: PeerId;
  reader: Reader | undefined;
  readonly marks = new MarkSet();
  ownLog: GroupLog | undefined;
  ownReader: Reader | undefined;
  /** What it had not read when it left the shared log, until it is in `marks`. */
  cutOff: CutOff | undefined;
  /** Entries of `cutOff.gone` that have been packed. */
  forgotten = 0;
  /** The next prefix of a pass over all that is announced, for a member that is owed all of it; 0 = none runs. */
  owedFrom: PrefixId = 0;

  constructor(peer: PeerId) {
    this.peer = peer;
  }

  isMarked(prefix: PrefixId): boolean {
    return this.marks.has(prefix) || this.cutOff?.marks.has(prefix) === true;
  }

  get isOwnLogRead(): boolean {
    return this.ownReader === undefined || this.ownLog!.isAtEnd(this.ownReader);
  }

  /** Whether nothing is left that only this member is to be told. */
  get isCaughtUp(): boolean {
    const { marks, cutOff, owedFrom } = this;
    return marks.size === 0 && cutOff === undefined && owedFrom === 0 && this.isOwnLogRead;
  }

  /** The log of this member alone. */
  logToWrite(): GroupLog {
    const { ownLog, ownReader } = this;
    if (ownLog !== undefined && !ownLog.isSealed) return ownLog;
    const log = new GroupLog({ names: 'none' });
    const reader = log.readerAtEnd();
    // Others read the sealed one, too: what is unread of it comes before what is told to this member alone.
    if (ownLog !== undefined && ownReader !== undefined) log.copyRest(ownLog, ownReader, this.peer);
    this.ownLog = log;
    this.ownReader = reader;
    return log;
  }

  /** With the others from now on. */
  joinLog(reader: Reader): void {
    this.ownLog = undefined;
    this.ownReader = undefined;
    this.marks.clear();
    this.reader = reader;
  }
}
