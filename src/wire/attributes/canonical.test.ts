/** Canonical octets: one form for one meaning, whatever the peer wrote and in whatever order. */
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../base/byte-writer.ts';
import { ip } from '../../net/ip-address.ts';
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
} from '../testing/fixtures.ts';
import { locateUpdate, type UpdateContext, updateLayout } from '../update.ts';
import { canonicalise } from './canonical.ts';
import { decodeAttributes, formatAttributes } from './codec.ts';
import { attributeFacts, emptyAttributeFacts } from './facts.ts';

const classic = (attributes: string, context: UpdateContext = EBGP): Uint8Array => {
  const { action, canonical } = judge(update({ attributes, nlri: NLRI }), context);
  expect(action).toBe('accept');
  return canonical;
};
const mp = (attributes: string, context: UpdateContext = EBGP): Uint8Array => {
  const { action, canonical } = judge(update({ attributes }), context);
  expect(action).toBe('accept');
  return canonical;
};

describe('canonical octets', () => {
  it('are ascending by type, whatever the order received', () => {
    const shuffled = `c0 08 04 fde90001 ${NEXT_HOP} 80 04 04 00000005 ${AS_PATH} ${ORIGIN}`;
    expect(classic(shuffled)).toEqual(hex(`${MANDATORY} 80 04 04 00000005 c0 08 04 fde90001`));
  });

  it('have Extended Length only where the length needs it', () => {
    const path = `40 02 06 0201 0000fde9`;
    expect(classic(`${ORIGIN} 50 02 0006 0201 0000fde9 ${NEXT_HOP}`)).toEqual(
      hex(`${ORIGIN} ${path} ${NEXT_HOP}`),
    );
    const communities = 'fde90001'.repeat(64);
    expect(classic(`${MANDATORY} d0 08 0100 ${communities}`)).toEqual(
      hex(`${MANDATORY} d0 08 0100 ${communities}`),
    );
  });

  it('keep Partial on known transitive attributes (RFC 4271 §5)', () => {
    const canonical = classic(`${MANDATORY} e0 08 04 fde90001`);
    expect(canonical).toEqual(hex(`${MANDATORY} e0 08 04 fde90001`));
    expect(decodeAttributes(canonical).partial).toEqual([8]);
  });

  it('hold a repeated large community once (RFC 8092 §3)', () => {
    const one = '0000fde9 00000001 00000002';
    const two = '0000fde9 00000001 00000003';
    expect(classic(`${MANDATORY} c0 20 24 ${one} ${two} ${one}`)).toEqual(
      hex(`${MANDATORY} c0 20 18 ${one} ${two}`),
    );
  });

  it('of IPv6 routes have MP_REACH_NLRI with the next hop and no NLRI', () => {
    const global = '20010db8000000000000000000000001';
    const reach = `80 0e 1a 0002 01 10 ${global} 00 20 20010db8`;
    const canonical = mp(`${reach} ${ORIGIN} ${AS_PATH}`);
    expect(canonical).toEqual(hex(`${ORIGIN} ${AS_PATH} 80 0e 15 0002 01 10 ${global} 00`));
    expect(decodeAttributes(canonical).nextHop).toBe('2001:db8::1');
  });

  it('of both parts of one UPDATE differ in the next hop only', () => {
    const global = '20010db8000000000000000000000001';
    const reach = `80 0e 1a 0002 01 10 ${global} 00 20 20010db8`;
    const message = update({ attributes: `${MANDATORY} ${reach}`, nlri: NLRI });
    const layout = updateLayout();
    locateUpdate(message, EBGP, layout);
    const out = new ByteWriter();
    canonicalise({ message, layout, context: EBGP, part: 'classic' }, out);
    expect(out.finish()).toEqual(hex(MANDATORY));
    out.reset();
    canonicalise({ message, layout, context: EBGP, part: 'mp' }, out);
    expect(out.finish()).toEqual(hex(`${ORIGIN} ${AS_PATH} 80 0e 15 0002 01 10 ${global} 00`));
  });

  it('of IPv4 in MP_REACH_NLRI are those of the same route at the end of the UPDATE', () => {
    const reach = '80 0e 0d 0001 01 04 0a630007 00 18 c0a801';
    expect(mp(`${ORIGIN} ${AS_PATH} ${reach} c0 08 04 fde90001`)).toEqual(
      hex(`${MANDATORY} c0 08 04 fde90001`),
    );
    expect(mp(`${ORIGIN} ${AS_PATH} ${reach}`)).toEqual(hex(MANDATORY));
    // RFC 4760 §3: a NEXT_HOP beside it says nothing.
    expect(mp(`${ORIGIN} ${AS_PATH} 40 03 04 7f000001 ${reach}`)).toEqual(hex(MANDATORY));
  });

  it('of IPv4 with an IPv6 next hop exist where RFC 8950 was negotiated', () => {
    const global = '20010db8000000000000000000000001';
    const attributes = `${ORIGIN} ${AS_PATH} 80 0e 19 0001 01 10 ${global} 00 18 c0a801`;
    const canonical = mp(attributes, { ...EBGP, extendedNextHop: true });
    expect(canonical).toEqual(hex(`${ORIGIN} ${AS_PATH} 80 0e 15 0001 01 10 ${global} 00`));
  });

  const local = 'fe800000000000000000000000000001';
  const unspecified = '00'.repeat(16);
  for (const [form, nextHop, length] of [
    ['alone', local, '10'],
    ['twice', local + local, '20'],
    ['behind ::', unspecified + local, '20'],
  ] as const) {
    it(`have one form of a next hop that is link-local only: ${form} (RFC 2545 §3)`, () => {
      const size = (9 + nextHop.length / 2 + 1).toString(16);
      const canonical = mp(
        `${ORIGIN} ${AS_PATH} 80 0e ${size} 0002 01 ${length} ${nextHop} 00 20 20010db8`,
      );
      expect(canonical).toEqual(hex(`${ORIGIN} ${AS_PATH} 80 0e 15 0002 01 10 ${local} 00`));
    });
  }

  it('keep a global next hop with its link-local one, and drop a second that is not link-local', () => {
    const global = '20010db8000000000000000000000001';
    const reach = (second: string): string =>
      `80 0e 2a 0002 01 20 ${global} ${second} 00 20 20010db8`;
    expect(decodeAttributes(mp(`${ORIGIN} ${AS_PATH} ${reach(local)}`))).toMatchObject({
      nextHop: ip('2001:db8::1'),
      linkLocalNextHop: ip('fe80::1'),
    });
    expect(
      decodeAttributes(mp(`${ORIGIN} ${AS_PATH} ${reach(global)}`)).linkLocalNextHop,
    ).toBeUndefined();
  });

  for (const [what, nextHop] of [
    ['::', unspecified],
    ['::1', `${'00'.repeat(15)}01`],
    ['ff02::1', 'ff020000000000000000000000000001'],
  ] as const) {
    it(`do not exist for the next hop ${what}: treat-as-withdraw`, () => {
      const attributes = `${ORIGIN} ${AS_PATH} 80 0e 1a 0002 01 10 ${nextHop} 00 20 20010db8`;
      expect(judge(update({ attributes }), IBGP).action).toBe('treat-as-withdraw');
    });
  }

  it('are appended, and nothing is when the attributes cannot be used', () => {
    const out = new ByteWriter();
    out.u8(0xaa);
    const message = update({ attributes: `${MANDATORY} c0 08 00`, nlri: NLRI });
    const layout = updateLayout();
    locateUpdate(message, EBGP, layout);
    canonicalise({ message, layout, context: EBGP, part: 'classic' }, out);
    expect(out.finish()).toEqual(hex('aa'));
  });
});

