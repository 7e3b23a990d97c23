/** Rows by prefix: IPv4 before IPv6, by address, the shorter prefix first. */

import { compareIp } from '../../net/ip-address.ts';
import { type Prefix, parsePrefix, prefixAddress, prefixLength } from '../../net/prefix.ts';

/** Rows held back to be sorted: beyond it a list is printed as it comes, since nobody reads it line by line. */
const SORTED_ROWS_MAX = 10_000;

/** Yields `rows` sorted when there are at most `max`; else all of them as they come, unsorted. */
export async function* sortedByPrefix<T extends { readonly prefix: string }>(
  rows: AsyncIterable<T>,
  max: number = SORTED_ROWS_MAX,
): AsyncGenerator<T> {
  let held: T[] | undefined = [];
  for await (const row of rows) {
    if (held === undefined) {
      yield row;
      continue;
    }
    held.push(row);
    if (held.length <= max) continue;
    yield* held;
    held = undefined;
  }
  if (held === undefined) return;
  const keyed = held.map((row) => ({ row, prefix: parsePrefix(row.prefix) }));
  keyed.sort((a, b) => comparePrefix(a.prefix, b.prefix));
  for (const { row } of keyed) yield row;
}

/** What is no prefix comes last. */
function comparePrefix(a: Prefix | undefined, b: Prefix | undefined): number {
  if (a === undefined || b === undefined)
    return (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0);
  const byAddress = compareIp(prefixAddress(a), prefixAddress(b));
  return byAddress === 0 ? prefixLength(a) - prefixLength(b) : byAddress;
}
