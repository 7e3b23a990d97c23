/**
 * The mark that a test which did not run carries in its title, so that every reporter shows the
 * reason and `tools/test.ts` can count it in the right class.
 */

/** *skipped*: somebody's mistake. *n/a here*: the machine cannot, and the reviewed list says so. */
export type Absence = 'skipped' | 'n/a here';

export interface Mark {
  readonly kind: Absence;
  readonly reason: string;
}

/** `title [skipped: reason]` or `title [n/a here: reason]`. */
export function markTitle(title: string, { kind, reason }: Mark): string {
  return `${title} [${kind}: ${reason}]`;
}

/** What `markTitle` wrote at the end of one of `titles`, outermost first; undefined without a mark. */
export function readMark(titles: readonly string[]): Mark | undefined {
  for (const title of titles) {
    const match = /\[(skipped|n\/a here): (.*)\]$/s.exec(title);
    if (match !== null) return { kind: match[1] as Absence, reason: match[2]! };
  }
  return undefined;
}