describe('RFC 6793 §4.2.3: AS_PATH from an OLD speaker', () => {
  const path = (text: string, asn: string): string => {
    const value = hex(text);
    return `${asn} ${value.length.toString(16).padStart(2, '0')} ${text}`;
  };
  const asPathOf = (...parts: string[]): string =>
    formatAttributes(
      decodeAttributes(classic(`${ORIGIN} ${NEXT_HOP} ${parts.join(' ')}`, OLD)),
    )[1]!;
  const narrow = path('0203 fde9 5ba0 5ba0', '40 02'); // 65001 AS_TRANS AS_TRANS
  const wide = path('0202 00010001 00010002', 'c0 11'); // 65537 65538

  it('is merged with AS4_PATH', () => {
    expect(asPathOf(narrow, wide)).toBe('AS_PATH 65001 65537 65538');
  });

  it('is the same when AS4_PATH comes first', () => {
    expect(asPathOf(wide, narrow)).toBe('AS_PATH 65001 65537 65538');
  });

  it('stays as it is when AS4_PATH is longer, or malformed', () => {
    expect(asPathOf(path('0201 fde9', '40 02'), wide)).toBe('AS_PATH 65001');
    expect(asPathOf(path('0502 00010001 00010002', 'c0 11'), narrow)).toBe(
      'AS_PATH 65001 23456 23456',
    );
  });

  it('counts an AS_SET once, and drops confederation segments of AS4_PATH', () => {
    const withSet = path('0201 fde9 0102 5ba0 5ba0', '40 02');
    expect(asPathOf(withSet, path('0102 00010001 00010002', 'c0 11'))).toBe(
      'AS_PATH 65001 {65537,65538}',
    );
    const confederation = path('0301 00010005 0202 00010001 00010002', 'c0 11');
    expect(asPathOf(narrow, confederation)).toBe('AS_PATH 65001 65537 65538');
  });

  it('takes AGGREGATOR from AS4_AGGREGATOR when it is AS_TRANS', () => {
    const aggregators = 'c0 07 06 5ba0 0a000001 c0 12 08 00010009 0a000002';
    const attributes = decodeAttributes(
      classic(`${ORIGIN} ${NEXT_HOP} ${narrow} ${wide} ${aggregators}`, OLD),
    );
    expect(attributes.aggregator).toEqual({ asn: 65545, address: '10.0.0.2' });
    expect(attributes.asPath[0]!.asns).toEqual([65001, 65537, 65538]);
  });

  it('ignores AS4_PATH and AS4_AGGREGATOR when AGGREGATOR is not AS_TRANS', () => {
    const aggregators = 'c0 12 08 00010009 0a000002 c0 07 06 fde9 0a000001';
    const attributes = decodeAttributes(
      classic(`${ORIGIN} ${NEXT_HOP} ${narrow} ${wide} ${aggregators}`, OLD),
    );
    expect(attributes.aggregator).toEqual({ asn: 65001, address: '10.0.0.1' });
    expect(attributes.asPath[0]!.asns).toEqual([65001, 23456, 23456]);
  });

  it('is merged when AGGREGATOR is not AS_TRANS but no AS4_AGGREGATOR came with it', () => {
    expect(asPathOf(narrow, wide, 'c0 07 06 fde9 0a000001')).toBe('AS_PATH 65001 65537 65538');
  });

  it('from a NEW speaker leaves AS4_* unused and unsent', () => {
    expect(classic(`${MANDATORY} ${wide} c0 12 08 00010009 0a000002`)).toEqual(hex(MANDATORY));
  });
});

