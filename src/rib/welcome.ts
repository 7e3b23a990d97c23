/**
 * What an update group has announced, packed once for all peers that come and are to be told all of it: a thousand
 * nodes of a mesh that come up together read the same octets, where each had a log, marks and an encoding of its own.
 *
 * Only for peers that are the source of none of it, and for tables of one batch; all others are owed marks. Invariant:
 * a log is never added to once it is packed, and is forgotten when the group announces something else.
 */

import type { GroupOut } from './announcer.ts';
import { GroupLog, type Reader } from './group-log.ts';
import type { PeerId } from './ids.ts';
import type { UpdatePacker } from './update-packer.ts';

export interface WelcomeOptions {
  readonly out: GroupOut;
  readonly packer: UpdatePacker;
  readonly addPath: boolean;
  /** At most what is packed together (`PACK_BATCH`). */
  readonly pathsMax: number;
}

export class Welcome {
  readonly #out: GroupOut;
  /** Whether NLRI are told with identifiers (RFC 7911). */
  readonly #addPath: boolean;
  readonly #pathsMax: number;
  readonly #packer: UpdatePacker;
  #log: GroupLog | undefined;
  /** Stays at the beginning. */
  #start: Reader | undefined;
  /** Of `GroupOut` when the log was packed. */
  #changes = 0;

  constructor({ out, packer, addPath, pathsMax }: WelcomeOptions) {
    this.#out = out;
    this.#packer = packer;
    this.#addPath = addPath;
    this.#pathsMax = pathsMax;
  }

  /** The log of all that is announced, and a reader at its beginning; undefined where it does not suit `peer`. */
  for(peer: PeerId): { readonly log: GroupLog; readonly reader: Reader } | undefined {
    const { count, changes } = this.#out;
    if (count === 0 || count > this.#pathsMax || this.#out.countFor(peer) < count) return undefined;
    if (this.#log === undefined || this.#start === undefined || this.#changes !== changes) {
      this.#log = new GroupLog({ names: 'none' });
      this.#start = this.#log.readerAtEnd();
      this.#changes = changes;
      this.#pack(this.#log, peer);
    }
    return { log: this.#log, reader: this.#start.twin() };
  }

  /** As for `peer`, which is the source of nothing: what is withdrawn already, nobody who comes has heard of. */
  #pack(log: GroupLog, peer: PeerId): void {
    const packer = this.#packer;
    const { top } = this.#out;
    for (let id = 1, left = this.#out.prefixes; left > 0 && id <= top; id++) {
      if (!this.#out.isAnnounced(id)) continue;
      this.#out.forEachTold(id, peer, (told) => {
        packer.take(told);
        if (this.#addPath) packer.addPath(id, 0, told.identifier);
        else packer.add(id, 0);
      });
      left--;
    }
    packer.flush(log);
    log.seal();
  }
}
