/** The listen ranges of the running plan, and which peers are there by which; what they mean is in `dynamic-peers.ts`. */

import type { Millis } from '../base/units.ts';
import { sameData } from '../datastore/plan-data.ts';
import type { ListenRange, PeerPlan } from '../datastore/plan-types.ts';
import type { AfiSafi } from '../net/afi-safi.ts';
import type { IpAddress } from '../net/ip-address.ts';
import { prefixCovers, prefixLength } from '../net/prefix.ts';
import type { Policy } from '../policy/types.ts';
import type { Peer } from './peer.ts';
import type { ListenRangeView } from './snapshot.ts';

export type Refusal = 'full' | 'rate' | 'secret' | 'room';

export interface RangeState {
  range: ListenRange;
  peers: number;
  /** New peers that may come now; refilled evenly, never more than a minute's worth. */
  tokens: number;
  refilled: Millis;
}

export class DynamicPeers {
  /** The longest prefix first. */
  #ranges: readonly RangeState[] = [];
  readonly #members = new Map<Peer, RangeState>();
  /** Something happened to them in this step: they may have to go. */
  readonly #touched = new Set<Peer>();
  readonly refused: Record<Refusal, number> = { full: 0, rate: 0, secret: 0, room: 0 };

  get peers(): IterableIterator<Peer> {
    return this.#members.keys();
  }

  get count(): number {
    return this.#members.size;
  }

  /** Ranges with the peers that are there by them. */
  get ranges(): readonly { readonly range: ListenRange; readonly peers: number }[] {
    return this.#ranges;
  }

  /** By prefix. */
  views(): ListenRangeView[] {
    const views = this.#ranges.map(({ range, peers }) => ({
      prefix: range.prefix,
      profile: range.profile,
      neighbors: peers,
      neighborsMax: range.peersMax,
    }));
    return views.sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
  }

  /** Somebody may call who carries `family`. */
  expects(family: AfiSafi): boolean {
    return this.#ranges.some(({ range }) => range.peer.families.includes(family));
  }

  has(peer: Peer): boolean {
    return this.#members.has(peer);
  }

  /** A range that says the same stays the same object, and with it its policies. */
  setRanges(ranges: readonly ListenRange[], now: Millis): void {
    const known = new Map(this.#ranges.map((state) => [state.range.prefix, state]));
    const next = ranges.map((range) => {
      const state = known.get(range.prefix);
      if (state === undefined) return { range, peers: 0, tokens: range.rateMax, refilled: now };
      if (!sameData(state.range, range)) {
        state.range = range;
        state.tokens = Math.min(state.tokens, range.rateMax);
      }
      return state;
    });
    this.#ranges = next.sort((a, b) => prefixLength(b.range.prefix) - prefixLength(a.range.prefix));
  }

  rangeOf(address: IpAddress): RangeState | undefined {
    return this.#ranges.find(({ range }) => prefixCovers(range.prefix, address));
  }

  add(peer: Peer, state: RangeState): void {
    state.peers++;
    state.tokens--;
    this.#members.set(peer, state);
  }

  remove(peer: Peer): void {
    const state = this.#members.get(peer);
    if (state === undefined) return;
    state.peers--;
    this.#members.delete(peer);
    this.#touched.delete(peer);
  }

  /** The peer is by another range from now on: a longer one has come, or its own has gone. */
  move(peer: Peer, to: RangeState): void {
    const from = this.#members.get(peer);
    if (from === undefined || from === to) return;
    from.peers--;
    to.peers++;
    this.#members.set(peer, to);
  }

  touch(peer: Peer): void {
    if (this.#members.has(peer)) this.#touched.add(peer);
  }

  takeTouched(): readonly Peer[] {
    if (this.#touched.size === 0) return NOBODY;
    const touched = [...this.#touched];
    this.#touched.clear();
    return touched;
  }

  /** What new peers of these ranges are made of, for what is kept for those in use. */
  policies(): Policy[] {
    const plans = [...this.#ranges.map(({ range }) => range.peer), ...planOfEach(this.peers)];
    return plans.flatMap((plan) => [plan.importPolicy, plan.exportPolicy]);
  }
}

const NOBODY: readonly Peer[] = [];

function planOfEach(peers: Iterable<Peer>): PeerPlan[] {
  return [...peers].map((peer) => peer.plan);
}
