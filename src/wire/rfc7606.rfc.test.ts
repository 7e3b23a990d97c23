/** RFC 7606 attribute by attribute, from internal and external peers: what each malformation costs. */
import { describe, expect, it } from 'vitest';
import { findAttribute } from './attributes/facts.ts';
import { worstFault } from './attributes/fault-list.ts';
import { ProtocolError } from './protocol-error.ts';
import {
  AS_PATH,
  EBGP,
  hex,
  IBGP,
  judge,
  MANDATORY,
  NEXT_HOP,
  NLRI,
  OLD,
  ORIGIN,
  update,
} from './testing/fixtures.ts';
import type { UpdateContext } from './update.ts';

type Cost = 'accept' | 'discard' | 'treat-as-withdraw' | 'session-reset';

interface Case {
  readonly rule: string;
  /** Attributes in hexadecimal; those of `MANDATORY` that are not among them are added in front. */
  readonly attributes: string;
  readonly ebgp: Cost;
  /** As for external peers when absent. */
  readonly ibgp?: Cost;
  readonly subcode?: number;
  /** From a peer that knows only 2-octet AS numbers. */
  readonly old?: true;
}

const WITHDRAW = { ebgp: 'treat-as-withdraw' } as const;
const DISCARD = { ebgp: 'discard' } as const;

