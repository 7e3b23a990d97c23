/**
 * What members that leave the shared log have not read of it, while it is turned into marks: in slices, and once for
 * all that leave together (decision 42).
 *
 * Withdrawals take four octets, so the log holds a quarter of a million names: 8 ms, for each member, at once.
 * Invariant: every prefix named between the place where the members stood and the end of the log when they left is in
 * `marks`, or stands behind `position`.
 */

import type { PrefixId } from '../net/prefix-table.ts';
import type { ExportContext } from './export-context.ts';
import type { Chunk, GroupLog, Reader } from './group-log.ts';
import { MarkSet } from './mark-set.ts';

export class CutOff {
  readonly marks = new MarkSet();
  /** Paths that octets named and that were not announced any more (RFC 7911): prefix and identifier, alternating. */
  readonly gone: number[] = [];
  #chunk: Chunk | undefined;
  #at = 0;
  readonly #last: Chunk;
  /** Names of the last chunk; later ones are marks of the members already. */
  readonly #lastCount: number;

  constructor(reader: Reader, log: GroupLog) {
    this.#chunk = reader.chunk;
    this.#last = log.last;
    this.#lastCount = log.last.prefixCount;
  }

  get isDone(): boolean {
    return this.#chunk === undefined;
  }

  /** Octets of the log before the first chunk that is still to be looked at. */
  get position(): number {
    return this.#chunk?.start ?? Number.POSITIVE_INFINITY;
  }

  /** Turns some names into marks. `announces`: whether the identifier is announced for the prefix now. */
  slice(
    { prefixes, sizes }: ExportContext,
    announces: (prefix: PrefixId, identifier: number) => boolean,
  ): void {
    for (let left = sizes.names; left > 0 && this.#chunk !== undefined; ) {
      const chunk = this.#chunk;
      const count = chunk === this.#last ? this.#lastCount : chunk.prefixCount;
      const end = Math.min(count, this.#at + left);
      left -= end - this.#at + 1;
      for (let i = this.#at; i < end; i++) {
        const prefix = chunk.prefixes[i]!;
        // What a member has read already may be named here too, and be freed since.
        if (!prefixes.isLive(prefix)) continue;
        this.marks.add(prefix);
        if (chunk.identifiers.length === 0) continue;
        const identifier = chunk.identifiers[i]!;
        if (!announces(prefix, identifier)) this.gone.push(prefix, identifier);
      }
      this.#at = end;
      if (end < count) continue;
      this.#at = 0;
      this.#chunk = chunk === this.#last ? undefined : chunk.following;
    }
  }
}
