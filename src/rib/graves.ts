/**
 * Prefixes that nobody seems to need any more, until it is safe to give their ids away.
 *
 * A slow member may still have octets of the shared log to read that name an id; were it reused meanwhile, being cut
 * off would mark the wrong prefix. So ids wait, in one batch behind a fence, until every log has been read past the
 * place where it stood when the batch was closed.
 */

import type { PrefixId, PrefixTable } from '../net/prefix-table.ts';
import { IdQueue } from './id-queue.ts';
import { type PathTable, PrefixFlag } from './path-table.ts';
import type { UpdateGroup } from './update-group.ts';

/** Ids whose index slots are loaded together before they are released (`PrefixTable.warm`). */
const BATCH = 32;

export class Graves {
  readonly #paths: PathTable;
  #open = new IdQueue();
  #waiting = new IdQueue();
  readonly #batch = new Uint32Array(BATCH);
  #fence = new Map<UpdateGroup, number>();

  constructor(paths: PathTable) {
    this.#paths = paths;
  }

  get size(): number {
    return this.#open.size + this.#waiting.size;
  }

  /** Candidate: no path, nothing announced. Whether that is so is looked at when the time has come. */
  bury(prefix: PrefixId): void {
    const { heads, prefixFlags } = this.#paths;
    const flags = prefixFlags[prefix]!;
    if (heads[prefix] !== 0 || (flags & (PrefixFlag.Dirty | PrefixFlag.Grave)) !== 0) return;
    prefixFlags[prefix] = flags | PrefixFlag.Grave;
    this.#open.push(prefix);
  }

  /** Frees at most `budget` ids, some more to end a batch. @returns Whether more could be freed at once. */
  reap(
    budget: number,
    options: { groups: readonly UpdateGroup[]; prefixes: PrefixTable },
  ): boolean {
    const { groups, prefixes } = options;
    if (this.#waiting.size === 0) {
      if (this.#open.size === 0) return false;
      [this.#waiting, this.#open] = [this.#open, this.#waiting];
      this.#fence = new Map(groups.map((group) => [group, group.written]));
    }
    for (const group of groups) if (group.readByAll < (this.#fence.get(group) ?? 0)) return false;
    const batch = this.#batch;
    for (let done = 0; done < budget && this.#waiting.size > 0; done += BATCH) {
      let count = 0;
      for (; count < BATCH && this.#waiting.size > 0; count++) {
        const prefix = this.#waiting.shift();
        prefixes.warmRelease(prefix);
        batch[count] = prefix;
      }
      for (let i = 0; i < count; i++) {
        const prefix = batch[i]!;
        if (this.#isFree(prefix, groups)) prefixes.release(prefix);
      }
    }
    return this.#waiting.size > 0 || this.#open.size > 0;
  }

  #isFree(prefix: PrefixId, groups: readonly UpdateGroup[]): boolean {
    const { heads, prefixFlags } = this.#paths;
    prefixFlags[prefix]! &= ~PrefixFlag.Grave;
    if (heads[prefix] !== 0 || (prefixFlags[prefix]! & PrefixFlag.Dirty) !== 0) return false;
    for (let g = 0; g < groups.length; g++) if (groups[g]!.holds(prefix)) return false;
    prefixFlags[prefix] = 0;
    return true;
  }
}
