/**
 * The "did you mean" of every message about a name that is not known.
 *
 * Invariant: a pure function of its arguments; of equally near names the first in the list is given.
 */

/** The candidate nearest to `text` when it is near enough to be a slip of the finger; otherwise undefined. */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  const wanted = text.toLowerCase();
  // A third of the letters may differ: `peerIp` finds `peerIP`, `foo` finds nothing in `bar`.
  // Of one or two letters nothing is a slip: any word would do.
  let limit = wanted.length < 3 ? 0 : Math.max(1, Math.floor(wanted.length / 3));
  let found: string | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance <= limit && (found === undefined || distance < limit)) {
      found = candidate;
      limit = distance;
    }
  }
  return found;
}

/** Edits (insert, delete, replace, swap of neighbours) between two words. O(a·b). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(
        rows[i - 1]![j]! + 1,
        row[j - 1]! + 1,
        rows[i - 1]![j - 1]! + (same ? 0 : 1),
      );
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
