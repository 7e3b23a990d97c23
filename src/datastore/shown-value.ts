/**
 * A value as a message may repeat it: enough to recognise it, and nothing that is or may be a secret.
 *
 * Whoever writes a password where it does not belong (as a number, in a list, in a URL, in the place of the reference)
 * has made a mistake that is told to everybody who reads the log: the place is named, the value is not.
 */

import type { Path } from './documents.ts';

/** Longest value repeated, in characters. */
const SHOWN_MAX = 80;

/** Keys whose value is a secret, or where people write one by mistake. `data`, `stringData`: of a Secret. */
const SECRET_KEY = /^(data|stringData|key|auth|credentials)$|pass(word|wd|phrase)|secret|token/i;

const HIDDEN = '…';

/** Undefined: the value is not to be repeated at all. */
export function shownValue(path: Path, value: unknown): string | undefined {
  if (path.some((part) => typeof part === 'string' && SECRET_KEY.test(part))) return undefined;
  const text =
    typeof value === 'string' ? value : (JSON.stringify(value, withoutSecrets) ?? String(value));
  // RFC 3986 §3.2.1: user information of a URL.
  const safe = text.replace(/(:\/\/)[^/@\s]*@/g, `$1${HIDDEN}@`);
  return safe.length > SHOWN_MAX ? `${safe.slice(0, SHOWN_MAX - 1)}…` : safe;
}

function withoutSecrets(key: string, value: unknown): unknown {
  return SECRET_KEY.test(key) ? HIDDEN : value;
}
