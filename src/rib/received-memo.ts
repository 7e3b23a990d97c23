/**
 * From an UPDATE's attributes to an `AttributesId`, once an UPDATE, by raw octets first (DESIGN 3.1).
 *
 * Two levels: the octets as received, with what changes how they read, remember the outcome of canonicalisation; only
 * octets never seen before are looked into. Malformed ones are not remembered: they are rare, or an attack.
 * Invariant: a remembered outcome lives as long as its set.
 */

import { ByteWriter } from '../base/byte-writer.ts';
import { hashOctets } from '../base/hash.ts';
import { capacityFor, grown, ROWS_MAX } from '../net/columns.ts';
import { IdIndex } from '../net/id-index.ts';
import { type CanonicaliseInput, canonicalise } from '../wire/attributes/canonical.ts';

import { AttributeFlag } from '../wire/iana.ts';
import type { MpLayout } from '../wire/update.ts';
import type { UpdateFault } from '../wire/update-faults.ts';
import type { AttributeTable } from './attribute-table.ts';
import type { AttributesId } from './ids.ts';

/** Outcome of an UPDATE's attributes. `attributes` is 0 unless `action` is `accept`. */
export interface ReceivedSet {
  readonly action: 'accept' | 'treat-as-withdraw' | 'session-reset' | 'table-full';
  readonly attributes: AttributesId;
  readonly faults: readonly UpdateFault[];
}

const NO_FAULTS: readonly UpdateFault[] = [];

interface Outcome {
  action: ReceivedSet['action'];
  attributes: AttributesId;
  faults: readonly UpdateFault[];
}

/** Remembered raw octets held at most; beyond it, outcomes are not remembered. */
const MEMOS_MAX = ROWS_MAX;

export class ReceivedMemo {
  readonly #sets: AttributeTable;
  readonly #seed: number;
  readonly #index = new IdIndex();
  #hashes = new Int32Array(capacityFor(0));
  #octets = new Uint32Array(capacityFor(0)); // ArenaRef; 0 = equal to the canonical octets of the set
  #lengths = new Uint32Array(capacityFor(0));
  #contexts = new Uint8Array(capacityFor(0));
  #setIds = new Uint32Array(capacityFor(0));
  #nexts = new Uint32Array(capacityFor(0)); // next memo of the same set; link of the free list
  #bySet = new Uint32Array(capacityFor(0)); // by AttributesId: its first memo
  #top = 0;
  #free = 0;
  readonly #faults = new Map<number, readonly UpdateFault[]>(); // by memo, where something was discarded
  readonly #canonical = new ByteWriter(1024);
  readonly #key = new ByteWriter(1024);
  readonly #outcome: Outcome = { action: 'accept', attributes: 0, faults: NO_FAULTS };

