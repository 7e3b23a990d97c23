/** What a sink was told against what it should have been told: prefix for prefix, attribute for attribute. */

import { textOf } from './expectation.ts';
import {
  formatPrefix,
  messagesIn,
  type PrefixKey,
  readUpdate,
  UPDATE_TYPE,
} from './plain-update.ts';

export interface Difference {
  readonly prefix: string;
  /** `type:flags:value`, or that the whole prefix is missing or was not to be told. */
  readonly expected: string;
  readonly seen: string;
}

const NOTHING = 'nothing';

/** Reads what a sink received, in order; a later UPDATE replaces an earlier one. */
export function receivedIn(stream: Buffer): Map<PrefixKey, string> {
  const received = new Map<PrefixKey, string>();
  for (const { type, octets } of messagesIn(stream)) {
    if (type !== UPDATE_TYPE) continue;
    const { withdrawn, attributes, nlri } = readUpdate(octets);
    for (const prefix of withdrawn) received.delete(prefix);
    const text = nlri.length === 0 ? '' : textOf(attributes);
    for (const prefix of nlri) received.set(prefix, text);
  }
  return received;
}

export function compare(
  expected: ReadonlyMap<PrefixKey, string>,
  received: ReadonlyMap<PrefixKey, string>,
): Difference[] {
  const differences: Difference[] = [];
  for (const [prefix, text] of expected) {
    const seen = received.get(prefix);
    if (seen === text) continue;
    differences.push({ prefix: formatPrefix(prefix), ...narrowed(text, seen) });
  }
  for (const [prefix, text] of received) {
    if (expected.has(prefix)) continue;
    differences.push({ prefix: formatPrefix(prefix), expected: NOTHING, seen: text });
  }
  return differences;
}

/** Only the attributes that differ. */
function narrowed(expected: string, seen: string | undefined): Omit<Difference, 'prefix'> {
  if (seen === undefined) return { expected, seen: NOTHING };
  const [ours, theirs] = [new Set(expected.split(' ')), new Set(seen.split(' '))];
  const only = (these: Set<string>, those: Set<string>): string =>
    [...these].filter((attribute) => !those.has(attribute)).join(' ') || NOTHING;
  return { expected: only(ours, theirs), seen: only(theirs, ours) };
}

/** The first `most` in full, then how many there are. */
export function formatDifferences(differences: readonly Difference[], most = 10): string {
  const lines = differences
    .slice(0, most)
    .map(({ prefix, expected, seen }) => `${prefix}: expected ${expected}; seen ${seen}`);
  const rest = differences.length - lines.length;
  return [...lines, ...(rest > 0 ? [`… and ${rest} more`] : [])].join('\n');
}
