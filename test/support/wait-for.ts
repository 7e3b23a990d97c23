/**
 * Waiting in system tests: poll a condition until it holds, and say what was last seen if it
 * never does. There are no fixed sleeps in system tests; this is what stands in their place.
 */
import { isDeepStrictEqual } from 'node:util';

export interface WaitOptions {
  /** What is waited for, as it appears in the failure. */
  readonly what: string;
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/**
 * Polls `look` until `holds` is true of what it returns, and returns that value.
 *
 * An exception from `look` counts as "not yet" (a daemon's socket may not exist at first) and is
 * shown as the last thing seen when time runs out.
 */
export async function waitFor<T>(
  look: () => Promise<T> | T,
  holds: (seen: T) => boolean,
  options: WaitOptions,
): Promise<T> {
  const { what, timeoutMs = 20_000, intervalMs = 100 } = options;
  const end = performance.now() + timeoutMs;
  let last = 'nothing';
  for (;;) {
    try {
      const seen = await look();
      if (holds(seen)) return seen;
      last = typeof seen === 'string' ? seen : (JSON.stringify(seen) ?? String(seen));
    } catch (error) {
      last = `error: ${(error as Error).message}`;
    }
    if (performance.now() >= end) {
      throw new Error(`Waited ${timeoutMs} ms for ${what}; last seen: ${last.slice(0, 4_000)}`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, intervalMs);
    });
  }
}

/** Polls until `look` returns something deeply equal to `expected`. */
export function waitForEqual<T>(
  look: () => Promise<T> | T,
  expected: T,
  options: WaitOptions,
): Promise<T> {
  return waitFor(look, (seen) => isDeepStrictEqual(seen, expected), options);
}

/** Watches for `forMs` and fails as soon as `holds` is not true of what `look` returns. */
export async function staysTrue<T>(
  look: () => Promise<T> | T,
  holds: (seen: T) => boolean,
  options: { readonly what: string; readonly forMs: number; readonly intervalMs?: number },
): Promise<void> {
  const end = performance.now() + options.forMs;
  do {
    const seen = await look();
    if (!holds(seen)) {
      throw new Error(`${options.what} did not stay so; seen: ${JSON.stringify(seen)}`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, options.intervalMs ?? 100);
    });
  } while (performance.now() < end);
}
