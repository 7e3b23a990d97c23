/**
 * For the tests of this folder: a sender of public test messages beside one observer of each kind, kept from message
 * to message as long as the session stands, so that nothing of one may be left for the next.
 */

import { SELF, SENDER } from '../../../test/support/vectors/told.ts';
import { Observed, type Party, type Talk } from './observed.ts';

export type PeerType = 'ebgp' | 'ibgp';

/** eBGP; eBGP with 2-octet AS numbers only; iBGP as a reflector's client. */
const OBSERVERS: readonly Party[] = [
  { address: '198.51.100.11', as: 65_020, as4: true },
  { address: '198.51.100.12', as: 65_021, as4: false },
  { address: '198.51.100.13', as: SELF.as, as4: true, rrClient: true },
];

export interface VectorStage {
  readonly observed: Observed;
  readonly sender: Talk;
  readonly observers: readonly Talk[];
  readonly peerType: PeerType;
}

/** Longer than the time in which at most one fault of a peer is told. */
const BETWEEN_MESSAGES_MS = 11_000;

export class VectorStages {
  readonly #free = new Map<string, VectorStage>();

  of(peerType: PeerType, as4: boolean): VectorStage {
    const key = `${peerType} ${as4}`;
    const kept = this.#free.get(key);
    if (kept !== undefined) return kept;
    const sender = { address: SENDER.address, as: peerType === 'ebgp' ? SENDER.as : SELF.as, as4 };
    const observed = new Observed([sender, ...OBSERVERS]);
    const stage: VectorStage = {
      peerType,
      observed,
      sender: observed.establish(sender),
      observers: OBSERVERS.map((party) => observed.establish(party)),
    };
    this.#free.set(key, stage);
    for (const { heard } of [stage.sender, ...stage.observers]) heard.length = 0;
    return stage;
  }

  /** @param used  The session of the sender is not what it was: the next message gets another. */
  putBack(stage: VectorStage, used: boolean): void {
    stage.observed.now += BETWEEN_MESSAGES_MS;
    if (used) this.#free.delete(`${stage.peerType} ${stage.sender.party.as4}`);
  }

  clear(): void {
    this.#free.clear();
  }
}
