/** The order in which packets arrive: by machine, age, sender and the sender's own order, whoever shares a batch. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../base/byte-writer.ts';
import {
  AHEAD_MAX,
  Arrivals,
  lengthenPacket,
  MACHINES_MAX,
  PACKET_OCTETS_MAX,
  PacketKind,
  writePacket,
} from './packets.ts';

interface Sent {
  readonly to: number;
  readonly from: number;
  readonly ahead: number;
  readonly octets: Uint8Array;
}

const anySent = fc.record({
  to: fc.nat(MACHINES_MAX - 1),
  from: fc.nat(MACHINES_MAX - 1),
  ahead: fc.integer({ min: 1, max: AHEAD_MAX }),
  octets: fc.uint8Array({ maxLength: 30 }),
});

/** What machines send in one tick after the other, in `parts` batches. */
function arrivals(all: readonly Sent[], parts: number): Sent[] {
  const batches = Array.from({ length: parts }, () => new ByteWriter());
  // What is further ahead was sent earlier.
  for (let ahead = AHEAD_MAX; ahead > 0; ahead--) {
    for (const sent of all) {
      if (sent.ahead !== ahead) continue;
      const head = { ...sent, toSocket: 0xffff_fffe, fromSocket: 7, kind: PacketKind.Data };
      writePacket(batches[sent.from % parts]!, head, sent.octets);
    }
  }
  const sorted = new Arrivals(parts);
  sorted.sort(batches.map((batch) => batch.view()));
  return Array.from({ length: sorted.count }, (_, place) => {
    const { to, from, toSocket, fromSocket, octets } = sorted.packetAt(place);
    expect(sorted.machineAt(place)).toBe(to);
    expect([toSocket, fromSocket]).toEqual([0xffff_fffe, 7]);
    const sent = all.find((one) => one.octets.length === octets.length && one.from === from);
    return { to, from, ahead: sent!.ahead, octets: octets.slice() };
  });
}

describe('packets of a tick', () => {
  it('arrive by machine, then as they were sent, then by sender, each with its octets', () => {
    fc.assert(
      fc.property(fc.array(anySent, { maxLength: 60 }), (all) => {
        const turn = ({ to, from, ahead }: Sent): number =>
          (to * (AHEAD_MAX + 1) + AHEAD_MAX - ahead) * MACHINES_MAX + from;
        const expected = all
          .map((sent, index) => ({ sent, index }))
          .sort((a, b) => turn(a.sent) - turn(b.sent) || a.index - b.index)
          .map(({ sent }) => [sent.to, sent.from, [...sent.octets]]);
        const got = arrivals(all, 3).map(({ to, from, octets }) => [to, from, [...octets]]);
        expect(got).toEqual(expected);
      }),
    );
  });

  it('arrive in the same order however many batches they come in', () => {
    fc.assert(
      fc.property(fc.array(anySent, { maxLength: 60 }), (all) => {
        expect(arrivals(all, 1)).toEqual(arrivals(all, 4));
      }),
    );
  });
});

describe('a packet', () => {
  it('takes more octets while it is the last one, and as many as its length can say', () => {
    const batch = new ByteWriter();
    const head = { to: 1, from: 2, toSocket: 3, fromSocket: 4, kind: PacketKind.Data, ahead: 1 };
    const at = writePacket(batch, head, new Uint8Array([1, 2]));
    expect(lengthenPacket(batch, at, new Uint8Array([3]))).toBe(true);
    expect(lengthenPacket(batch, at, new Uint8Array(PACKET_OCTETS_MAX - 2))).toBe(false);
    const sorted = new Arrivals(1);
    sorted.sort([batch.view()]);
    expect([...sorted.packetAt(0).octets]).toEqual([1, 2, 3]);
    expect(sorted.count).toBe(1);
  });
});
