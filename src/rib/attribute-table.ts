/**
 * Interned attribute sets: equal canonical octets are one `AttributesId`, with the facts that decisions need as columns.
 *
 * Reference counts: paths (twice where import policy changed the set), Adj-RIB-Out entries. A set that nobody names
 * waits in limbo until `collect`, so that a flap finds it again. Invariant: an id is given to another set only when no
 * table names it; whoever remembers ids without counting them is told by `onFree`.
 *
 * Memory: 46 octets a set and its octets rounded up to 8, and 2 slots of an index at most.
 */

import { assertShared } from '../base/assert.ts';
import { hashOctets } from '../base/hash.ts';
import { capacityFor, grown, ROWS_MAX } from '../net/columns.ts';
import { IdIndex } from '../net/id-index.ts';
import {
  type AttributeFacts,
  attributeFacts,
  emptyAttributeFacts,
} from '../wire/attributes/facts.ts';
import { IdQueue } from './id-queue.ts';
import type { AttributesId, NextHopId } from './ids.ts';
import type { NextHops } from './next-hops.ts';
import { OctetArena } from './octet-arena.ts';

/** Bits of `flagsOf`. */
export const SetFlag = {
  NoExport: 1,
  NoAdvertise: 2,
  NoExportSubconfed: 4,
  LlgrStale: 8,
  HasMed: 16,
  HasLocalPref: 32,
  HasOriginatorId: 64,
  /** Decision facts and next hop are filled in. */
  Facts: 128,
  Limbo: 256,
  Live: 512,
  /** These very octets were judged and accepted as received from a peer with 4-octet AS numbers: an external one, … */
  SoundEbgp: 1024,
  /** … an internal one. */
  SoundIbgp: 2048,
  /** ONLY_TO_CUSTOMER (RFC 9234). */
  HasOtc: 32_768,
  GracefulShutdown: 4096,
  NoLlgr: 8192,
  /** AS_SET or AS_CONFED_SET in AS_PATH (RFC 9774). */
  HasAsSet: 16_384,
} as const;

export interface OctetSpan {
  readonly start: number;
  readonly end: number;
}

/** RFC 4271 §5.1.5 leaves the value of an absent LOCAL_PREF to us; 100 is everybody's. */
export const LOCAL_PREF_DEFAULT = 100;
/** Sets whose index slots are loaded together before they are dropped (`IdIndex.touch`). */
const BATCH = 32;
/** Attribute sets held at most. */
const SETS_MAX = ROWS_MAX;

/** Octets of a row: seven columns of four, two of two, one of eight. */
const ROW_OCTETS = 40;

export class AttributeTable {
  readonly nextHops: NextHops;
  /** Called before a set goes, so that what was remembered about it goes first. */
  readonly onFree = new Set<(id: AttributesId) => void>();
  readonly #seed: number;
  readonly #index = new IdIndex();
  readonly #arena = new OctetArena();
  readonly #limbo = new IdQueue();
  readonly #facts: AttributeFacts = emptyAttributeFacts();
  readonly #span = { octets: new Uint8Array(0), start: 0, end: 0 };
  #hashes = new Int32Array(capacityFor(0));
  #refs = new Uint32Array(capacityFor(0)); // link of the free list when free
  #octets = new Uint32Array(capacityFor(0)); // ArenaRef
  #lengths = new Uint32Array(capacityFor(0));
  #flags = new Uint16Array(capacityFor(0));
  #ranks = new Float64Array(capacityFor(0));
  #neighborAs = new Uint32Array(capacityFor(0));
  #meds = new Uint32Array(capacityFor(0));
  #originators = new Uint32Array(capacityFor(0));
  #clusterLengths = new Uint16Array(capacityFor(0));
  #nextHopIds = new Uint32Array(capacityFor(0));
  readonly #batch = new Uint32Array(BATCH);
  #warmth = 0; // written only
  #top = 0;
  #free = 0;
  #freed = 0;

  constructor(options: { seed: number; nextHops: NextHops }) {
    this.#seed = options.seed;
    this.nextHops = options.nextHops;
  }

  /** Sets held, those in limbo included. */
  get size(): number {
    return this.#index.size;
  }

  get octetsHeld(): number {
    return this.#arena.held;
  }

  /** Attributes and the columns of the rows that were ever used, with their index. */
  get octetsInUse(): number {
    return this.#arena.held + this.#top * ROW_OCTETS + this.#index.octets;
  }

  get arena(): OctetArena {
    return this.#arena;
  }

  /** Moves whenever an id may come to mean another set. */
  get freed(): number {
    return this.#freed;
  }