const CASES: readonly Case[] = [
  { rule: '§7.1 ORIGIN optional', attributes: 'c0 01 01 00', ...WITHDRAW, subcode: 4 },
  { rule: '§7.1 ORIGIN partial', attributes: '60 01 01 00', ...WITHDRAW, subcode: 4 },
  { rule: '§7.1 ORIGIN not transitive', attributes: '00 01 01 00', ...WITHDRAW, subcode: 4 },
  { rule: '§7.1 ORIGIN of 0 octets', attributes: '40 01 00', ...WITHDRAW, subcode: 5 },
  { rule: '§7.1 ORIGIN of 2 octets', attributes: '40 01 02 0000', ...WITHDRAW, subcode: 5 },
  { rule: '§7.1 ORIGIN 3', attributes: '40 01 01 03', ...WITHDRAW, subcode: 6 },
  { rule: '§7.2 AS_PATH optional', attributes: 'c0 02 06 0201 0000fde9', ...WITHDRAW, subcode: 4 },
  {
    rule: '§7.2 AS_PATH segment type 0',
    attributes: '40 02 06 0001 0000fde9',
    ...WITHDRAW,
    subcode: 11,
  },
  {
    rule: '§7.2 AS_PATH segment type 5',
    attributes: '40 02 06 0501 0000fde9',
    ...WITHDRAW,
    subcode: 11,
  },
  { rule: '§7.2 AS_PATH segment length 0', attributes: '40 02 02 0200', ...WITHDRAW, subcode: 11 },
  {
    rule: '§7.2 AS_PATH segment overrun',
    attributes: '40 02 06 0202 0000fde9',
    ...WITHDRAW,
    subcode: 11,
  },
  {
    rule: '§7.2 AS_PATH single last octet',
    attributes: '40 02 07 0201 0000fde9 02',
    ...WITHDRAW,
    subcode: 11,
  },
  {
    rule: 'RFC 7607 AS 0 in AS_PATH',
    attributes: '40 02 06 0201 00000000',
    ...WITHDRAW,
    subcode: 11,
  },
  {
    rule: 'RFC 7607 AS 0 in an AS_SET',
    attributes: '40 02 0a 0102 0000fde9 00000000',
    ...WITHDRAW,
  },
  {
    rule: 'RFC 5065 §5 confederation segment',
    attributes: '40 02 0c 0301 0000fde8 0201 0000fde9',
    ebgp: 'treat-as-withdraw',
    ibgp: 'accept',
  },
  { rule: '§7.2 empty AS_PATH', attributes: '40 02 00', ebgp: 'accept' },
  { rule: '§7.3 NEXT_HOP of 3 octets', attributes: '40 03 03 0a6300', ...WITHDRAW, subcode: 5 },
  { rule: '§7.3 NEXT_HOP of 5 octets', attributes: '40 03 05 0a63000700', ...WITHDRAW, subcode: 5 },
  { rule: '§7.3 NEXT_HOP optional', attributes: 'c0 03 04 0a630007', ...WITHDRAW, subcode: 4 },
  {
    rule: 'RFC 4271 §6.3 NEXT_HOP 0.0.0.0',
    attributes: '40 03 04 00000000',
    ...WITHDRAW,
    subcode: 8,
  },
  {
    rule: 'RFC 4271 §6.3 NEXT_HOP 127.0.0.1',
    attributes: '40 03 04 7f000001',
    ...WITHDRAW,
    subcode: 8,
  },
  {
    rule: 'RFC 4271 §6.3 NEXT_HOP 224.0.0.5',
    attributes: '40 03 04 e0000005',
    ...WITHDRAW,
    subcode: 8,
  },
  {
    rule: 'RFC 4271 §6.3 NEXT_HOP 239.1.2.3',
    attributes: '40 03 04 ef010203',
    ...WITHDRAW,
    subcode: 8,
  },
  { rule: '§7.4 MED of 3 octets', attributes: '80 04 03 000001', ...WITHDRAW, subcode: 5 },
  { rule: '§7.4 MED of 0 octets', attributes: '80 04 00', ...WITHDRAW, subcode: 5 },
  { rule: '§7.4 MED transitive', attributes: 'c0 04 04 00000001', ...WITHDRAW, subcode: 4 },
  {
    rule: '§7.5 LOCAL_PREF of 3 octets',
    attributes: '40 05 03 000064',
    ebgp: 'discard',
    ibgp: 'treat-as-withdraw',
  },
  {
    rule: '§7.5 LOCAL_PREF of 0 octets',
    attributes: '40 05 00',
    ebgp: 'discard',
    ibgp: 'treat-as-withdraw',
  },
  {
    rule: '§7.5 LOCAL_PREF well-formed',
    attributes: '40 05 04 00000064',
    ebgp: 'discard',
    ibgp: 'accept',
  },
  { rule: '§7.6 ATOMIC_AGGREGATE of 1 octet', attributes: '40 06 01 00', ...DISCARD, subcode: 5 },
  { rule: '§7.6 ATOMIC_AGGREGATE optional', attributes: 'c0 06 00', ...WITHDRAW, subcode: 4 },
  { rule: '§7.7 AGGREGATOR of 7 octets', attributes: 'c0 07 07 0000fde90a0000', ...DISCARD },
  { rule: '§7.7 AGGREGATOR of 9 octets', attributes: 'c0 07 09 0000fde90a00000200', ...DISCARD },
  { rule: '§7.7 AGGREGATOR of 6 octets', attributes: 'c0 07 06 fde90a000002', ...DISCARD },
  {
    rule: '§7.7 AGGREGATOR of 8 octets from an OLD speaker',
    attributes: 'c0 07 08 0000fde90a000002',
    ...DISCARD,
    old: true,
  },
  { rule: 'RFC 7607 AGGREGATOR AS 0', attributes: 'c0 07 08 000000000a000002', ...DISCARD },
  {
    rule: 'RFC 7607 AGGREGATOR AS 0 from an OLD speaker',
    attributes: 'c0 07 06 00000a000002',
    ...DISCARD,
    old: true,
  },
  { rule: '§7.8 COMMUNITIES of 0 octets', attributes: 'c0 08 00', ...WITHDRAW, subcode: 5 },
  {
    rule: '§7.8 COMMUNITIES of 5 octets',
    attributes: 'c0 08 05 ffff000100',
    ...WITHDRAW,
    subcode: 5,
  },
  {
    rule: '§7.8 COMMUNITIES not transitive',
    attributes: '80 08 04 fde90001',
    ...WITHDRAW,
    subcode: 4,
  },
  {
    rule: '§7.9 ORIGINATOR_ID of 3 octets',
    attributes: '80 09 03 0a0000',
    ebgp: 'discard',
    ibgp: 'treat-as-withdraw',
  },
  {
    rule: '§7.9 ORIGINATOR_ID of 5 octets',
    attributes: '80 09 05 0a00000100',
    ebgp: 'discard',
    ibgp: 'treat-as-withdraw',
  },
  {
    rule: '§7.9 ORIGINATOR_ID well-formed',
    attributes: '80 09 04 0a000001',
    ebgp: 'discard',
    ibgp: 'accept',
  },
  {
    rule: '§3(c) ORIGINATOR_ID transitive',
    attributes: 'c0 09 04 0a000002',
    ...WITHDRAW,
    subcode: 4,
  },
  {
    rule: '§7.10 CLUSTER_LIST of 0 octets',
    attributes: '80 0a 00',
    ebgp: 'discard',
    ibgp: 'treat-as-withdraw',
  },
  {
    rule: '§7.10 CLUSTER_LIST of 5 octets',
    attributes: '80 0a 05 0a00000200',
    ebgp: 'discard',
    ibgp: 'treat-as-withdraw',
  },
  {
    rule: '§7.10 CLUSTER_LIST well-formed',
    attributes: '80 0a 04 0a000002',
    ebgp: 'discard',
    ibgp: 'accept',
  },
  {
    rule: '§7.14 EXTENDED_COMMUNITIES of 9 octets',
    attributes: 'c0 10 09 0002fde90000000100',
    ...WITHDRAW,
    subcode: 5,
  },
  {
    rule: '§7.14 EXTENDED_COMMUNITIES of 0 octets',
    attributes: 'c0 10 00',
    ...WITHDRAW,
    subcode: 5,
  },
  {
    rule: '§7.15 IPV6_EXTENDED_COMMUNITIES of 19 octets',
    attributes: `c0 19 13 ${'00'.repeat(19)}`,
    ...WITHDRAW,
  },
  { rule: '§7.15 IPV6_EXTENDED_COMMUNITIES of 0 octets', attributes: 'c0 19 00', ...WITHDRAW },
  {
    rule: 'RFC 8092 §6 LARGE_COMMUNITY of 13 octets',
    attributes: `c0 20 0d ${'01'.repeat(13)}`,
    ...WITHDRAW,
  },
  { rule: 'RFC 8092 §6 LARGE_COMMUNITY of 0 octets', attributes: 'c0 20 00', ...WITHDRAW },
  {
    rule: '§3(c) LARGE_COMMUNITY not transitive',
    attributes: `80 20 0c ${'01'.repeat(12)}`,
    ...WITHDRAW,
    subcode: 4,
  },
  {
    rule: '§3(c) AS4_PATH not transitive',
    attributes: '80 11 06 0201 00010001',
    ...WITHDRAW,
    subcode: 4,
  },
  {
    rule: '§3(c) AS4_PATH not transitive from an OLD speaker',
    attributes: '80 11 06 0201 00010001',
    ...WITHDRAW,
    old: true,
  },
  {
    rule: 'RFC 6793 §6 AS4_PATH segment type 5',
    attributes: 'c0 11 06 0501 00010001',
    ...DISCARD,
    old: true,
  },
  {
    rule: 'RFC 6793 §6 AS4_PATH segment overrun',
    attributes: 'c0 11 06 0202 00010001',
    ...DISCARD,
    old: true,
  },
  { rule: 'RFC 7607 AS4_PATH AS 0', attributes: 'c0 11 06 0201 00000000', ...DISCARD, old: true },
  {
    rule: 'RFC 6793 §6 AS4_AGGREGATOR of 7 octets',
    attributes: 'c0 12 07 0000fde90a0000',
    ...DISCARD,
  },
  {
    rule: 'RFC 6793 §6 AS4_AGGREGATOR of 9 octets',
    attributes: 'c0 12 09 0000fde90a00000200',
    ...DISCARD,
    old: true,
  },
  { rule: 'RFC 6514 PMSI_TUNNEL of 4 octets', attributes: 'c0 16 04 00060000', ...WITHDRAW },
  {
    rule: 'RFC 6514 PMSI_TUNNEL with half an address',
    attributes: 'c0 16 0a 00060000000a00000200',
    ...WITHDRAW,
  },
  { rule: 'RFC 9012 §13 Tunnel Encapsulation cut', attributes: 'c0 17 03 000700', ...WITHDRAW },
  {
    rule: 'RFC 9012 §13 Tunnel Encapsulation outer length',
    attributes: 'c0 17 05 0007000401',
    ...WITHDRAW,
  },
  {
    rule: 'RFC 9012 §13 Tunnel Encapsulation sub-TLV overrun',
    attributes: 'c0 17 06 0007000401ff',
    ...WITHDRAW,
  },
  {
    rule: 'RFC 9012 §13 Tunnel Encapsulation flags',
    attributes: '80 17 08 00070004 0102abcd',
    ...WITHDRAW,
    subcode: 4,
  },
  { rule: 'RFC 7311 AIGP transitive', attributes: 'c0 1a 0b 01000b0000000000000000', ...DISCARD },
  { rule: 'RFC 7311 AIGP of 0 octets', attributes: '80 1a 00', ...DISCARD },
  { rule: 'RFC 9552 BGP-LS TLV overrun', attributes: '80 1d 04 0400 0005', ...DISCARD },
  {
    rule: 'RFC 8669 §6 Prefix-SID not transitive',
    attributes: '80 28 0a 01 0007 00000000000001',
    ...DISCARD,
  },
  { rule: 'RFC 8669 §6 Prefix-SID TLV overrun', attributes: 'c0 28 04 01 0007 00', ...DISCARD },
  { rule: 'RFC 9234 §5 OTC of 3 octets', attributes: 'c0 23 03 0000fd', ...WITHDRAW },
  { rule: 'RFC 9234 §5 OTC of 0 octets', attributes: 'c0 23 00', ...WITHDRAW },
  { rule: 'RFC 9234 §5 OTC AS 0', attributes: 'c0 23 04 00000000', ebgp: 'accept' },
  { rule: '§3(c) OTC not transitive', attributes: '80 23 04 0000fde9', ...WITHDRAW, subcode: 4 },
  { rule: '§3 unknown well-known', attributes: '40 63 01 00', ebgp: 'session-reset', subcode: 2 },
  {
    rule: 'RFC 4271 §5 unknown optional non-transitive',
    attributes: '80 63 01 00',
    ebgp: 'accept',
  },
  { rule: 'RFC 4271 §5 unknown optional transitive', attributes: 'c0 63 01 00', ebgp: 'accept' },
  {
    rule: '§3(g) repeated COMMUNITIES',
    attributes: 'c0 08 04 fde90001 c0 08 04 fde90002',
    ...DISCARD,
  },
  {
    rule: '§3(g) repeated ORIGIN, the second malformed',
    attributes: `${ORIGIN} 40 01 01 09`,
    ...DISCARD,
  },
  { rule: '§4 length exceeds the list', attributes: 'c0 08 20 fde90001', ...WITHDRAW, subcode: 5 },
  { rule: '§4 one octet left', attributes: '40', ...WITHDRAW },
  { rule: '§4 extended length with one octet of it', attributes: 'd0 08 00', ...WITHDRAW },
];

