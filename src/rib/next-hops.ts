/**
 * Distinct next hops, and what is known about reaching them (RFC 4271 §5.1.3, §9.1.2.1).
 *
 * The speaker resolves; this table remembers, and tells every RIB which next hops changed, as a bit set that the RIB
 * works off with one sliced scan of its paths. Invariant: no list of paths a next hop, so a flapping next hop with a
 * million dependents costs a scan, not a million list operations.
 */

import { hashOctets } from '../base/hash.ts';
import { capacityFor, grown } from '../net/columns.ts';
import { IdIndex } from '../net/id-index.ts';
import { type IpAddress, ipFromOctets } from '../net/ip-address.ts';
import type { NextHopId } from './ids.ts';

export interface NextHopState {
  readonly reachable: boolean;
  /** IGP metric: the kernel's, unsigned 32 bits, lower is nearer. */
  readonly metric: number;
  /** A number of the speaker's own, e.g. a kernel resolution; 0 = none. A change of it alone counts as a change. */
  readonly handle: number;
}

/** Next hop octets a row: global and link-local IPv6 address. */
const OCTETS = 32;

const Flag = { REACHABLE: 1, USED: 2, LIVE: 4, NEW: 8 } as const;

/** Next hops whose resolution changed, for one RIB. */
export class NextHopChanges {
  #bits = new Uint32Array(32);
  /** Moves with every change, also of a next hop that is in the set already. */
  version = 0;

  add(id: NextHopId): void {
    this.version++;
    if (id >>> 5 >= this.#bits.length) {
      this.#bits = grown(this.#bits, Math.max(this.#bits.length * 2, (id >>> 5) + 1));
    }
    this.#bits[id >>> 5]! |= 1 << (id & 31);
  }

  has(id: NextHopId): boolean {
    const word = id >>> 5;
    return word < this.#bits.length && (this.#bits[word]! & (1 << (id & 31))) !== 0;
  }

  clear(): void {
    this.#bits.fill(0);
  }
}

export class NextHops {
  readonly #seed: number;
  readonly #index = new IdIndex();
  #octets = new Uint8Array(capacityFor(0) * OCTETS);
  #lengths = new Uint8Array(capacityFor(0));
  #flags = new Uint8Array(capacityFor(0));
  #metrics = new Uint32Array(capacityFor(0));
  #handles = new Uint32Array(capacityFor(0));
  #refs = new Uint32Array(capacityFor(0)); // attribute sets that name it; link of the free list when none
  #hashes = new Int32Array(capacityFor(0));
  /** Addresses as text, once asked for: the kernel side asks once a prefix. */
  readonly #addresses: (IpAddress | undefined)[] = [];
  #top = 0;
  #free = 0;
  #new: NextHopId[] = [];
  #subscribers: NextHopChanges[] = [];
  readonly #span = { start: 0, end: 0 };

  constructor(seed: number) {
    this.#seed = seed;
  }

  get size(): number {
    return this.#index.size;
  }

  /** Largest id ever given. */
  get top(): number {
    return this.#top;
  }

  /** A set of changes of its own for each RIB. */
  subscribe(): NextHopChanges {
    const changes = new NextHopChanges();
    this.#subscribers.push(changes);
    return changes;
  }

