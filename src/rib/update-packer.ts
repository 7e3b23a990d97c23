/**
 * Changes of a group → UPDATE messages: as many NLRI an UPDATE as fit, one attribute set each (RFC 4271 §4.3, §9.2).
 *
 * Hot path (`bench/rib.bench.ts`): a batch of changes is sorted into buckets by attribute set and audience through a
 * small hash table of typed arrays; each set is rewritten into wire octets once a batch. Nothing is allocated a prefix.
 * Invariant: no message exceeds `messageMax`, and none is empty.
 */

import { assert, assertShared } from '../base/assert.ts';
import { ByteWriter } from '../base/byte-writer.ts';
import { type AfiSafi, factsOf } from '../net/afi-safi.ts';
import type { PrefixId, PrefixTable } from '../net/prefix-table.ts';
import { findAttribute } from '../wire/attributes/facts.ts';
import {
  mpReachHeader,
  mpUnreachHeader,
  needsMpReach,
  writeWireAttributes,
} from '../wire/attributes/to-wire.ts';
import { AttributeType, MessageType } from '../wire/iana.ts';
import { NlriWriter } from '../wire/nlri-writer.ts';
import type { Announced, Exported } from './exported.ts';
import type { Audience, GroupLog } from './group-log.ts';

/** Changes sorted and packed at a time: more share an UPDATE, but the step gets longer (about 2 ms). */
export const PACK_BATCH = 2048;
const BUCKETS = 4096; // a power of two, twice the batch
const HEADER_LENGTH = 19;
/** A message that would have less room for NLRI than this begins a new chunk instead. */
const NLRI_ROOM_MIN = 256;

/** What a packer sorts with. Empty between two calls of `flush`, so that all packers of a family share one. */
export class PackScratch {
  readonly prefix = new Uint32Array(PACK_BATCH);
  readonly next = new Int32Array(PACK_BATCH); // next entry of the bucket, −1 ends
  readonly bucketSet = new Int32Array(BUCKETS);
  readonly bucketOrder = new Int32Array(BUCKETS);
  readonly bucketAudience = new Int32Array(BUCKETS);
  readonly bucketHead = new Int32Array(BUCKETS); // entry + 1; 0 = free
  readonly bucketTail = new Int32Array(BUCKETS);
  readonly buckets = new Int32Array(PACK_BATCH); // as first met
  /** Who sorts with it now. */
  user: UpdatePacker | undefined;
}

export interface PackerOptions {
  readonly family: AfiSafi;
  readonly prefixes: PrefixTable;
  readonly exported: Exported;
  readonly as4: boolean;
  readonly messageMax: number;
  /** NLRI carry path identifiers (RFC 7911 §3). */
  readonly addPath: boolean;
  readonly scratch: PackScratch;
}

export class UpdatePacker {
  readonly #options: PackerOptions;
  readonly #isWide: boolean;
  readonly #prefix: Uint32Array;
  readonly #identifier: Uint32Array; // of each change; empty without ADD-PATH
  readonly #next: Int32Array;
  readonly #bucketSet: Int32Array;
  readonly #bucketOrder: Int32Array;
  readonly #bucketAudience: Int32Array;
  readonly #bucketHead: Int32Array;
  readonly #bucketTail: Int32Array;
  readonly #buckets: Int32Array;
  #bucketCount = 0;
  #set = 0;
  #order = 0;
  #audience: Audience = 0;
  readonly #announced = { set: 0, order: 0 };
  readonly #written = { start: 0, end: 0 };
  #size = 0;
  readonly #head = new ByteWriter(512); // up to where NLRI begin; the header stays
  readonly #tail = new ByteWriter(512); // attributes behind MP NLRI
  readonly #scratch = new ByteWriter(512); // canonical octets of what travels otherwise
  readonly #nlri = new NlriWriter();
  /** UPDATE messages written, for metrics. */
  messages = 0;

