/**
 * Prefixes that nobody seems to need any more, until it is safe to give their ids away.
 *
 * A slow member may still have octets of the shared log to read that name an id; were it reused meanwhile, being cut
 * off would mark the wrong prefix. So ids wait, in one batch behind a fence, until every log has been read past the
 * place where it stood when the batch was closed.
 */

import type { PrefixId } from '../net/prefix-table.ts';
import { IdQueue } from './id-queue.ts';
import { type PathTable, PrefixFlag } from './path-table.ts';
import type { UpdateGroup } from './update-group.ts';

export class Graves {
  readonly #paths: PathTable;
  #open = new IdQueue();
  #waiting = new IdQueue();
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

  /** Frees at most `budget` ids by `free`. @returns Whether more could be freed at once. */
  reap(
    budget: number,
    options: { groups: readonly UpdateGroup[]; free: (prefix: PrefixId) => void },
  ): boolean {
    const { groups } = options;
    if (this.#waiting.size === 0) {
      if (this.#open.size === 0) return false;
      [this.#waiting, this.#open] = [this.#open, this.#waiting];
      this.#fence = new Map(groups.map((group) => [group, group.written]));
    }
    for (const group of groups) if (group.readByAll < (this.#fence.get(group) ?? 0)) return false;
    const { heads, prefixFlags } = this.#paths;
    for (let i = 0; i < budget && this.#waiting.size > 0; i++) {
      const prefix = this.#waiting.shift();
      prefixFlags[prefix]! &= ~PrefixFlag.Grave;
      if (heads[prefix] !== 0 || (prefixFlags[prefix]! & PrefixFlag.Dirty) !== 0) continue;
      let isHeld = false;
      for (let g = 0; g < groups.length && !isHeld; g++) isHeld = groups[g]!.holds(prefix);
      if (isHeld) continue;
      prefixFlags[prefix] = 0;
      options.free(prefix);
    }
    return this.#waiting.size > 0 || this.#open.size > 0;
  }
}
