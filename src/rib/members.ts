/**
 * The peers of an update group as those see them who decide what each is told.
 *
 * A member reads the shared log, or it is out of step: then it has marks and a log of its own until both are empty.
 */

import type { PrefixId } from '../net/prefix-table.ts';
import type { Reader } from './group-log.ts';
import type { PeerId } from './ids.ts';
import type { MarkSet } from './mark-set.ts';

export interface Hearer {
  readonly peer: PeerId;
  /** In the shared log; undefined while the member has marks of its own. */
  readonly reader: Reader | undefined;
  /** Prefixes that it is still to be told of, apart from the others. */
  readonly marks: MarkSet;
  /** Whether the prefix is among them, or among what it had not read when it left the shared log. */
  isMarked(prefix: PrefixId): boolean;
}

export class Members<T extends Hearer = Hearer> {
  readonly byPeer = new Map<PeerId, T>();
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