  constructor(options: PackerOptions) {
    this.#options = options;
    this.#isWide = factsOf(options.family).width === 128;
    this.#identifier = new Uint32Array(options.addPath ? PACK_BATCH : 0);
    const { scratch } = options;
    this.#prefix = scratch.prefix;
    this.#next = scratch.next;
    this.#bucketSet = scratch.bucketSet;
    this.#bucketOrder = scratch.bucketOrder;
    this.#bucketAudience = scratch.bucketAudience;
    this.#bucketHead = scratch.bucketHead;
    this.#bucketTail = scratch.bucketTail;
    this.#buckets = scratch.buckets;
    writeHeader(this.#head);
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size === PACK_BATCH;
  }

  /** What the changes that follow announce; set 0 withdraws. */
  take({ set, order }: Announced): void {
    this.#set = set;
    this.#order = order;
  }

  /** One change. At most `PACK_BATCH` before a `flush`. */
  add(prefix: PrefixId, audience: Audience): void {
    this.#put(prefix, audience);
  }

  /** One change of one path of a prefix. */
  addPath(prefix: PrefixId, audience: Audience, identifier: number): void {
    this.#identifier[this.#size] = identifier;
    this.#put(prefix, audience);
  }

  #put(prefix: PrefixId, audience: Audience): void {
    if (this.#size === 0) this.#begin();
    const entry = this.#size++;
    const set = this.#set;
    const order = this.#order;
    this.#prefix[entry] = prefix;
    this.#next[entry] = -1;
    const key = Math.imul(set, 0x9e3779b1) ^ Math.imul(audience, 0x85ebca6b) ^ (order << 20);
    // The step stands before the look: behind it, it would be met so seldom that V8 compiles without it, and throws that away.
    let at = (key >>> 20) - 1;
    for (;;) {
      at = (at + 1) & (BUCKETS - 1);
      if (this.#bucketHead[at] === 0) {
        this.#bucketSet[at] = set;
        this.#bucketOrder[at] = order;
        this.#bucketAudience[at] = audience;
        this.#bucketHead[at] = entry + 1;
        this.#buckets[this.#bucketCount++] = at;
        break;
      }
      if (
        this.#bucketSet[at] === set &&
        this.#bucketAudience[at] === audience &&
        this.#bucketOrder[at] === order
      ) {
        this.#next[this.#bucketTail[at]!] = entry;
        break;
      }
    }
    this.#bucketTail[at] = entry;
  }

  #begin(): void {
    const { scratch } = this.#options;
    assertShared(scratch.user === undefined, 'one packer after the other sorts its changes');
    scratch.user = this;
  }