/** `attributes` with those well-known mandatory ones in front that are not among them. */
function complete(attributes: string, old: boolean): string {
  const type = attributes.replace(/\s/g, '').slice(2, 4);
  const path = old ? '40 02 04 02 01 fde9' : AS_PATH;
  const others = { '01': ORIGIN, '02': path, '03': NEXT_HOP };
  return Object.entries(others)
    .filter(([one]) => one !== type)
    .map(([, text]) => text)
    .concat(attributes)
    .join(' ');
}

function costOf(octets: Uint8Array, context: UpdateContext): { cost: Cost; subcode?: number } {
  const { action, faults, canonical } = judge(octets, context);
  const worst = worstFault(faults);
  const subcode = worst === undefined ? {} : { subcode: worst.subcode };
  expect(canonical.length > 0).toBe(action === 'accept');
  if (action !== 'accept') return { cost: action, ...subcode };
  return { cost: faults.length > 0 ? 'discard' : 'accept', ...subcode };
}

describe('RFC 7606: what a malformed attribute costs', () => {
  for (const { rule, attributes, ebgp, ibgp, subcode, old } of CASES) {
    for (const [peer, base] of [
      ['eBGP', EBGP],
      ['iBGP', IBGP],
    ] as const) {
      const cost = peer === 'eBGP' ? ebgp : (ibgp ?? ebgp);
      it(`${rule}, ${peer}: ${cost}`, () => {
        const octets = update({ attributes: complete(attributes, old === true), nlri: NLRI });
        const result = costOf(octets, old ? { ...base, as4: false } : base);
        expect(result.cost).toBe(cost);
        if (subcode !== undefined && cost === ebgp) expect(result.subcode).toBe(subcode);
      });
    }
  }
});

