/**
 * Whatever octets a peer sends: nothing but a ProtocolError leaves the codec, nothing outside the slice is read, and
 * what is accepted reads back.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { ByteWriter } from '../base/byte-writer.ts';
import { canonicalise } from './attributes/canonical.ts';
import { decodeAttributes, encodeAttributes, formatAttributes } from './attributes/codec.ts';
import { attributeFacts, emptyAttributeFacts } from './attributes/facts.ts';
import { writeWireAttributes } from './attributes/to-wire.ts';
import { formatMessage } from './format.ts';
import { Framer } from './framer.ts';
import { decodeNlri } from './nlri.ts';
import { encodeOpen } from './open.ts';
import { ProtocolError } from './protocol-error.ts';
import {
  AS_PATH,
  EBGP,
  hex,
  IBGP,
  judge,
  MANDATORY,
  message,
  NLRI,
  OLD,
  ORIGIN,
  update,
} from './testing/fixtures.ts';
import { locateUpdate, type UpdateContext, updateLayout } from './update.ts';

const GLOBAL = '20010db8000000000000000000000001';
const ADD_PATH: UpdateContext = {
  ...IBGP,
  addPathReceive: { 'ipv4-unicast': true, 'ipv6-unicast': true },
  extendedNextHop: true,
};
const CONTEXTS = [EBGP, IBGP, OLD, ADD_PATH] as const;

/** Valid messages with every attribute that is known, to be damaged. */
const SEEDS: readonly Uint8Array[] = [
  update({
    withdrawn: '18 0a0b0c 20 01020304',
    attributes: `${MANDATORY} 80 04 04 00000001 40 05 04 00000064 40 06 00 c0 07 08 0000fde9 0a000002 c0 08 08 fde90001 ffffff01
      80 09 04 0a000001 80 0a 08 00000001 00000002 c0 10 08 0002fde900000064 c0 16 09 00060000000a000002
      c0 17 08 00070004 0102abcd c0 19 14 ${'00'.repeat(20)} c0 20 0c 0000fde90000000100000002 c0 23 04 0000fde9
      c0 28 0a 01 0007 00000000000001 c0 63 03 a1b2c3`,
    nlri: `${NLRI} 00 20 c0a80101`,
  }),
  update({
    attributes: `80 0e 30 0002 01 20 ${GLOBAL} fe800000000000000000000000000001 00 20 20010db8 21 20010db880
      ${ORIGIN} ${AS_PATH} 80 0f 08 0002 01 20 20010db9`,
  }),
  update({
    attributes: `${ORIGIN} 40 02 0a 0202 fde9 5ba0 0101 fdea 40 03 04 0a000001 c0 07 06 5ba0 0a000001
      c0 11 0a 0202 0000fde9 00010001 c0 12 08 00010001 0a000001`,
    nlri: NLRI,
  }),
  update({ attributes: '80 0f 03 0002 01' }),
  update({}),
  encodeOpen({
    version: 4,
    myAs: 23456,
    holdTime: 90,
    bgpIdentifier: 1,
    capabilities: [
      { kind: 'multiprotocol', afi: 2, safi: 1 },
      { kind: 'fourOctetAs', asn: 70_000 },
      {
        kind: 'gracefulRestart',
        restarting: true,
        notification: true,
        restartTime: 9,
        families: [{ afi: 1, safi: 1, forwarding: true }],
      },
      { kind: 'addPath', families: [{ afi: 1, safi: 1, mode: 'both' }] },
      { kind: 'hostname', host: 'a', domain: 'b' },
      { kind: 'softwareVersion', version: 'v' },
    ],
  }),
  message(3, hex('0602 05 68656c6c6f')),
  message(5, hex('0001 00 01')),
];

/** Everything that godwit does with a message of a peer, with octets around it that must not matter. */
function handle(octets: Uint8Array, context: UpdateContext, around: number): unknown[] {
  const buffer = new Uint8Array(octets.length + 64).fill(around);
  buffer.set(octets, 32);
  const inside = buffer.subarray(32, 32 + octets.length);
  const seen: unknown[] = [];
  try {
    new Framer().feed(inside, (type, whole) => {
      seen.push(formatMessage(whole, context));
      if (type === 2) seen.push(handleUpdate(whole, context));
      return true;
    });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    seen.push(error.notification);
  }
  return seen;
}

