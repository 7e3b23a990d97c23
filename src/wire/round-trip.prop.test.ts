/**
 * decode∘encode is the identity for every message and capability (of attributes: `attributes/export.test.ts`), and what
 * is encoded is a message that a peer can take: framed, within its limits, one spelling a prefix.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { ipFromOctets } from '../net/ip-address.ts';
import { type Prefix, prefixFrom } from '../net/prefix.ts';
import type { Capability } from './capabilities/capability.ts';
import { CAPABILITY_ROWS } from './capabilities/table.ts';
import { Framer } from './framer.ts';
import { checkNlri, decodeNlri, type NlriField, nlriField } from './nlri.ts';
import { encodeNlri } from './nlri-writer.ts';
import {
  decodeNotification,
  encodeNotification,
  NOTIFICATION_DATA_LENGTH_MAX,
} from './notification.ts';
import { decodeOpen, encodeOpen } from './open.ts';
import { decodeRouteRefresh, encodeRouteRefresh } from './route-refresh.ts';

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const family = fc.record({ afi: u16, safi: u8 });
/** Text that needs no escaping, so that it reads back as it was. */
const name = fc.string({ unit: fc.constantFrom(...'abcz019-.'), minLength: 1, maxLength: 64 });

const families = <T>(more: fc.Arbitrary<T>, maxLength = 8) =>
  fc.array(
    fc.tuple(family, more).map(([codes, rest]) => ({ ...codes, ...rest })),
    { maxLength },
  );

const KNOWN = new Set<number>(CAPABILITY_ROWS.map(({ code }) => code));

/** One arbitrary value for each kind: a kind that is missing here does not compile. */
const CAPABILITIES: { [K in Capability['kind']]: fc.Arbitrary<Extract<Capability, { kind: K }>> } =
  {
    multiprotocol: family.map((codes) => ({ kind: 'multiprotocol', ...codes })),
    routeRefresh: fc.constantFrom({ kind: 'routeRefresh' }, { kind: 'routeRefresh', cisco: true }),
    fourOctetAs: fc
      .integer({ min: 1, max: 0xffff_ffff })
      .map((asn) => ({ kind: 'fourOctetAs', asn })),
    addPath: families(
      fc.record({ mode: fc.constantFrom('receive' as const, 'send' as const, 'both' as const) }),
    ).map((entries) => ({ kind: 'addPath', families: entries })),
    gracefulRestart: fc
      .record({
        restarting: fc.boolean(),
        notification: fc.boolean(),
        restartTime: fc.nat(4095),
        families: families(fc.record({ forwarding: fc.boolean() })),
      })
      .map((value) => ({ kind: 'gracefulRestart', ...value })),
    longLivedGracefulRestart: families(
      fc.record({ forwarding: fc.boolean(), staleTime: fc.nat(0xff_ffff) }),
    ).map((entries) => ({ kind: 'longLivedGracefulRestart', families: entries })),
    extendedMessage: fc.constant({ kind: 'extendedMessage' }),
    enhancedRouteRefresh: fc.constant({ kind: 'enhancedRouteRefresh' }),
    extendedNextHop: fc
      .array(fc.record({ afi: u16, safi: u16, nextHopAfi: u16 }), { maxLength: 8 })
      .map((entries) => ({ kind: 'extendedNextHop', entries })),
    role: fc
      .constantFrom(
        'provider' as const,
        'rs' as const,
        'rs-client' as const,
        'customer' as const,
        'peer' as const,
      )
      .map((role) => ({ kind: 'role', role })),
    hostname: fc
      .record({ host: name, domain: name })
      .map((names) => ({ kind: 'hostname', ...names })),
    softwareVersion: name.map((version) => ({ kind: 'softwareVersion', version })),
    unknown: fc
      .record({
        code: u8.filter((code) => !KNOWN.has(code)),
        value: fc.uint8Array({ maxLength: 255 }),
      })
      .map((value) => ({ kind: 'unknown', ...value })),
  };

const anyCapability: fc.Arbitrary<Capability> = fc.oneof(...Object.values(CAPABILITIES));

/** What the framer makes of the octets: the whole of one message, or it throws. */
function framed(octets: Uint8Array): Uint8Array {
  const messages: Uint8Array[] = [];
  new Framer().feed(octets, (_type, message) => messages.push(message.slice()) > 0);
  expect(messages.length).toBe(1);
  return messages[0]!;
}

describe('decode∘encode is the identity of', () => {
  it('an OPEN with any capabilities, in the form of RFC 9072 where they are long', () => {
    const open = fc.record({
      version: fc.constant(4),
      myAs: fc.integer({ min: 1, max: 0xffff }),
      holdTime: fc.oneof(fc.constant(0), fc.integer({ min: 3, max: 0xffff })),
      bgpIdentifier: fc.integer({ min: 1, max: 0xffff_ffff }),
      capabilities: fc.array(anyCapability, { maxLength: 12 }),
    });
    fc.assert(
      fc.property(open, (value) => {
        expect(decodeOpen(framed(encodeOpen(value)))).toEqual(value);
      }),
      runs(300),
    );
  });

  it('a NOTIFICATION with any data that fits', () => {
    const value = fc.record({
      code: u8,
      subcode: u8,
      data: fc.uint8Array({ maxLength: NOTIFICATION_DATA_LENGTH_MAX }),
    });
    fc.assert(
      fc.property(value, (notification) => {
        expect(decodeNotification(framed(encodeNotification(notification)))).toEqual(notification);
      }),
      runs(100),
    );
  });

  it('a ROUTE-REFRESH', () => {
    fc.assert(
      fc.property(fc.record({ afi: u16, safi: u8, subtype: u8 }), (refresh) => {
        expect(decodeRouteRefresh(framed(encodeRouteRefresh(refresh)))).toEqual(refresh);
      }),
      runs(100),
    );
  });

  it.each([
    ['IPv4', 4, 32],
    ['IPv6', 16, 128],
  ] as const)('%s NLRI, with Path Identifiers and without', (_name, octetCount, width) => {
    const prefix = fc
      .tuple(fc.uint8Array({ minLength: octetCount, maxLength: octetCount }), fc.nat(width))
      .map(([octets, length]): Prefix => prefixFrom(octets, length));
    fc.assert(
      fc.property(fc.array(fc.record({ prefix, pathId: u32 }), { maxLength: 20 }), (values) => {
        expect(readNlri(encodeNlri(values), { width, addPath: true })).toEqual(values);
        const prefixes = values.map((value) => value.prefix);
        const plain = prefixes.map((one) => ({ prefix: one, pathId: 0 }));
        expect(readNlri(encodeNlri(prefixes), { width, addPath: false })).toEqual(plain);
      }),
      runs(150),
    );
  });

  it('an address as text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (octets) => {
        expect(prefixFrom(octets, 128)).toBe(`${ipFromOctets(octets)}/128`);
      }),
      runs(100),
    );
  });
});

function readNlri(octets: Uint8Array, form: Pick<NlriField, 'width' | 'addPath'>) {
  const field: NlriField = { ...nlriField(), ...form, start: 0, end: octets.length };
  field.count = checkNlri(octets, field);
  const values = decodeNlri(octets, field);
  expect(values.length).toBe(field.count);
  return values;
}
