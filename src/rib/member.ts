/**
 * A peer in an update group, and the group's peers as those see them who decide what each is told.
 *
 * A member reads the shared log, or it is out of step: then it has marks and a log of its own until both are empty.
 */

import type { GroupLog, Reader } from './group-log.ts';
import type { PeerId } from './ids.ts';
import { MarkSet } from './mark-set.ts';
import type { UpdateGroup } from './update-group.ts';

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

export class Members {
  readonly byPeer = new Map<PeerId, Member>();
  /** Members with a reader in the shared log. */
  inStep = 0;

  get areAllInStep(): boolean {
    return this.inStep === this.byPeer.size;
  }

  /** Whether `peer` reads the shared log here. */
  reads(peer: PeerId): boolean {
    return this.byPeer.get(peer)?.reader !== undefined;
  }
}