  constructor(sets: AttributeTable, seed: number) {
    this.#sets = sets;
    this.#seed = seed;
    sets.onFree.add((id) => this.#forget(id));
  }

  get size(): number {
    return this.#index.size;
  }

  /**
   * The attribute set of one part of an UPDATE that announces something; call it before `announce` and use the id
   * before the next `collect` (a RIB's `settle` collects). The result is one reused object.
   */
  intern(input: CanonicaliseInput): ReceivedSet {
    const { layout } = input;
    const context = contextOf(input);
    let octets = input.message;
    const span = { start: layout.attributesStart, end: layout.attributesEnd };
    if ((context & HAS_MP) !== 0) {
      writeKey(input, this.#key);
      octets = this.#key.octets;
      span.start = 0;
      span.end = this.#key.length;
    }
    const hash = hashOctets(octets, span, this.#seed ^ context);
    const memo = this.#find(hash, octets, { ...span, context });
    const out = this.#outcome;
    if (memo !== 0) {
      out.action = 'accept';
      out.attributes = this.#setIds[memo]!;
      out.faults = this.#faults.size === 0 ? NO_FAULTS : (this.#faults.get(memo) ?? NO_FAULTS);
      return out;
    }
    this.#canonical.reset();
    const { action, faults } = canonicalise(input, this.#canonical);
    out.action = action;
    out.faults = faults;
    out.attributes = 0;
    if (action !== 'accept') return out;
    const id = this.#sets.intern(this.#canonical.octets, 0, this.#canonical.length);
    out.attributes = id;
    if (id === 0) out.action = 'table-full';
    else {
      this.#sets.loadFacts(id);
      this.#remember(hash, octets, { ...span, context, id });
    }
    return out;
  }

  #find(
    hash: number,
    octets: Uint8Array,
    key: { start: number; end: number; context: number },
  ): number {
    const index = this.#index;
    for (let memo = index.first(hash, 0); memo !== 0; memo = index.next()) {
      if (this.#contexts[memo] !== key.context) continue;
      const ref = this.#octets[memo]!;
      const same =
        ref === 0
          ? this.#sets.equals(this.#setIds[memo]!, octets, key)
          : this.#lengths[memo] === key.end - key.start &&
            this.#sets.arena.equals(ref, octets, key);
      if (same) return memo;
    }
    return 0;
  }

  #remember(
    hash: number,
    octets: Uint8Array,
    key: { start: number; end: number; context: number; id: AttributesId },
  ): void {
    let memo = this.#free;
    if (memo !== 0) this.#free = this.#nexts[memo]!;
    else {
      if (this.#top >= MEMOS_MAX) return;
      memo = ++this.#top;
      if (memo >= this.#hashes.length) this.#grow(capacityFor(memo));
    }
    const { id } = key;
    if (id >= this.#bySet.length) this.#bySet = grown(this.#bySet, capacityFor(id));
    this.#hashes[memo] = hash;
    this.#contexts[memo] = key.context;
    this.#setIds[memo] = id;
    this.#lengths[memo] = key.end - key.start;
    this.#octets[memo] = this.#sets.equals(id, octets, key)
      ? 0
      : this.#sets.arena.store(octets, key.start, key.end);
    this.#nexts[memo] = this.#bySet[id]!;
    this.#bySet[id] = memo;
    this.#index.insert(hash, 0, memo);
    if (this.#outcome.faults.length > 0) this.#faults.set(memo, this.#outcome.faults.slice());
  }

  /** The set goes: what was remembered to lead to it goes too. */
  #forget(id: AttributesId): void {
    if (id >= this.#bySet.length) return;
    let memo = this.#bySet[id]!;
    this.#bySet[id] = 0;
    while (memo !== 0) {
      const next = this.#nexts[memo]!;
      this.#index.remove(this.#hashes[memo]!, 0, memo);
      const ref = this.#octets[memo]!;
      if (ref !== 0) this.#sets.arena.free(ref, this.#lengths[memo]!);
      if (this.#faults.size > 0) this.#faults.delete(memo);
      this.#nexts[memo] = this.#free;
      this.#free = memo;
      memo = next;
    }
  }

  #grow(rows: number): void {
    this.#hashes = grown(this.#hashes, rows);
    this.#octets = grown(this.#octets, rows);
    this.#lengths = grown(this.#lengths, rows);
    this.#contexts = grown(this.#contexts, rows);
    this.#setIds = grown(this.#setIds, rows);
    this.#nexts = grown(this.#nexts, rows);
  }
}

/** Bits of a context: everything outside the octets that changes their meaning. */
const AS4 = 1;
const IBGP = 2;
const PART_MP = 4;
const HAS_MP = 8;

function contextOf(input: CanonicaliseInput): number {
  const { context, layout } = input;
  return (
    (context.as4 ? AS4 : 0) |
    (context.peerType === 'ibgp' ? IBGP : 0) |
    (input.part === 'mp' ? PART_MP : 0) |
    (layout.mpReach.present || layout.mpUnreach.present ? HAS_MP : 0)
  );
}

/** The attribute octets without NLRI and without the lengths that depend on them. */
function writeKey(input: CanonicaliseInput, key: ByteWriter): void {
  const { message, layout } = input;
  const { mpReach, mpUnreach } = layout;
  key.reset();
  let at = layout.attributesStart;
  const reachFirst =
    !mpUnreach.present || (mpReach.present && mpReach.attributeStart < mpUnreach.attributeStart);
  for (const mp of reachFirst ? [mpReach, mpUnreach] : [mpUnreach, mpReach]) {
    if (!mp.present) continue;
    key.copy(message, at, mp.attributeStart);
    writeMpKey(message, mp, { key, upToNlri: mp === mpReach });
    at = mp.attributeEnd;
  }
  key.copy(message, at, layout.attributesEnd);
}

function writeMpKey(
  message: Uint8Array,
  mp: MpLayout,
  options: { key: ByteWriter; upToNlri: boolean },
): void {
  const { key } = options;
  const start = mp.attributeStart;
  key.u8(message[start]! & ~AttributeFlag.ExtendedLength);
  key.u8(message[start + 1]!);
  key.u8(mp.nlri.start === mp.nlri.end ? 0 : 1);
  if (!options.upToNlri) return;
  const value = start + ((message[start]! & AttributeFlag.ExtendedLength) !== 0 ? 4 : 3);
  key.copy(message, value, Math.min(mp.nlri.start, mp.attributeEnd));
}
