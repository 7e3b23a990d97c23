/**
 * How many prefixes a healthy cluster of this size has, for a warning where no profile sets a limit: whoever sends
 * much more sends what does not belong here, such as the Internet's table.
 *
 * Rounded up to a power of two, so that a block more or less does not change the plan.
 */

import type { AfiSafi } from '../net/afi-safi.ts';
import { prefixFamily } from '../net/prefix.ts';
import type { BlockAffinityResource } from './resources.ts';

/** What is always expected; a plan names only what is above it. */
export const EXPECTED_PREFIXES_MIN = 1024;

/** A block is announced by its node, and once more while it moves or is borrowed from. */
const PREFIXES_PER_BLOCK = 2;

export type ExpectedPrefixes = Readonly<Partial<Record<AfiSafi, number>>>;

export function expectedPrefixes(
  blocks: Iterable<Pick<BlockAffinityResource, 'cidr' | 'deleted'>>,
  services: number,
): ExpectedPrefixes | undefined {
  const counts = { 'ipv4-unicast': 0, 'ipv6-unicast': 0 };
  for (const { cidr, deleted } of blocks) {
    if (!deleted) counts[prefixFamily(cidr) === 4 ? 'ipv4-unicast' : 'ipv6-unicast']++;
  }
  const expected: Partial<Record<AfiSafi, number>> = {};
  for (const family of ['ipv4-unicast', 'ipv6-unicast'] as const) {
    const count = roundedUp(counts[family] * PREFIXES_PER_BLOCK + services);
    if (count > EXPECTED_PREFIXES_MIN) expected[family] = count;
  }
  return Object.keys(expected).length === 0 ? undefined : expected;
}

function roundedUp(count: number): number {
  return count <= 1 ? 1 : 2 ** Math.ceil(Math.log2(count));
}