describe('RFC 7606 §3 and §5: what the whole UPDATE costs', () => {
  for (const [name, missing] of [
    ['ORIGIN', ORIGIN],
    ['AS_PATH', AS_PATH],
    ['NEXT_HOP', NEXT_HOP],
  ] as const) {
    it(`§3(d): without ${name} the prefixes are withdrawn, and the data names its type`, () => {
      const { action, faults } = judge(
        update({ attributes: MANDATORY.replace(missing, ''), nlri: NLRI }),
        EBGP,
      );
      expect(action).toBe('treat-as-withdraw');
      expect(faults).toMatchObject([{ name, subcode: 3 }]);
      expect(faults[0]!.data).toEqual(hex(missing).subarray(1, 2));
    });
  }

  it('§3(g): keeps the first of two COMMUNITIES', () => {
    const repeated = `${MANDATORY} c0 08 04 fde90001 c0 08 04 fde90002`;
    const once = judge(update({ attributes: `${MANDATORY} c0 08 04 fde90001`, nlri: NLRI }), EBGP);
    expect(judge(update({ attributes: repeated, nlri: NLRI }), EBGP).canonical).toEqual(
      once.canonical,
    );
  });

  it('§3(h): of several malformations the worst decides', () => {
    const attributes = `${MANDATORY} 40 06 01 00 c0 08 00 40 63 00`;
    const { action, faults } = judge(update({ attributes, nlri: NLRI }), EBGP);
    expect(action).toBe('session-reset');
    expect(faults.map((fault) => fault.action)).toEqual([
      'discard',
      'treat-as-withdraw',
      'session-reset',
    ]);
  });

  it('§5.2: a malformed attribute in an UPDATE that announces nothing resets the session', () => {
    const attributes = `40 01 01 09 80 0f 07 0002 01 18 20010d`;
    expect(judge(update({ attributes }), EBGP).action).toBe('session-reset');
    expect(
      judge(update({ attributes: '40 06 01 00 80 0f 07 0002 01 18 20010d' }), EBGP).action,
    ).toBe('accept');
  });

  it('a malformed attribute does not change what the next one says', () => {
    const attributes = `${MANDATORY} c0 07 03 010203 c0 08 04 fde90001`;
    const { action, canonical } = judge(update({ attributes, nlri: NLRI }), EBGP);
    expect(action).toBe('accept');
    expect(findAttribute(canonical, 7)).toBe(-1);
    expect(canonical.subarray(findAttribute(canonical, 8))).toEqual(hex('c0 08 04 fde90001'));
  });

  it('RFC 4271 §5: an unknown transitive attribute is kept bit-exact with the Partial bit', () => {
    const { canonical } = judge(
      update({ attributes: `${MANDATORY} c0 63 03 a1b2c3`, nlri: NLRI }),
      EBGP,
    );
    expect(canonical.subarray(findAttribute(canonical, 0x63))).toEqual(hex('e0 63 03 a1b2c3'));
  });

  it('RFC 4271 §5: an unknown non-transitive attribute is not passed on', () => {
    const { canonical } = judge(
      update({ attributes: `${MANDATORY} 80 63 03 a1b2c3`, nlri: NLRI }),
      EBGP,
    );
    expect(findAttribute(canonical, 0x63)).toBe(-1);
  });
});