  /** The id of `octets[start..end)`, canonical; in limbo until somebody retains it. 0 when the table is full. */
  intern(octets: Uint8Array, start = 0, end: number = octets.length): AttributesId {
    const span = { start, end };
    const hash = this.hashOf(octets, span);
    const found = this.find(hash, octets, span);
    return found === 0 ? this.add(hash, octets, span) : found;
  }

  hashOf(octets: Uint8Array, span: OctetSpan): number {
    return hashOctets(octets, span, this.#seed);
  }

  /** The set with these canonical octets; 0 when there is none. `hash` as `hashOf` gives it. */
  find(hash: number, octets: Uint8Array, span: OctetSpan): AttributesId {
    const index = this.#index;
    for (let id = index.first(hash, 0); id !== 0; id = index.next()) {
      if (this.equals(id, octets, span)) return id;
    }
    return 0;
  }

  retain(id: AttributesId): void {
    this.#refs[id]!++;
  }

  release(id: AttributesId): void {
    assertShared(this.#refs[id]! > 0, 'a released attribute set is held');
    if (--this.#refs[id]! === 0) this.#toLimbo(id);
  }

  /** Sets that nobody names, or that did not when they were noted. */
  get limboSize(): number {
    return this.#limbo.size;
  }

  /** References by tables; 0 in limbo. */
  refsOf(id: AttributesId): number {
    return this.#refs[id]!;
  }

  isLive(id: AttributesId): boolean {
    return id > 0 && id <= this.#top && (this.#flags[id]! & SetFlag.Live) !== 0;
  }

  /** Frees about `budget` sets that nobody names, keeping the newest `keep` in limbo; true when more is left. */
  collect(budget: number, keep = 0): boolean {
    const limbo = this.#limbo;
    const batch = this.#batch;
    for (let done = 0; done < budget && limbo.size > keep; done += BATCH) {
      let count = 0;
      for (; count < BATCH && limbo.size > keep; count++) {
        const id = limbo.shift();
        this.#warmth ^= this.#index.touch(this.#hashes[id]!, 0);
        batch[count] = id;
      }
      for (let i = 0; i < count; i++) {
        const id = batch[i]!;
        this.#flags[id]! &= ~SetFlag.Limbo;
        if (this.#refs[id] === 0) this.#drop(id);
      }
    }
    return limbo.size > keep;
  }

  /** Canonical octets as a view; valid until the set is freed. */
  octetsOf(id: AttributesId): Uint8Array {
    return this.#arena.view(this.#octets[id]!, this.#lengths[id]!);
  }

  /** As `octetsOf` without making a view: fills `span` with where the octets stand. */
  locate(id: AttributesId, span: { octets: Uint8Array; start: number; end: number }): void {
    const ref = this.#octets[id]!;
    span.octets = this.#arena.chunkOf(ref);
    span.start = this.#arena.offsetOf(ref);
    span.end = span.start + this.#lengths[id]!;
  }

  lengthOf(id: AttributesId): number {
    return this.#lengths[id]!;
  }

  equals(id: AttributesId, octets: Uint8Array, span: OctetSpan): boolean {
    return (
      this.#lengths[id] === span.end - span.start &&
      this.#arena.equals(this.#octets[id]!, octets, span)
    );
  }

  flagsOf(id: AttributesId): number {
    return this.#flags[id]!;
  }

  /** Notes `SoundEbgp` or `SoundIbgp`. */
  addFlag(id: AttributesId, flag: number): void {
    this.#flags[id]! |= flag;
  }

  /** LOCAL_PREF, AS_PATH length and ORIGIN as one number, lower is better (RFC 4271 §9.1.1, §9.1.2.2 a and b). */
  rankOf(id: AttributesId): number {
    return this.#ranks[id]!;
  }

  localPrefOf(id: AttributesId): number {
    return 0xffff_ffff - Math.floor(this.#ranks[id]! / 0x4_0000);
  }

  asPathLengthOf(id: AttributesId): number {
    return Math.floor(this.#ranks[id]! / 4) % 0x1_0000;
  }

  originOf(id: AttributesId): number {
    return this.#ranks[id]! % 4;
  }

  neighborAsOf(id: AttributesId): number {
    return this.#neighborAs[id]!;
  }

  /** 0 when absent (RFC 4271 §9.1.2.2 c). */
  medOf(id: AttributesId): number {
    return this.#meds[id]!;
  }

  /** 0 when absent. */
  originatorIdOf(id: AttributesId): number {
    return this.#originators[id]!;
  }

  clusterListLengthOf(id: AttributesId): number {
    return this.#clusterLengths[id]!;
  }

  /** 0 when the set has no next hop. */
  nextHopOf(id: AttributesId): NextHopId {
    return this.#nextHopIds[id]!;
  }

  /** Fills in decision facts and next hop; sets that are only sent never pay for them. */
  loadFacts(id: AttributesId): void {
    if ((this.#flags[id]! & SetFlag.Facts) !== 0) return;
    const facts = this.#facts;
    const span = this.#span;
    this.locate(id, span);
    const { octets } = span;
    attributeFacts(octets, facts, span);
    const localPref = facts.localPref < 0 ? LOCAL_PREF_DEFAULT : facts.localPref;
    const pathLength = Math.min(facts.asPathLength, 0xffff);
    this.#ranks[id] = (0xffff_ffff - localPref) * 0x4_0000 + pathLength * 4 + facts.origin;
    this.#neighborAs[id] = facts.neighborAs;
    this.#meds[id] = Math.max(0, facts.med);
    this.#originators[id] = facts.originatorId;
    this.#clusterLengths[id] = Math.min(facts.clusterListLength, 0xffff);
    this.#flags[id]! |= flagsOf(facts) | SetFlag.Facts;
    const { nextHopOffset: at, nextHopLength: length } = facts;
    this.#nextHopIds[id] = length === 0 ? 0 : this.nextHops.retain(octets, at, at + length);
  }

  /** A set that `find` has not found; in limbo until somebody retains it. 0 when the table is full. */
  add(hash: number, octets: Uint8Array, span: OctetSpan): AttributesId {
    let id = this.#free;
    if (id !== 0) this.#free = this.#refs[id]!;
    else {
      if (this.#top >= SETS_MAX) return 0;
      id = ++this.#top;
      if (id >= this.#flags.length) this.#grow(capacityFor(id));
    }
    this.#hashes[id] = hash;
    this.#refs[id] = 0;
    this.#octets[id] = this.#arena.store(octets, span.start, span.end);
    this.#lengths[id] = span.end - span.start;
    this.#flags[id] = SetFlag.Live;
    this.#index.insert(hash, 0, id);
    this.#toLimbo(id);
    return id;
  }

  #toLimbo(id: AttributesId): void {
    if ((this.#flags[id]! & SetFlag.Limbo) !== 0) return;
    this.#flags[id]! |= SetFlag.Limbo;
    this.#limbo.push(id);
  }

  #drop(id: AttributesId): void {
    this.#freed++;
    for (const forget of this.onFree) forget(id);
    this.#index.remove(this.#hashes[id]!, 0, id);
    this.#arena.free(this.#octets[id]!, this.#lengths[id]!);
    if ((this.#flags[id]! & SetFlag.Facts) !== 0) {
      const nextHop = this.#nextHopIds[id]!;
      if (nextHop !== 0) this.nextHops.release(nextHop);
    }
    this.#flags[id] = 0;
    this.#refs[id] = this.#free;
    this.#free = id;
  }

  #grow(rows: number): void {
    this.#hashes = grown(this.#hashes, rows);
    this.#refs = grown(this.#refs, rows);
    this.#octets = grown(this.#octets, rows);
    this.#lengths = grown(this.#lengths, rows);
    this.#flags = grown(this.#flags, rows);
    this.#ranks = grown(this.#ranks, rows);
    this.#neighborAs = grown(this.#neighborAs, rows);
    this.#meds = grown(this.#meds, rows);
    this.#originators = grown(this.#originators, rows);
    this.#clusterLengths = grown(this.#clusterLengths, rows);
    this.#nextHopIds = grown(this.#nextHopIds, rows);
  }
}

function flagsOf(facts: AttributeFacts): number {
  let flags = 0;
  if (facts.hasNoExport) flags |= SetFlag.NoExport;
  if (facts.hasNoAdvertise) flags |= SetFlag.NoAdvertise;
  if (facts.hasNoExportSubconfed) flags |= SetFlag.NoExportSubconfed;
  if (facts.hasLlgrStale) flags |= SetFlag.LlgrStale;
  if (facts.hasGracefulShutdown) flags |= SetFlag.GracefulShutdown;
  if (facts.hasNoLlgr) flags |= SetFlag.NoLlgr;
  if (facts.med >= 0) flags |= SetFlag.HasMed;
  if (facts.localPref >= 0) flags |= SetFlag.HasLocalPref;
  if (facts.originatorId !== 0) flags |= SetFlag.HasOriginatorId;
  if (facts.hasAsSet) flags |= SetFlag.HasAsSet;
  if (facts.otc >= 0) flags |= SetFlag.HasOtc;
  return flags;
}