function handleUpdate(whole: Uint8Array, context: UpdateContext): unknown[] {
  const layout = updateLayout();
  locateUpdate(whole, context, layout);
  const seen: unknown[] = [
    layout.withdrawn,
    layout.nlri,
    layout.mpReach.nlri,
    layout.mpUnreach.nlri,
  ].map((field) => (field.count > 0 ? decodeNlri(whole, field) : []));
  for (const part of ['classic', 'mp'] as const) {
    const out = new ByteWriter();
    const result = canonicalise({ message: whole, layout, context, part }, out);
    seen.push(result);
    if (result.action !== 'accept') {
      expect(out.length).toBe(0);
      continue;
    }
    const canonical = out.finish();
    const attributes = decodeAttributes(canonical);
    seen.push(attributes, formatAttributes(attributes));
    const facts = emptyAttributeFacts();
    attributeFacts(canonical, facts);
    for (const as4 of [true, false]) writeWireAttributes(canonical, as4, new ByteWriter());
    const announced = part === 'classic' ? layout.nlri.count : layout.mpReach.nlri.count;
    const family =
      part === 'mp' && layout.mpReach.family !== undefined ? layout.mpReach.family : 'ipv4-unicast';
    if (announced > 0) expect(encodeAttributes(attributes, family)).toEqual(canonical);
  }
  return seen;
}

/** A change to one octet, or to the length of the message. */
const damage = fc.record({
  at: fc.nat(400),
  value: fc.nat(255),
  kind: fc.constantFrom('set', 'insert', 'remove', 'cut'),
});
type Damage = { at: number; value: number; kind: string };

function damaged(seed: Uint8Array, changes: readonly Damage[], fixLength: boolean): Uint8Array {
  let octets = Array.from(seed);
  for (const { at, value, kind } of changes) {
    const where = 19 + (at % Math.max(1, octets.length - 19));
    if (kind === 'set') octets[where] = value;
    else if (kind === 'insert') octets.splice(where, 0, value);
    else if (kind === 'remove') octets.splice(where, 1);
    else octets = octets.slice(0, where);
  }
  if (fixLength) {
    octets[16] = octets.length >>> 8;
    octets[17] = octets.length & 0xff;
  }
  return Uint8Array.from(octets);
}

describe('the codec', () => {
  it('accepts the messages that the tests below damage', () => {
    for (const seed of SEEDS.slice(0, 2))
      expect(judge(seed, IBGP)).toMatchObject({ action: 'accept', faults: [] });
    expect(judge(SEEDS[2]!, OLD)).toMatchObject({ action: 'accept', faults: [] });
    for (const seed of SEEDS.slice(3)) expect(formatMessage(seed, EBGP)).not.toContain('malformed');
  });

  it('survives any damage to valid messages, and does not depend on octets around them', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SEEDS),
        fc.array(damage, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.constantFrom(...CONTEXTS),
        (seed, changes, fixLength, context) => {
          const octets = damaged(seed, changes, fixLength);
          expect(handle(octets, context, 0x00)).toEqual(handle(octets, context, 0xff));
        },
      ),
      runs(1000),
    );
  });

  it('survives any attribute block', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            flags: fc.constantFrom(0x40, 0x80, 0xc0, 0x50, 0x90, 0xd0, 0xe0, 0x00),
            type: fc.oneof(fc.integer({ min: 1, max: 41 }), fc.nat(255)),
            value: fc.uint8Array({ maxLength: 30 }),
            lie: fc.constantFrom(0, 0, 0, 1, -1, 200),
          }),
          { maxLength: 8 },
        ),
        fc.constantFrom(...CONTEXTS),
        fc.boolean(),
        (attributes, context, announces) => {
          const text = attributes
            .map(({ flags, type, value, lie }) => {
              const length = Math.max(0, value.length + lie) & 0xffff;
              const head =
                flags & 0x10
                  ? [flags, type, length >>> 8, length & 0xff]
                  : [flags, type, length & 0xff];
              return Buffer.from([...head, ...value]).toString('hex');
            })
            .join('');
          const octets = update({ attributes: text, nlri: announces ? NLRI : '' });
          expect(handle(octets, context, 0x00)).toEqual(handle(octets, context, 0xff));
        },
      ),
      runs(700),
    );
  });

  it('survives truncation of every message at every octet', () => {
    for (const seed of SEEDS) {
      for (let length = 19; length < seed.length; length++) {
        const cut = damaged(seed, [{ at: length - 19, value: 0, kind: 'cut' }], true);
        for (const context of CONTEXTS) {
          expect(handle(cut, context, 0x00)).toEqual(handle(cut, context, 0xff));
        }
      }
    }
  });

  it('survives each attribute of the seeds with each length', () => {
    const layout = updateLayout();
    for (const seed of SEEDS.slice(0, 3)) {
      locateUpdate(seed, EBGP, layout);
      for (let at = layout.attributesStart; at < layout.attributesEnd; at += 3 + seed[at + 2]!) {
        for (let length = 0; length < 256; length++) {
          const lying = seed.slice();
          lying[at + 2] = length;
          for (const context of [IBGP, OLD]) handle(lying, context, 0x55);
        }
      }
    }
  });
});
