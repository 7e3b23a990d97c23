/** OPEN: RFC 4271 §6.2, RFC 5492, RFC 9072, RFC 7607, RFC 6286, and every capability both ways. */
import { describe, expect, it } from 'vitest';
import type { Capability } from './capabilities/capability.ts';
import { CAPABILITY_ROWS, formatCapability } from './capabilities/table.ts';
import { decodeOpen, encodeOpen, type OpenMessage } from './open.ts';
import { ProtocolError } from './protocol-error.ts';
import { hex, message } from './testing/fixtures.ts';

const FIXED = '04 fde9 005a 0a000001';
const PLAIN: OpenMessage = {
  version: 4,
  myAs: 65001,
  holdTime: 90,
  bgpIdentifier: 0x0a000001,
  capabilities: [],
};

const open = (body: string): Uint8Array => message(1, hex(body));
/** An OPEN with one Capabilities parameter. */
const withCapabilities = (text: string): Uint8Array => {
  const value = hex(text);
  const head = [value.length + 2, 2, value.length].map((one) => one.toString(16).padStart(2, '0'));
  return open(`${FIXED} ${head.join('')} ${text}`);
};

function refusal(octets: Uint8Array): { subcode: number; data: Uint8Array } {
  try {
    decodeOpen(octets);
  } catch (error) {
    if (error instanceof ProtocolError) {
      expect(error.notification.code).toBe(2);
      return error.notification;
    }
    throw error;
  }
  throw new Error('The OPEN was accepted');
}

/** One of each kind, with its octets as the RFC lays them out. */
const SAMPLES: readonly (readonly [Capability, string])[] = [
  [{ kind: 'multiprotocol', afi: 2, safi: 1 }, '01 04 0002 00 01'],
  [{ kind: 'routeRefresh' }, '02 00'],
  [{ kind: 'routeRefresh', cisco: true }, '80 00'],
  [
    { kind: 'extendedNextHop', entries: [{ afi: 1, safi: 1, nextHopAfi: 2 }] },
    '05 06 0001 0001 0002',
  ],
  [{ kind: 'extendedMessage' }, '06 00'],
  [{ kind: 'role', role: 'customer' }, '09 01 03'],
  [
    {
      kind: 'gracefulRestart',
      restarting: true,
      notification: true,
      restartTime: 120,
      families: [
        { afi: 1, safi: 1, forwarding: true },
        { afi: 2, safi: 1, forwarding: false },
      ],
    },
    '40 0a c078 0001 01 80 0002 01 00',
  ],
  [{ kind: 'fourOctetAs', asn: 4_200_000_000 }, '41 04 fa56ea00'],
  [
    {
      kind: 'addPath',
      families: [
        { afi: 1, safi: 1, mode: 'both' },
        { afi: 2, safi: 1, mode: 'receive' },
      ],
    },
    '45 08 0001 01 03 0002 01 01',
  ],
  [{ kind: 'enhancedRouteRefresh' }, '46 00'],
  [
    {
      kind: 'longLivedGracefulRestart',
      families: [{ afi: 1, safi: 1, forwarding: true, staleTime: 0x012345 }],
    },
    '47 07 0001 01 80 012345',
  ],
  [{ kind: 'hostname', host: 'tor-1', domain: 'lab' }, '49 0a 05 746f722d31 03 6c6162'],
  [{ kind: 'softwareVersion', version: 'x/1' }, '4b 04 03 782f31'],
  [{ kind: 'unknown', code: 200, value: Uint8Array.of(1, 2) }, 'c8 02 0102'],
];

describe('capabilities (RFC 5492)', () => {
  it('has a sample of every capability that is read', () => {
    const kinds = new Set(SAMPLES.map(([capability]) => capability.kind));
    expect(CAPABILITY_ROWS.filter((row) => !kinds.has(row.kind))).toEqual([]);
  });

  for (const [capability, text] of SAMPLES) {
    it(`${formatCapability(capability)}: octets to value and back`, () => {
      expect(decodeOpen(withCapabilities(text)).capabilities).toEqual([capability]);
      expect(new Uint8Array(encodeOpen({ ...PLAIN, capabilities: [capability] }))).toEqual(
        withCapabilities(text),
      );
    });

    it(`${formatCapability(capability)}: cut short inside its length it is ignored, outside it ends the OPEN`, () => {
      const octets = hex(text);
      for (let length = 0; length < octets.length - 2; length++) {
        const shorter = octets.slice(0, length + 2);
        shorter[1] = length;
        const next = '02 00';
        const [first, second] = decodeOpen(
          withCapabilities(`${Buffer.from(shorter).toString('hex')} ${next}`),
        ).capabilities;
        // Whatever it has become, it never took octets of the one behind.
        expect(second).toEqual({ kind: 'routeRefresh' });
        if (first?.kind === 'unknown') expect(first.value).toHaveLength(length);
        else expect(first).not.toEqual(capability);
      }
      for (let length = 1; length < octets.length; length++) {
        const cut = Buffer.from(octets.subarray(0, length)).toString('hex');
        expect(refusal(withCapabilities(cut)).subcode).toBe(0);
      }
    });
  }

  it('a 4-octet AS capability of length 0 does not read the next capability', () => {
    const { capabilities } = decodeOpen(withCapabilities('41 00 01 04 0001 00 01'));
    expect(capabilities).toMatchObject([
      { kind: 'unknown', code: 65, reason: 'Length is 0, not 4' },
      { kind: 'multiprotocol', afi: 1, safi: 1 },
    ]);
  });

  it('an empty software version is ignored, and text is escaped', () => {
    const { capabilities } = decodeOpen(withCapabilities('4b 01 00 4b 03 02 0a41'));
    expect(capabilities).toMatchObject([
      { kind: 'unknown', code: 75 },
      { kind: 'softwareVersion', version: '\\u{a}A' },
    ]);
  });

  it('RFC 7911 §4: a family with an undefined Send/Receive value is left out', () => {
    const { capabilities } = decodeOpen(withCapabilities('45 08 0001 01 04 0002 01 02'));
    expect(capabilities).toEqual([
      { kind: 'addPath', families: [{ afi: 2, safi: 1, mode: 'send' }] },
    ]);
  });

  it('keeps repeated capabilities and several parameters, in order', () => {
    const octets = open(`${FIXED} 0c 02 02 0200 02 06 0104 0001 00 01`);
    expect(decodeOpen(octets).capabilities.map((one) => one.kind)).toEqual([
      'routeRefresh',
      'multiprotocol',
    ]);
  });
});

