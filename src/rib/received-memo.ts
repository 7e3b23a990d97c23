/**
 * From an UPDATE's attributes to an `AttributesId`, once an UPDATE, by raw octets first (DESIGN 3.1).
 *
 * Most speakers send canonical octets: they are looked up among the sets themselves, where a bit says that they were
 * judged. What comes in another form remembers the outcome of canonicalisation by the octets as received and what
 * changes how they read. Only octets never seen before are looked into. Malformed ones are not remembered: they are
 * rare, or an attack. Invariant: a remembered outcome lives as long as its set.
 */

import { ByteWriter } from '../base/byte-writer.ts';
import { capacityFor, grown, ROWS_MAX } from '../net/columns.ts';
import { IdIndex } from '../net/id-index.ts';
import {
  type CanonicaliseInput,
  isVerbatim,
  judgeAttributes,
  writeCanonical,
} from '../wire/attributes/canonical.ts';
import { AttributeFlag } from '../wire/iana.ts';
import type { MpLayout } from '../wire/update.ts';
import type { UpdateFault } from '../wire/update-faults.ts';
import { type AttributeTable, SetFlag } from './attribute-table.ts';
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

interface Key {
  octets: Uint8Array;
  start: number;
  end: number;
}

/** Remembered raw octets held at most; beyond it, outcomes are not remembered. */
const MEMOS_MAX = ROWS_MAX;

export class ReceivedMemo {
  readonly #sets: AttributeTable;
  readonly #index = new IdIndex();
  #hashes = new Int32Array(capacityFor(0));
  #octets = new Uint32Array(capacityFor(0)); // ArenaRef
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
  readonly #spanOfKey: Key = { octets: new Uint8Array(0), start: 0, end: 0 };
  readonly #outcome: Outcome = { action: 'accept', attributes: 0, faults: NO_FAULTS };

  constructor(sets: AttributeTable) {
    this.#sets = sets;
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
    const context = contextOf(input);
    const key = this.#keyOf(input, context);
    const { octets } = key;
    const hash = this.#sets.hashOf(octets, key);
    const out = this.#outcome;
    // Only a peer with 4-octet AS numbers sends canonical octets, and only without MP attributes.
    const sound = (context & (AS4 | HAS_MP)) === AS4 ? soundFlag(context) : 0;
    const set = sound === 0 ? 0 : this.#sets.find(hash, octets, key);
    if (set !== 0 && (this.#sets.flagsOf(set) & sound) !== 0) {
      out.action = 'accept';
      out.attributes = set;
      out.faults = NO_FAULTS;
      return out;
    }
    const memo = this.#find(hash ^ mixed(context), key, context);
    if (memo !== 0) {
      out.action = 'accept';
      out.attributes = this.#setIds[memo]!;
      out.faults = this.#faults.size === 0 ? NO_FAULTS : (this.#faults.get(memo) ?? NO_FAULTS);
      return out;
    }
    return this.#judge(input, { context, hash, sound, set });
  }

  /** Octets that nobody has looked into yet. */
  #judge(
    input: CanonicaliseInput,
    met: { context: number; hash: number; sound: number; set: AttributesId },
  ): ReceivedSet {
    const out = this.#outcome;
    const { action, faults } = judgeAttributes(input);
    out.action = action;
    out.faults = faults;
    out.attributes = 0;
    if (action !== 'accept') return out;
    const key = this.#spanOfKey;
    const canonical = this.#canonical;
    let isCanonical = met.sound !== 0 && faults.length === 0 && isVerbatim(input);
    if (!isCanonical) {
      canonical.reset();
      writeCanonical(input, canonical);
      isCanonical = met.sound !== 0 && faults.length === 0 && isSame(canonical, key);
    }
    const sets = this.#sets;
    const id = isCanonical
      ? met.set || sets.add(met.hash, key.octets, key)
      : sets.intern(canonical.octets, 0, canonical.length);
    out.attributes = id;
    if (id === 0) out.action = 'table-full';
    else {
      sets.loadFacts(id);
      if (isCanonical) sets.addFlag(id, met.sound);
      else this.#remember(met.hash ^ mixed(met.context), { context: met.context, id });
    }
    return out;
  }

  /** The octets that stand for the attributes, in `#spanOfKey`. */
  #keyOf(input: CanonicaliseInput, context: number): Key {
    const key = this.#spanOfKey;
    if ((context & HAS_MP) === 0) {
      key.octets = input.message;
      key.start = input.layout.attributesStart;
      key.end = input.layout.attributesEnd;
      return key;
    }
    writeKey(input, this.#key);
    key.octets = this.#key.octets;
    key.start = 0;
    key.end = this.#key.length;
    return key;
  }

  #find(hash: number, key: Key, context: number): number {
    const index = this.#index;
    for (let memo = index.first(hash, 0); memo !== 0; memo = index.next()) {
      if (this.#contexts[memo] !== context) continue;
      const isSameKey =
        this.#lengths[memo] === key.end - key.start &&
        this.#sets.arena.equals(this.#octets[memo]!, key.octets, key);
      if (isSameKey) return memo;
    }
    return 0;
  }

  #remember(hash: number, outcome: { context: number; id: AttributesId }): void {
    const { context, id } = outcome;
    const key = this.#spanOfKey;
    let memo = this.#free;
    if (memo !== 0) this.#free = this.#nexts[memo]!;
    else {
      if (this.#top >= MEMOS_MAX) return;
      memo = ++this.#top;
      if (memo >= this.#hashes.length) this.#grow(capacityFor(memo));
    }
    if (id >= this.#bySet.length) this.#bySet = grown(this.#bySet, capacityFor(id));
    this.#hashes[memo] = hash;
    this.#contexts[memo] = context;
    this.#setIds[memo] = id;
    this.#lengths[memo] = key.end - key.start;
    this.#octets[memo] = this.#sets.arena.store(key.octets, key.start, key.end);
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
      this.#sets.arena.free(this.#octets[memo]!, this.#lengths[memo]!);
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

const soundFlag = (context: number): number =>
  (context & IBGP) !== 0 ? SetFlag.SoundIbgp : SetFlag.SoundEbgp;

/** Keeps equal octets of different contexts apart in the index. */
const mixed = (context: number): number => Math.imul(context + 1, 0x9e3779b1);

function isSame(written: ByteWriter, key: Key): boolean {
  const { octets, length } = written;
  if (length !== key.end - key.start) return false;
  for (let i = 0; i < length; i++) if (octets[i] !== key.octets[key.start + i]) return false;
  return true;
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
