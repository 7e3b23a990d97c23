/**
 * Why no session with a peer may come up: by hand, because the node is drained, for want of a secret, in quarantine. Each ends by itself only.
 *
 * Invariant: a reason of one kind is never lifted by the end of another; a plan that changes lifts nothing but what
 * the plan itself asked for.
 */

export type HoldKind = 'operator' | 'drain' | 'secret' | 'quarantine';

/** The first that is there is the one that is shown. */
const KINDS: readonly HoldKind[] = ['operator', 'drain', 'secret', 'quarantine'];

export class Holds {
  readonly #reasons = new Map<HoldKind, string>();

  /** A sentence; undefined when nothing holds the peer. */
  get because(): string | undefined {
    const kind = KINDS.find((candidate) => this.#reasons.has(candidate));
    return kind === undefined ? undefined : this.#reasons.get(kind);
  }

  has(kind: HoldKind): boolean {
    return this.#reasons.has(kind);
  }

  /** @param reason  Undefined: no longer. */
  set(kind: HoldKind, reason: string | undefined): void {
    if (reason === undefined) this.#reasons.delete(kind);
    else this.#reasons.set(kind, reason);
  }
}