/** Subcode and data of the ProtocolError that `octets` cause. */
function resetBy(
  octets: Uint8Array,
  context = EBGP,
): { code: number; subcode: number; data: Uint8Array } {
  try {
    judge(octets, context);
  } catch (error) {
    if (error instanceof ProtocolError) return error.notification;
    throw error;
  }
  throw new Error('The UPDATE was accepted');
}

describe('RFC 7606 §3(j), §5.3, §7.11, §7.12: where only a session reset is left', () => {
  const global = '20010db8000000000000000000000001';
  const reach = `80 0e 1a 0002 01 10 ${global} 00 20 20010db8`;

  it('accepts the well-formed MP_REACH_NLRI that the cases below break', () => {
    expect(judge(update({ attributes: `${ORIGIN} ${AS_PATH} ${reach}` }), EBGP).action).toBe(
      'accept',
    );
  });

  for (const [rule, attributes, subcode] of [
    ['MP_REACH_NLRI repeated', `${reach} ${reach}`, 1],
    ['MP_UNREACH_NLRI repeated', '80 0f 03 000201 80 0f 03 000201', 1],
    ['MP_REACH_NLRI of two octets', '80 0e 02 0002', 9],
    ['MP_UNREACH_NLRI of two octets', '80 0f 02 0002', 9],
    ['MP_REACH_NLRI without a next hop length', '80 0e 03 000201', 9],
    ['MP_REACH_NLRI without the reserved octet', `80 0e 14 0002 01 10 ${global}`, 9],
    ['next hop of 9 octets', '80 0e 12 0002 01 09 20010db80000000000 00 20 20010db8', 9],
    ['next hop that exceeds the attribute', `80 0e 15 0002 01 40 ${global} 00`, 9],
    [
      '16-octet next hop for IPv4 without RFC 8950',
      `80 0e 19 0001 01 10 ${global} 00 18 c0a801`,
      9,
    ],
    ['prefix longer than 128 in MP_REACH_NLRI', `80 0e 1a 0002 01 10 ${global} 00 81 20010db8`, 9],
    ['prefix cut in MP_REACH_NLRI', `80 0e 19 0002 01 10 ${global} 00 20 20010d`, 9],
    ['prefix cut in MP_UNREACH_NLRI', '80 0f 06 000201 20 2001', 9],
    ['MP_REACH_NLRI that exceeds the attribute list', `80 0e 40 0002 01 10 ${global} 00`, 9],
  ] as const) {
    it(rule, () => {
      expect(resetBy(update({ attributes: `${ORIGIN} ${AS_PATH} ${attributes}` }))).toMatchObject({
        code: 3,
        subcode,
      });
    });
  }

  it('a withdrawn length that exceeds the message', () => {
    const octets = update({ withdrawn: '18 c0a801' });
    octets[20] = 200;
    expect(resetBy(octets)).toMatchObject({ code: 3, subcode: 1 });
  });

  it('a total attribute length that exceeds the message', () => {
    const octets = update({ attributes: MANDATORY });
    octets[22] = 200;
    expect(resetBy(octets)).toMatchObject({ code: 3, subcode: 1 });
  });

  it('a withdrawn or announced IPv4 prefix that is longer than 32 or cut (Invalid Network Field)', () => {
    expect(resetBy(update({ withdrawn: '21 c0a80100 00' }))).toMatchObject({ subcode: 10 });
    expect(resetBy(update({ attributes: MANDATORY, nlri: '21 c0a80100 00' }))).toMatchObject({
      subcode: 10,
    });
    expect(resetBy(update({ attributes: MANDATORY, nlri: '18 c0a8' }))).toMatchObject({
      subcode: 10,
    });
  });

  it('a Path Identifier without a prefix (RFC 7911 §3)', () => {
    const context = { ...EBGP, addPathReceive: { 'ipv4-unicast': true, 'ipv6-unicast': false } };
    expect(resetBy(update({ attributes: MANDATORY, nlri: '00000001' }), context)).toMatchObject({
      subcode: 10,
    });
  });

  it('the same AS_PATH from an OLD speaker is read with 2-octet AS numbers', () => {
    const attributes = `${ORIGIN} 40 02 04 0201 fde9 ${NEXT_HOP}`;
    expect(judge(update({ attributes, nlri: NLRI }), OLD).canonical).toEqual(hex(MANDATORY));
    expect(judge(update({ attributes, nlri: NLRI }), EBGP).action).toBe('treat-as-withdraw');
  });
});
