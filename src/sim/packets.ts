/**
 * What the machines of a large cluster send each other, as octets in batches: one batch for each part of the cluster
 * and tick. The receiver's order is by machine, then by when a packet was sent, then by sender, then by the sender's own order:
 * it does not depend on which machines share a part.
 *
 * ```
 *  0       2       4               8               12    13    14      16
 * +-------+-------+---------------+---------------+-----+-----+-------+----------
 * | to    | from  | to socket     | from socket   | kind| ahead| length| octets …
 * +-------+-------+---------------+---------------+-----+-----+-------+----------
 * ```
 */

import { assert } from '../base/assert.ts';
import type { ByteWriter } from '../base/byte-writer.ts';

/** `Syn` names a port as its socket, all others a socket of the receiver. */
export const PacketKind = { Syn: 1, SynAck: 2, Ack: 3, Data: 4, Fin: 5, Rst: 6 } as const;
export type PacketKind = (typeof PacketKind)[keyof typeof PacketKind];

/** Machine numbers are below this: the order of arrival is one float64. */
export const MACHINES_MAX = 4096;
/** A packet is under way for 1 to so many ticks. */
export const AHEAD_MAX = 7;
const BATCH_OCTETS_MAX = 2 ** 26;
export const PACKET_OCTETS_MAX = 0xffff;
const HEADER_OCTETS = 16;
const LENGTH_AT = 14;

export interface PacketHead {
  readonly to: number;
  readonly from: number;
  readonly toSocket: number;
  readonly fromSocket: number;
  readonly kind: PacketKind;
  /** Ticks from sending to arrival. */
  readonly ahead: number;
}

/** @returns where it begins in `batch`. `octets` has at most `PACKET_OCTETS_MAX`. */
export function writePacket(batch: ByteWriter, head: PacketHead, octets: Uint8Array): number {
  const at = batch.length;
  batch.u16(head.to);
  batch.u16(head.from);
  batch.u32(head.toSocket);
  batch.u32(head.fromSocket);
  batch.u8(head.kind);
  batch.u8(head.ahead);
  batch.u16(octets.length);
  batch.bytes(octets);
  return at;
}

/** Adds to the packet at `at`, the last one of the batch. @returns false when it has no room. */
export function lengthenPacket(batch: ByteWriter, at: number, octets: Uint8Array): boolean {
  const length = batch.length - at - HEADER_OCTETS + octets.length;
  if (length > PACKET_OCTETS_MAX) return false;
  batch.bytes(octets);
  batch.patchU16(at + LENGTH_AT, length);
  return true;
}

/** A packet that has arrived; one object is reused. */
export interface Packet {
  to: number;
  from: number;
  toSocket: number;
  fromSocket: number;
  kind: PacketKind;
  /** A view of the batch. */
  octets: Uint8Array;
}

const NO_OCTETS = new Uint8Array(0);

/** The batches of one tick, in order of arrival. */
export class Arrivals {
  readonly #parts: number;
  #batches: readonly Uint8Array[] = [];
  #order = new Float64Array(1024);
  #count = 0;
  readonly #packet: Packet = {
    to: 0,
    from: 0,
    toSocket: 0,
    fromSocket: 0,
    kind: PacketKind.Data,
    octets: NO_OCTETS,
  };

  /** @param parts  Of the cluster: machine m is in part m mod `parts`. */
  constructor(parts: number) {
    this.#parts = parts;
  }

  /** Packets of this tick. */
  get count(): number {
    return this.#count;
  }

  /** @param batches  One from each part; they are read until the next call. */
  sort(batches: readonly Uint8Array[]): void {
    this.#batches = batches;
    this.#count = 0;
    for (const batch of batches) this.#index(batch);
    this.#order.subarray(0, this.#count).sort();
  }

  /** The machine that the packet at `place` (0 to `count` − 1) is for. */
  machineAt(place: number): number {
    return Math.floor(this.#order[place]! / TO_FACTOR);
  }

  packetAt(place: number): Packet {
    const key = this.#order[place]!;
    const at = key % BATCH_OCTETS_MAX;
    const from = Math.floor(key / BATCH_OCTETS_MAX) % MACHINES_MAX;
    const batch = this.#batches[from % this.#parts]!;
    const packet = this.#packet;
    packet.to = Math.floor(key / TO_FACTOR);
    packet.from = from;
    packet.toSocket = u32At(batch, at + 4);
    packet.fromSocket = u32At(batch, at + 8);
    packet.kind = batch[at + 12] as PacketKind;
    const length = u16At(batch, at + LENGTH_AT);
    const start = at + HEADER_OCTETS;
    packet.octets = length === 0 ? NO_OCTETS : batch.subarray(start, start + length);
    return packet;
  }

  #index(batch: Uint8Array): void {
    assert(batch.length <= BATCH_OCTETS_MAX, 'a batch has an offset of 26 bits');
    for (let at = 0; at < batch.length; ) {
      if (this.#count === this.#order.length) {
        const larger = new Float64Array(this.#count * 2);
        larger.set(this.#order);
        this.#order = larger;
      }
      // What was sent first comes first.
      const turn = u16At(batch, at) * (AHEAD_MAX + 1) + AHEAD_MAX - batch[at + 13]!;
      this.#order[this.#count++] =
        (turn * MACHINES_MAX + u16At(batch, at + 2)) * BATCH_OCTETS_MAX + at;
      at += HEADER_OCTETS + u16At(batch, at + LENGTH_AT);
    }
  }
}

const TO_FACTOR = (AHEAD_MAX + 1) * MACHINES_MAX * BATCH_OCTETS_MAX;

function u16At(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!;
}

function u32At(octets: Uint8Array, at: number): number {
  return ((u16At(octets, at) << 16) | u16At(octets, at + 2)) >>> 0;
}