  /** One more attribute set names the next hop `octets[start..end)`: 4, 16 or 32 octets. */
  retain(octets: Uint8Array, start: number, end: number): NextHopId {
    const span = this.#span;
    span.start = start;
    span.end = end;
    const hash = hashOctets(octets, span, this.#seed);
    let id = this.#index.first(hash, 0);
    while (id !== 0 && !this.#equals(id, octets, span)) id = this.#index.next();
    if (id === 0) id = this.#add(octets, span, hash);
    this.#refs[id]!++;
    return id;
  }

  /** Whether any attribute set names this address, 4 or 16 octets. */
  names(octets: Uint8Array): boolean {
    const span = { start: 0, end: octets.length };
    let id = this.#index.first(hashOctets(octets, span, this.#seed), 0);
    while (id !== 0 && !this.#equals(id, octets, span)) id = this.#index.next();
    return id !== 0;
  }

  release(id: NextHopId): void {
    if (--this.#refs[id]! > 0) return;
    this.#index.remove(this.#hashes[id]!, 0, id);
    this.#flags[id] = 0;
    this.#refs[id] = this.#free;
    this.#free = id;
  }

  /** Next hops met since the last call: resolved before `announce`, they cost no scan. */
  takeNew(visit: (id: NextHopId) => void): void {
    if (this.#new.length === 0) return;
    const met = this.#new;
    this.#new = [];
    for (const id of met) {
      if ((this.#flags[id]! & Flag.NEW) === 0) continue;
      this.#flags[id]! &= ~Flag.NEW;
      visit(id);
    }
  }

  get hasNew(): boolean {
    return this.#new.length > 0;
  }

  forEach(visit: (id: NextHopId) => void): void {
    for (let id = 1; id <= this.#top; id++) if ((this.#flags[id]! & Flag.LIVE) !== 0) visit(id);
  }

  isLive(id: NextHopId): boolean {
    return id > 0 && id <= this.#top && (this.#flags[id]! & Flag.LIVE) !== 0;
  }

  /** What the speaker found out. @returns Whether anything changed. */
  resolve(id: NextHopId, state: NextHopState): boolean {
    const reachable = (this.#flags[id]! & Flag.REACHABLE) !== 0;
    if (
      reachable === state.reachable &&
      this.#metrics[id] === state.metric >>> 0 &&
      this.#handles[id] === state.handle >>> 0
    ) {
      return false;
    }
    if (state.reachable) this.#flags[id]! |= Flag.REACHABLE;
    else this.#flags[id]! &= ~Flag.REACHABLE;
    this.#metrics[id] = state.metric;
    this.#handles[id] = state.handle;
    if ((this.#flags[id]! & Flag.USED) !== 0) {
      for (const changes of this.#subscribers) changes.add(id);
    }
    return true;
  }

  /** From now on a path depends on it, so a change must be looked for. */
  markUsed(id: NextHopId): void {
    if (id !== 0) this.#flags[id]! |= Flag.USED;
  }

  isReachable(id: NextHopId): boolean {
    return (this.#flags[id]! & Flag.REACHABLE) !== 0;
  }

  metricOf(id: NextHopId): number {
    return this.#metrics[id]!;
  }

  handleOf(id: NextHopId): number {
    return this.#handles[id]!;
  }

  /** 4, 16 or 32 octets, as a view. */
  octetsOf(id: NextHopId): Uint8Array {
    return this.#octets.subarray(id * OCTETS, id * OCTETS + this.#lengths[id]!);
  }

  /** 4, 16 or 32. */
  lengthOf(id: NextHopId): number {
    return this.#lengths[id]!;
  }

  /** The global address (the only one, where there is one). */
  addressOf(id: NextHopId): IpAddress {
    const known = this.#addresses[id];
    if (known !== undefined) return known;
    const octets = this.octetsOf(id);
    const address = ipFromOctets(octets.length === 4 ? octets : octets.subarray(0, 16));
    this.#addresses[id] = address;
    return address;
  }

  /** The link-local address beside a global one (RFC 2545 §3). */
  linkLocalOf(id: NextHopId): IpAddress | undefined {
    const octets = this.octetsOf(id);
    return octets.length === 32 ? ipFromOctets(octets.subarray(16)) : undefined;
  }

  #equals(id: number, octets: Uint8Array, span: { start: number; end: number }): boolean {
    const { start, end } = span;
    if (this.#lengths[id] !== end - start) return false;
    let at = id * OCTETS;
    for (let i = start; i < end; i++) if (this.#octets[at++] !== octets[i]) return false;
    return true;
  }

  #add(octets: Uint8Array, span: { start: number; end: number }, hash: number): NextHopId {
    let id = this.#free;
    if (id !== 0) this.#free = this.#refs[id]!;
    else {
      id = ++this.#top;
      if (id >= this.#flags.length) this.#grow(capacityFor(id));
    }
    for (let i = span.start, at = id * OCTETS; i < span.end; i++) this.#octets[at++] = octets[i]!;
    this.#addresses[id] = undefined;
    this.#lengths[id] = span.end - span.start;
    this.#flags[id] = Flag.LIVE | Flag.NEW;
    this.#metrics[id] = 0;
    this.#handles[id] = 0;
    this.#refs[id] = 0;
    this.#hashes[id] = hash;
    this.#index.insert(hash, 0, id);
    this.#new.push(id);
    return id;
  }

  #grow(rows: number): void {
    this.#octets = grown(this.#octets, rows, OCTETS);
    this.#lengths = grown(this.#lengths, rows);
    this.#flags = grown(this.#flags, rows);
    this.#metrics = grown(this.#metrics, rows);
    this.#handles = grown(this.#handles, rows);
    this.#refs = grown(this.#refs, rows);
    this.#hashes = grown(this.#hashes, rows);
  }
}