describe('RFC 4271 §6.2: OPEN Message Error', () => {
  it('accepts an OPEN without parameters', () => {
    expect(decodeOpen(open(`${FIXED} 00`))).toEqual(PLAIN);
    expect(new Uint8Array(encodeOpen(PLAIN))).toEqual(open(`${FIXED} 00`));
  });

  it('Unsupported Version Number has our version as data', () => {
    expect(refusal(open('03 fde9 005a 0a000001 00'))).toMatchObject({
      subcode: 1,
      data: Uint8Array.of(0, 4),
    });
    expect(refusal(open('05 fde9 005a 0a000001 00')).subcode).toBe(1);
  });

  it('Unacceptable Hold Time for 1 and 2 seconds only', () => {
    expect(refusal(open('04 fde9 0001 0a000001 00')).subcode).toBe(6);
    expect(refusal(open('04 fde9 0002 0a000001 00')).subcode).toBe(6);
    expect(decodeOpen(open('04 fde9 0000 0a000001 00')).holdTime).toBe(0);
    expect(decodeOpen(open('04 fde9 0003 0a000001 00')).holdTime).toBe(3);
  });

  it('Bad BGP Identifier for 0 only (RFC 6286 §2.2)', () => {
    expect(refusal(open('04 fde9 005a 00000000 00')).subcode).toBe(3);
    expect(decodeOpen(open('04 fde9 005a ffffffff 00')).bgpIdentifier).toBe(0xffffffff);
  });

  it('Bad Peer AS for AS 0 in either place (RFC 7607 §2)', () => {
    expect(refusal(open('04 0000 005a 0a000001 00')).subcode).toBe(2);
    expect(refusal(withCapabilities('41 04 00000000')).subcode).toBe(2);
  });

  it('Unsupported Optional Parameter, also for the deprecated authentication parameter', () => {
    expect(refusal(open(`${FIXED} 03 01 01 00`)).subcode).toBe(4);
    expect(refusal(open(`${FIXED} 02 03 00`)).subcode).toBe(4);
  });

  it('Unspecific where lengths contradict each other', () => {
    expect(refusal(open(`${FIXED} 05 02 02 0200`)).subcode).toBe(0); // says 5, has 4
    expect(refusal(open(`${FIXED} 03 02 02 0200`)).subcode).toBe(0); // says 3, has 4
    expect(refusal(open(`${FIXED} 04 02 03 0200`)).subcode).toBe(0); // parameter exceeds
    expect(refusal(open(`${FIXED} 01 02`)).subcode).toBe(0); // parameter without its length
    expect(refusal(open(`${FIXED} 04`)).subcode).toBe(0); // nothing follows
  });
});

describe('RFC 9072: extended optional parameters', () => {
  const extended = (rest: string): Uint8Array => open(`${FIXED} ff ff ${rest}`);

  it('reads 2-octet lengths, and ignores what the 1-octet length says', () => {
    const expected = [{ kind: 'routeRefresh' }];
    expect(decodeOpen(extended('0005 02 0002 0200')).capabilities).toEqual(expected);
    expect(decodeOpen(open(`${FIXED} 01 ff 0005 02 0002 0200`)).capabilities).toEqual(expected);
  });

  it('refuses lengths that contradict the message', () => {
    for (const rest of [
      '',
      '00',
      '0006 02 0002 0200',
      '0004 02 0002 0200',
      '0005 02 0003 0200',
      '0002 02 00',
    ]) {
      expect(refusal(extended(rest)).subcode).toBe(0);
    }
  });

  it('is used exactly where the parameters exceed 255 octets, and reads back', () => {
    for (const size of [1, 60, 61, 62, 63, 64, 200]) {
      const capabilities: Capability[] = Array.from({ length: size }, (_, i) => ({
        kind: 'unknown',
        code: 200,
        value: Uint8Array.of(i, i),
      }));
      const octets = encodeOpen({ ...PLAIN, capabilities });
      expect(octets[29] === 255).toBe(size * 4 + 2 > 255);
      expect(decodeOpen(octets)).toEqual({ ...PLAIN, capabilities });
    }
  });

  it('truncation at every octet is an OPEN error, never a crash', () => {
    const whole = encodeOpen({ ...PLAIN, capabilities: SAMPLES.map(([capability]) => capability) });
    for (let length = 29; length < whole.length; length++) {
      const cut = message(1, whole.subarray(19, length));
      expect(() => decodeOpen(cut)).toThrow(ProtocolError);
    }
  });
});
