/** Messages out of octets, however these are cut; and the header checks of RFC 4271 §6.1. */
import { describe, expect, it } from 'vitest';
import { Framer } from './framer.ts';
import { EXTENDED_MESSAGE_LENGTH_MAX } from './header.ts';
import { KEEPALIVE } from './keepalive.ts';
import { ProtocolError } from './protocol-error.ts';
import { MANDATORY, message, NLRI, update } from './testing/fixtures.ts';

const UPDATE = update({ attributes: MANDATORY, nlri: NLRI });
const LARGE = message(2, new Uint8Array(4096 - 19));

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Copies of what `framer` delivers for `chunks`, and the fault that ended it. */
function feed(
  framer: Framer,
  chunks: readonly Uint8Array[],
): { got: Uint8Array[]; fault?: ProtocolError } {
  const got: Uint8Array[] = [];
  try {
    for (const chunk of chunks) {
      framer.feed(chunk, (type, octets) => {
        expect(type).toBe(octets[18]);
        got.push(octets.slice());
        return true;
      });
    }
  } catch (error) {
    if (error instanceof ProtocolError) return { got, fault: error };
    throw error;
  }
  return { got };
}

describe('Framer', () => {
  const messages = [KEEPALIVE, UPDATE, KEEPALIVE, LARGE, UPDATE];
  const stream = concat(...messages);

  for (const size of [1, 2, 18, 19, 20, 23, 100, 4095, 4096, 4097, stream.length]) {
    it(`delivers the same messages from chunks of ${size} octets`, () => {
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < stream.length; at += size) chunks.push(stream.subarray(at, at + size));
      const framer = new Framer();
      expect(feed(framer, chunks)).toEqual({ got: messages.map((one) => new Uint8Array(one)) });
      expect(framer.pendingLength).toBe(0);
    });
  }

  it('gives views of the chunk, not copies, for messages that lie whole in it', () => {
    const chunk = concat(KEEPALIVE, UPDATE);
    new Framer().feed(chunk, (_, octets) => {
      expect(octets.buffer).toBe(chunk.buffer);
      return true;
    });
  });

  it('gives plain octets from a Buffer, so that a copy of them is a copy', () => {
    const chunk = Buffer.from(UPDATE);
    let copy = new Uint8Array(0);
    new Framer().feed(chunk, (_, octets) => {
      copy = octets.slice();
      return true;
    });
    chunk.fill(0);
    expect(copy).toEqual(UPDATE);
  });

  it('keeps less than one message between calls', () => {
    const framer = new Framer();
    framer.feed(concat(UPDATE, LARGE.subarray(0, 4000)), () => true);
    expect(framer.pendingLength).toBe(4000);
  });

  it('drops the rest of the chunk when the visitor says stop', () => {
    const framer = new Framer();
    let count = 0;
    framer.feed(concat(KEEPALIVE, KEEPALIVE, KEEPALIVE), () => ++count < 2);
    expect(count).toBe(2);
    expect(framer.pendingLength).toBe(0);
  });

  it('takes a larger length limit into account from the next message on', () => {
    const framer = new Framer();
    const extended = message(2, new Uint8Array(60_000));
    let count = 0;
    framer.feed(concat(KEEPALIVE, extended), () => {
      framer.lengthMax = EXTENDED_MESSAGE_LENGTH_MAX;
      count++;
      return true;
    });
    expect(count).toBe(2);
  });

  it('gathers an extended message octet by octet without copying it over and over', () => {
    const framer = new Framer();
    framer.lengthMax = EXTENDED_MESSAGE_LENGTH_MAX;
    const extended = message(2, new Uint8Array(65_535 - 19).fill(7));
    const { got } = feed(
      framer,
      Array.from(extended, (octet) => Uint8Array.of(octet)),
    );
    expect(got).toHaveLength(1);
    expect(got[0]).toEqual(extended);
  });
});

describe('RFC 4271 §6.1: Message Header Error', () => {
  const broken = (change: (octets: Uint8Array) => void, from = KEEPALIVE): Uint8Array => {
    const octets = from.slice();
    change(octets);
    return octets;
  };
  const length = (octets: Uint8Array, value: number): void => {
    octets[16] = value >>> 8;
    octets[17] = value & 0xff;
  };

  for (let i = 0; i < 16; i++) {
    it(`Connection Not Synchronized when octet ${i} of the marker is not all ones`, () => {
      const bad = broken((octets) => {
        octets[i] = 0xfe;
      });
      expect(feed(new Framer(), [bad]).fault?.notification).toMatchObject({ code: 1, subcode: 1 });
    });
  }

  const badLengths: readonly (readonly [string, number, number])[] = [
    ['below 19', 4, 18],
    ['0', 2, 0],
    ['above 4096', 2, 4097],
    ['KEEPALIVE of 20', 4, 20],
    ['OPEN of 28', 1, 28],
    ['UPDATE of 22', 2, 22],
    ['NOTIFICATION of 20', 3, 20],
  ];
  for (const [what, type, value] of badLengths) {
    it(`Bad Message Length with the length as data: ${what}`, () => {
      const bad = broken((octets) => {
        length(octets, value);
        octets[18] = type;
      });
      const { fault } = feed(new Framer(), [bad]);
      const data = Uint8Array.of(value >>> 8, value & 0xff);
      expect(fault?.notification).toEqual({ code: 1, subcode: 2, data });
      const octetByOctet = Array.from(bad, (octet) => Uint8Array.of(octet));
      expect(feed(new Framer(), octetByOctet).fault?.notification).toEqual({
        code: 1,
        subcode: 2,
        data,
      });
    });
  }

  for (const type of [0, 6, 255]) {
    it(`Bad Message Type with the type as data: ${type}`, () => {
      const bad = broken((octets) => {
        octets[18] = type;
      });
      const { fault } = feed(new Framer(), [bad]);
      expect(fault?.notification).toEqual({ code: 1, subcode: 3, data: Uint8Array.of(type) });
    });
  }

  it('RFC 8654 §4: an OPEN stays within 4096 octets though extended messages are agreed', () => {
    const framer = new Framer();
    framer.lengthMax = EXTENDED_MESSAGE_LENGTH_MAX;
    const { fault } = feed(framer, [message(1, new Uint8Array(4096))]);
    expect(fault?.notification).toMatchObject({ code: 1, subcode: 2 });
  });

  it('comes after the messages in front of the bad header were delivered', () => {
    const { got, fault } = feed(new Framer(), [concat(KEEPALIVE, UPDATE, new Uint8Array(19))]);
    expect(got).toHaveLength(2);
    expect(fault?.notification).toMatchObject({ code: 1, subcode: 1 });
  });

  it('leaves the length of ROUTE-REFRESH to its own Error Code (RFC 7313 §5)', () => {
    expect(feed(new Framer(), [message(5, new Uint8Array(3))]).got).toHaveLength(1);
  });
});
