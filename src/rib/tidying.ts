/**
 * Frees what nobody needs any more, when there is nothing better to do: peers wait for decisions and UPDATEs, the kernel
 * for routes, and nobody waits for this. Only a table that has doubled since it was last tidy cannot wait.
 */

import type { PrefixTable } from '../net/prefix-table.ts';
import type { AttributeTable } from './attribute-table.ts';
import type { Graves } from './graves.ts';
import type { RibSizes } from './rib-sizes.ts';
import type { UpdateGroup } from './update-group.ts';

/** Prefixes and sets together below which a table may always double before it is tidied. */
const UNTIDY_MIN = 65_536;
/** Sets that nobody names and that are kept nonetheless, so that a flap finds them again. */
const LIMBO_KEEP = 256;

interface TidiedTables {
  readonly prefixes: PrefixTable;
  readonly sets: AttributeTable;
  readonly graves: Graves;
  readonly sizes: RibSizes;
}

export class Tidying {
  readonly #prefixes: PrefixTable;
  readonly #sets: AttributeTable;
  readonly #graves: Graves;
  readonly #sizes: RibSizes;
  #tidySize = 0; // prefixes and sets when last tidy
  /** Something may be freed. */
  isNeeded = false;
  /** Only whoever carries out decisions had it wait. */
  isPutOff = false;

  constructor(tables: TidiedTables) {
    this.#prefixes = tables.prefixes;
    this.#sets = tables.sets;
    this.#graves = tables.graves;
    this.#sizes = tables.sizes;
  }

  /** @param isTime  Whoever carries out decisions has nothing better to do. @returns Whether more can be freed at once. */
  slice(isSettled: boolean, isTime: boolean, groups: readonly UpdateGroup[]): boolean {
    const sets = this.#sets;
    const prefixes = this.#prefixes;
    this.isNeeded = sets.limboSize > LIMBO_KEEP || this.#graves.size > 0;
    this.isPutOff = false;
    if (!this.isNeeded) {
      this.#tidySize = prefixes.size + sets.size;
      return false;
    }
    const sizeMax = 2 * Math.max(this.#tidySize, UNTIDY_MIN);
    if (prefixes.size + sets.size < sizeMax) {
      if (!isSettled || !areTold(groups)) return false;
      this.isPutOff = !isTime;
      if (!isTime) return false;
    }
    const collecting = sets.collect(this.#sizes.frees, LIMBO_KEEP);
    const reaping = this.#graves.reap(this.#sizes.frees, { groups, prefixes });
    return collecting || reaping;
  }
}

/** Nobody waits for anything to be exported. */
function areTold(groups: readonly UpdateGroup[]): boolean {
  for (let g = 0; g < groups.length; g++) if (groups[g]!.pending > 0) return false;
  return true;
}
