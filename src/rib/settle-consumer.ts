/** Whoever carries out what the RIB decides: the way to the kernel, for one. */

import type { PrefixId } from '../net/prefix-table.ts';

export interface SettleConsumer {
  /** The best path or the ECMP set of `prefix` is another one, or gone. The id means this prefix during the call. */
  bestChanged(prefix: PrefixId): void;
  /** It, or whoever gives us work, has better use for the processors than tidying. */
  readonly isBusy: boolean;
}
