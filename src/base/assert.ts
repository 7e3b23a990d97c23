/**
 * Assertions about our own code. A failure is always our bug, never a peer's or an operator's fault.
 *
 * The core never catches `AssertionError`; the loop does, and decides what it costs (one peer or the process).
 */

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
  readonly code = 'ERR_GODWIT_ASSERTION';
}

/** Throws when `condition` is false. `what` says what should have held, in words. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new AssertionError(`Assertion failed: ${what}`);
}

/** Marks a branch that the types prove impossible. */
export function unreachable(value: never): never {
  throw new AssertionError(`Unreachable value: ${String(value)}`);
}

/** Narrows away `undefined` where the code around it guarantees a value. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new AssertionError(`Missing: ${what}`);
  return value;
}
