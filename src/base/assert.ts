/**
 * Assertions about our own code. A failure is always our bug, never a peer's or an operator's fault.
 *
 * The speaker catches what one peer's octets bring out, which costs that peer; the loop ends the process on all else.
 */

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
  readonly code = 'ERR_GODWIT_ASSERTION';
  /** What all peers share is broken: nothing that follows can be trusted. */
  readonly shared: boolean;

  constructor(message: string, { shared = false }: { readonly shared?: boolean } = {}) {
    super(message);
    this.shared = shared;
  }
}

/** Throws when `condition` is false. `what` says what should have held, in words. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new AssertionError(`Assertion failed: ${what}`);
}

/** As `assert`, for tables and counters that all peers share. */
export function assertShared(condition: boolean, what: string): asserts condition {
  if (!condition) throw new AssertionError(`Assertion failed: ${what}`, { shared: true });
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
