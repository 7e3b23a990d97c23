/** What a check of the tree has to say: where, which rule, what is wrong and what would be right. */

export interface Finding {
  /** Relative to the root of the repository. */
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly what: string;
  readonly remedy: string;
  /** A warning is listed and fails nothing. */
  readonly severity: 'error' | 'warning';
}

/** `file:line rule: what. Remedy`. */
export function formatFinding(finding: Finding): string {
  const { file, line, rule, what, remedy } = finding;
  return `${file}:${line} ${rule}: ${what}; ${remedy}`;
}