  /** Writes all changes to `log`, withdrawals first: they free what announcements may need. */
  flush(log: GroupLog): void {
    for (const withdraws of [true, false]) {
      for (let i = 0; i < this.#bucketCount; i++) {
        const at = this.#buckets[i]!;
        if ((this.#bucketSet[at] === 0) === withdraws) this.#packBucket(at, log);
      }
    }
    for (let i = 0; i < this.#bucketCount; i++) this.#bucketHead[this.#buckets[i]!] = 0;
    this.#bucketCount = 0;
    this.#options.scratch.user = undefined;
    this.#size = 0;
  }

  #packBucket(bucket: number, log: GroupLog): void {
    this.#set = this.#bucketSet[bucket]!;
    this.#order = this.#bucketOrder[bucket]!;
    this.#audience = this.#bucketAudience[bucket]!;
    const frame = this.#set === 0 ? this.#openWithdrawal() : this.#openAnnouncement();
    let entry = this.#bucketHead[bucket]! - 1;
    while (entry >= 0) entry = this.#packMessage(entry, frame, log);
  }

  /** One message from `entry` on. @returns The first entry that did not fit; −1 when all did. */
  #packMessage(from: number, frame: Frame, log: GroupLog): number {
    const { messageMax, prefixes, addPath } = this.#options;
    const head = this.#head;
    const tail = this.#tail;
    const fixed = head.length + tail.length;
    const chunk = log.room(Math.min(messageMax, fixed + NLRI_ROOM_MIN));
    const { octets } = chunk;
    const start = chunk.used;
    head.copyTo(octets, start);
    const end = Math.min(octets.length, start + messageMax) - tail.length;
    const nlri = this.#nlri;
    nlri.open(octets, { at: start + head.length, end, addPath });
    const { names } = log;
    let entry = from;
    while (entry >= 0) {
      const prefix = this.#prefix[entry]!;
      const length = prefixes.lengthOf(prefix);
      const identifier = addPath ? this.#identifier[entry]! : 0;
      const fits = this.#isWide
        ? nlri.words(prefixes.words, prefix * 4, length, identifier)
        : nlri.ipv4(prefixes.words[prefix]!, length, identifier);
      if (!fits) break;
      if (names === 'prefixes') chunk.name(prefix);
      else if (names === 'paths') chunk.namePath(prefix, identifier);
      entry = this.#next[entry]!;
    }
    assert(entry !== from, 'an exported set leaves room for a prefix');
    const nlriEnd = nlri.at;
    tail.copyTo(octets, nlriEnd);
    const messageEnd = nlriEnd + tail.length;
    patchU16(octets, start + 16, messageEnd - start);
    if (frame.nlriLengthAt > 0) {
      patchU16(octets, start + frame.nlriLengthAt, nlriEnd - start - frame.nlriLengthAt - 2);
    }
    if (frame.isMp) {
      patchU16(octets, start + HEADER_LENGTH + 2, messageEnd - start - HEADER_LENGTH - 4);
    }
    chunk.commit(messageEnd, this.#audience);
    this.messages++;
    return entry;
  }

  /** RFC 4271 §4.3: Withdrawn Routes for IPv4; RFC 4760 §4: MP_UNREACH_NLRI otherwise. */
  #openWithdrawal(): Frame {
    const head = this.#head;
    this.#tail.reset();
    head.truncate(HEADER_LENGTH);
    if (this.#isWide) {
      head.u16(0);
      head.u16(0);
      return { isMp: true, nlriLengthAt: mpUnreachHeader(this.#options.family, head) };
    }
    head.u16(0);
    this.#tail.u16(0); // Total Path Attribute Length
    return { isMp: false, nlriLengthAt: HEADER_LENGTH };
  }

  /** For the set and the order of the bucket at hand. */
  #openAnnouncement(): Frame {
    const { exported, as4 } = this.#options;
    const announced = this.#announced;
    announced.set = this.#set;
    announced.order = this.#order;
    const head = this.#head;
    this.#tail.reset();
    head.truncate(HEADER_LENGTH);
    head.u16(0);
    head.u16(0);
    const start = head.length;
    if (as4 && !this.#isWide) {
      // Nearly all there is: canonical octets are what is sent.
      exported.write(announced, head);
      const written = this.#written;
      written.start = start;
      written.end = head.length;
      if (findAttribute(head.octets, AttributeType.MpReachNlri, written) < 0) return closed(head);
      head.truncate(start);
    }
    this.#scratch.reset();
    exported.write(announced, this.#scratch);
    const canonical = this.#scratch.view();
    if (needsMpReach(canonical)) {
      // RFC 7606 §5.1: MP_REACH_NLRI is the first attribute.
      const nlriLengthAt = mpReachHeader(canonical, head);
      writeWireAttributes(canonical, as4, this.#tail);
      return { isMp: true, nlriLengthAt };
    }
    writeWireAttributes(canonical, as4, head);
    return closed(head);
  }
}

/** Where lengths are patched once the NLRI are in. */
interface Frame {
  /** Total Path Attribute Length spans the NLRI. */
  readonly isMp: boolean;
  /** Offset of the length field right before which counting stops; 0 when NLRI end the message. */
  readonly nlriLengthAt: number;
}

const CLASSIC: Frame = { isMp: false, nlriLengthAt: 0 };

/** Attributes are complete; NLRI follow to the end of the message. */
function closed(head: ByteWriter): Frame {
  head.patchU16(HEADER_LENGTH + 2, head.length - HEADER_LENGTH - 4);
  return CLASSIC;
}

/** End-of-RIB (RFC 4724 §2): an empty UPDATE for IPv4, an empty MP_UNREACH_NLRI otherwise. */
export function encodeEndOfRib(family: AfiSafi): Uint8Array {
  const out = new ByteWriter(32);
  writeHeader(out);
  out.u16(0);
  out.u16(0);
  if (family !== 'ipv4-unicast') {
    const mark = mpUnreachHeader(family, out);
    out.patchU16(mark, 3);
    out.patchU16(HEADER_LENGTH + 2, out.length - HEADER_LENGTH - 4);
  }
  out.patchU16(16, out.length);
  return out.finish();
}

function writeHeader(out: ByteWriter): void {
  out.reset();
  for (let i = 0; i < 4; i++) out.u32(0xffff_ffff);
  out.u16(0);
  out.u8(MessageType.Update);
}

function patchU16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 8;
  octets[at + 1] = value;
}
