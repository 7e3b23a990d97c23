/**
 * Why no session with a peer may come up: by hand, because the node is drained, for want of the VRF or of a secret, in quarantine,
 * beyond a limit. Each ends by itself only.
 *
 * Invariant: a reason of one kind is never lifted by the end of another; a plan that changes lifts nothing but what
 * the plan itself asked for.
 */

export type HoldKind = 'operator' | 'drain' | 'vrf' | 'secret' | 'quarantine' | 'prefix-limit';

/** The first that is there is the one that is shown. */
const KINDS: readonly HoldKind[] = [
  'operator',
  'drain',
  'vrf',
  'secret',
  'quarantine',
  'prefix-limit',
];

export class Holds {
  /** Nearly no peer is held: there is a map while there is a reason. */
  #reasons: Map<HoldKind, string> | undefined;

  /** A sentence; undefined when nothing holds the peer. */
  get because(): string | undefined {
    const reasons = this.#reasons;
    if (reasons === undefined) return undefined;
    const kind = KINDS.find((candidate) => reasons.has(candidate));
    return kind === undefined ? undefined : reasons.get(kind);
  }

  has(kind: HoldKind): boolean {
    return this.#reasons?.has(kind) === true;
  }

  /** @param reason  Undefined: no longer. */
  set(kind: HoldKind, reason: string | undefined): void {
    if (reason !== undefined) {
      this.#reasons ??= new Map();
      this.#reasons.set(kind, reason);
    } else if (this.#reasons?.delete(kind) === true && this.#reasons.size === 0) {
      this.#reasons = undefined;
    }
  }
}
