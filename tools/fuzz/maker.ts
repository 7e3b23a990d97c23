/**
 * The actions of one round, made one after the other from a seed and a corpus. Nothing that a target does changes
 * what comes next, so that a round can be made again to be written down.
 */

import type { Action } from './action.ts';
import { Chance } from './chance.ts';
import type { Corpus } from './corpus.ts';
import { type Bench, damageHeader, OCTET_WAYS } from './damage.ts';
import { damageOpen } from './damage-open.ts';
import { damageUpdate, partsOf } from './damage-update.ts';
import { Draft } from './draft.ts';
import { TlvList } from './tlv-list.ts';

const OPEN = 1;
const UPDATE = 2;
const TYPE_AT = 18;
const HOLD = { hold: true } as const;
/** What happens beside messages. */
const EVENTS = ['lose', 'stale', 'sweep', 'call', 'refresh', 'rejoin', 'import', 'export'] as const;

export interface MakerOptions {
  readonly seed: number;
  readonly peers: number;
  /** The peer that puts path identifiers in front of its prefixes; undefined = none does. */
  readonly pathIdsOf: number | undefined;
  /** Messages between two settles, on average. */
  readonly batch: number;
}

export class Maker {
  readonly #options: MakerOptions;
  readonly #chance: Chance;
  readonly #corpus: Corpus;
  readonly #bench: Bench;

  constructor(corpus: Corpus, options: MakerOptions) {
    this.#options = options;
    this.#corpus = corpus;
    this.#chance = new Chance(options.seed);
    this.#bench = {
      draft: new Draft(),
      donor: new Draft(),
      list: new TlvList(),
      donorList: new TlvList(),
      chance: this.#chance,
      pathIds: false,
    };
  }

  next(): Action {
    const chance = this.#chance;
    const { peers, batch } = this.#options;
    if (chance.once(batch)) return { op: 'settle' };
    if (chance.once(400)) {
      return { op: chance.from(EVENTS), peer: chance.below(peers) };
    }
    const seed = this.#corpus.pick(chance);
    const peer = seed.peer ?? chance.below(peers);
    const { draft } = this.#bench;
    this.#bench.pathIds = peer === this.#options.pathIdsOf;
    draft.load(seed.octets);
    this.#damage(seed.octets[TYPE_AT]);
    const octets = draft.view();
    const cut = chance.once(4) ? this.#cut(octets.length) : 0;
    return { op: 'message', peer, octets, cut, ...(cut > 0 && chance.once(4) && HOLD) };
  }

  /** Mostly in two; else drop by drop, as fine as leaves few hundred chunks. */
  #cut(length: number): number {
    const chance = this.#chance;
    if (!chance.once(8)) return chance.below(length);
    return -Math.max(chance.from([1, 2, 7, 18, 19, 20]), length >>> 7);
  }

  #damage(type: number | undefined): void {
    const chance = this.#chance;
    const bench = this.#bench;
    const changes = chance.once(8) ? 0 : 1 + (chance.once(2) ? chance.below(3) : 0);
    if (changes > 0) this.#chooseDonor();
    for (let i = 0; i < changes; i++) {
      if (type === UPDATE) damageUpdate(bench);
      else if (type === OPEN) damageOpen(bench);
      else chance.from(OCTET_WAYS)(bench);
    }
    if (chance.once(100)) damageHeader(bench);
  }

  #chooseDonor(): void {
    const { donor, donorList } = this.#bench;
    donorList.count = 0;
    const { octets } = this.#corpus.pick(this.#chance);
    donor.load(octets);
    if (octets[TYPE_AT] === OPEN && octets.length > 31) {
      donorList.scan(donor, { start: 31, end: octets.length }, 'capability');
    }
    if (octets[TYPE_AT] !== UPDATE) return;
    const parts = partsOf(donor);
    if (parts === undefined) return;
    donorList.scan(donor, { start: parts.attributesStart, end: parts.attributesEnd }, 'attribute');
  }
}
