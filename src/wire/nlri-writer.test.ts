/** Writing NLRI: one spelling a prefix, and none that is cut. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prefix, prefixFrom } from '../net/prefix.ts';
import { decodeNlri, nlriField } from './nlri.ts';
import { encodeNlri, NlriWriter } from './nlri-writer.ts';
import { hex } from './testing/fixtures.ts';

describe('NlriWriter', () => {
  it('refuses a prefix that does not fit, whole', () => {
    const writer = new NlriWriter();
    const octets = new Uint8Array(6);
    writer.open(octets, { at: 0, end: 5, addPath: false });
    expect(writer.ipv4(0x0a000000, 8, 0)).toBe(true);
    expect(writer.ipv4(0xc0a80100, 24, 0)).toBe(false);
    expect(writer.octetsAt(hex('c0a801'), 0, 24)).toBe(false);
    expect(writer.words(Uint32Array.of(0xc0a80100), 0, 24)).toBe(false);
    expect(writer.at).toBe(2);
    expect(octets).toEqual(hex('08 0a 00 00 00 00'));
  });

  it('writes one spelling of a prefix, from whichever form it is held in', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.integer({ min: 0, max: 128 }),
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.boolean(),
        (address, length, pathId, addPath) => {
          const view = new DataView(address.buffer);
          const words = Uint32Array.from([0, 4, 8, 12], (at) => view.getUint32(at));
          const expected = addPath
            ? encodeNlri([{ prefix: prefixFrom(address, length), pathId }])
            : encodeNlri([prefixFrom(address, length)]);
          const span = { at: 0, end: 21, addPath };
          const writer = new NlriWriter();
          const byOctets = new Uint8Array(21);
          writer.open(byOctets, span);
          expect(writer.octets(address, length, pathId)).toBe(true);
          expect(byOctets.subarray(0, writer.at)).toEqual(expected);
          const byWords = new Uint8Array(21);
          writer.open(byWords, span);
          expect(writer.words(words, 0, length, pathId)).toBe(true);
          expect(byWords.subarray(0, writer.at)).toEqual(expected);
          const read = decodeNlri(expected, {
            ...nlriField(),
            end: expected.length,
            width: 128,
            addPath,
          });
          expect(read).toEqual([
            { prefix: prefixFrom(address, length), pathId: addPath ? pathId : 0 },
          ]);
          if (length <= 32) {
            const byNumber = new Uint8Array(21);
            writer.open(byNumber, span);
            expect(writer.ipv4(words[0]! | 0, length, pathId)).toBe(true);
            expect(byNumber.subarray(0, writer.at)).toEqual(expected);
          }
        },
      ),
    );
  });

  it('packs several prefixes one behind the other', () => {
    const octets = encodeNlri([prefix('10.0.0.0/8'), prefix('2001:db8::/33')]);
    expect(octets).toEqual(hex('08 0a 21 20010db8 00'));
  });
});