describe('facts', () => {
  it('are read from canonical octets', () => {
    const canonical = classic(
      `40 01 01 02 40 02 10 0202 0000fde9 0000fdea 0101 0000fdeb ${NEXT_HOP} 80 04 04 ffffffff 40 05 04 80000000
       c0 08 0c ffffff01 ffff0000 ffff029a 80 09 04 f0000001 80 0a 08 00000001 00000002 c0 23 04 0000fde9`,
      IBGP,
    );
    const facts = emptyAttributeFacts();
    attributeFacts(canonical, facts);
    expect(facts).toEqual({
      ...emptyAttributeFacts(),
      origin: 2,
      asPathLength: 3,
      neighborAs: 65001,
      originAs: 0,
      med: 0xffffffff,
      localPref: 0x80000000,
      originatorId: 0xf0000001,
      clusterListLength: 2,
      otc: 65001,
      hasNoExport: true,
      hasGracefulShutdown: true,
      hasBlackhole: true,
      hasAsSet: true,
      nextHopOffset: 26,
      nextHopLength: 4,
    });
    attributeFacts(classic(MANDATORY), facts);
    expect(facts).toMatchObject({
      med: -1,
      localPref: -1,
      hasNoExport: false,
      hasAsSet: false,
      originAs: 65001,
    });
  });
});
