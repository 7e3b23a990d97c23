/** Export: rewriting canonical octets, and what a peer with or without 4-octet AS numbers is sent of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../base/byte-writer.ts';
import type { AfiSafi } from '../../net/afi-safi.ts';
import { ip } from '../../net/ip-address.ts';
import { prefix } from '../../net/prefix.ts';
import { encodeNlri } from '../nlri-writer.ts';
import { EBGP, hex, IBGP, judge, MANDATORY, message, OLD } from '../testing/fixtures.ts';
import { decodeAttributes, EMPTY_ATTRIBUTES, encodeAttributes, formatAttributes } from './codec.ts';
import { asPathCount, clusterListContains, communitiesContain } from './facts.ts';
import { type AsPathSegment, Origin, type PathAttributes } from './path-attributes.ts';
import {
  type CanonicalSpan,
  differRewritten,
  type ExportRewrite,
  rewriteAttributes,
} from './rewrite.ts';
import {
  closeMpAttribute,
  mpReachHeader,
  mpReachHeaderLength,
  mpUnreachHeader,
  needsMpReach,
  writeWireAttributes,
} from './to-wire.ts';

const KEEP: ExportRewrite = {
  family: 'ipv4-unicast',
  prepend: [],
  nextHop: 'keep',
  med: 'keep',
  localPref: 'keep',
  removeOriginatorAndCluster: false,
};

const whole = (octets: Uint8Array): CanonicalSpan => ({ octets, start: 0, end: octets.length });

function rewritten(
  attributes: PathAttributes,
  change: Partial<ExportRewrite>,
  family: AfiSafi = 'ipv4-unicast',
): PathAttributes {
  const out = new ByteWriter();
  rewriteAttributes(
    whole(encodeAttributes(attributes, family)),
    { ...KEEP, family, ...change },
    out,
  );
  return decodeAttributes(out.finish());
}

const sequence = (...asns: number[]): AsPathSegment => ({ type: 2, asns });
const BASE: PathAttributes = { ...EMPTY_ATTRIBUTES, nextHop: ip('10.0.0.1') };

describe('rewriteAttributes', () => {
  it('leaves out the link-local next hop where the global one is kept (RFC 2545 §3)', () => {
    const next = (hex: string): ExportRewrite['nextHop'] =>
      Uint8Array.from(Buffer.from(hex, 'hex'));
    const global = '20010db8000000000000000000000001';
    const both = `${global}fe800000000000000000000000000002`;
    const out = new ByteWriter();
    const canonical = encodeAttributes({ ...EMPTY_ATTRIBUTES }, 'ipv6-unicast');
    rewriteAttributes(
      whole(canonical),
      { ...KEEP, family: 'ipv6-unicast', nextHop: next(both) },
      out,
    );
    const [two, one] = [new ByteWriter(), new ByteWriter()];
    rewriteAttributes(
      whole(out.finish()),
      { ...KEEP, nextHop: 'keep-global', family: 'ipv6-unicast' },
      two,
    );
    rewriteAttributes(
      whole(canonical),
      { ...KEEP, family: 'ipv6-unicast', nextHop: next(global) },
      one,
    );
    expect(two.finish()).toEqual(one.finish());
  });

  it('of nothing gives back the same octets', () => {
    const canonical = encodeAttributes(
      { ...BASE, asPath: [sequence(1, 2)], communities: [7], originatorId: 9, med: 3 },
      'ipv4-unicast',
    );
    const out = new ByteWriter();
    rewriteAttributes(whole(canonical), KEEP, out);
    expect(out.finish()).toEqual(canonical);
  });

  it('puts AS numbers in front of the first AS_SEQUENCE (RFC 4271 §5.1.2)', () => {
    expect(rewritten({ ...BASE, asPath: [sequence(3)] }, { prepend: [1, 2] }).asPath).toEqual([
      sequence(1, 2, 3),
    ]);
    expect(rewritten(BASE, { prepend: [1] }).asPath).toEqual([sequence(1)]);
    const set: AsPathSegment = { type: 1, asns: [5, 6] };
    expect(rewritten({ ...BASE, asPath: [set] }, { prepend: [1] }).asPath).toEqual([
      sequence(1),
      set,
    ]);
  });

  it.each([61, 62, 63, 64, 65])('gives a path of %i AS numbers its length field', (count) => {
    const asns = Array.from({ length: count }, (_, i) => i + 1000);
    const out = new ByteWriter();
    const canonical = encodeAttributes({ ...BASE, asPath: [sequence(...asns)] }, 'ipv4-unicast');
    rewriteAttributes(whole(canonical), { ...KEEP, prepend: [1] }, out);
    const expected = { ...BASE, asPath: [sequence(1, ...asns)] };
    expect(out.finish()).toEqual(encodeAttributes(expected, 'ipv4-unicast'));
  });

  it('leaves out communities that came without a value', () => {
    const origin = [0x40, 1, 1, 0];
    const octets = Uint8Array.of(...origin, 0xc0, 8, 0, 0xc0, 32, 0);
    const out = new ByteWriter();
    rewriteAttributes(whole(octets), { ...KEEP, addCommunities: [], addLargeCommunities: [] }, out);
    expect([...out.finish()]).toEqual(origin);
  });

  it('fills a segment to 255 AS numbers and begins another', () => {
    const long = Array.from({ length: 254 }, (_, i) => i + 1000);
    const { asPath } = rewritten({ ...BASE, asPath: [sequence(...long)] }, { prepend: [1, 2, 3] });
    expect(asPath).toEqual([sequence(1, 2), sequence(3, ...long)]);
    const many = Array.from({ length: 600 }, (_, i) => i + 1);
    const path = rewritten(BASE, { prepend: many }).asPath;
    expect(path.map((segment) => segment.asns.length)).toEqual([90, 255, 255]);
    expect(path.flatMap((segment) => segment.asns)).toEqual(many);
  });

  it('sets, keeps and drops MED and LOCAL_PREF', () => {
    const both = { ...BASE, med: 1, localPref: 2 };
    expect(rewritten(both, { med: 'drop', localPref: 'drop' })).toEqual(BASE);
    expect(rewritten(both, { med: 5, localPref: 6 })).toEqual({ ...both, med: 5, localPref: 6 });
    expect(rewritten(BASE, { med: 5, localPref: 6 })).toEqual({ ...BASE, med: 5, localPref: 6 });
  });

  it('changes the next hop within and between families', () => {
    const six = hex('20010db8000000000000000000000001');
    expect(rewritten(BASE, { nextHop: hex('0a000009') }).nextHop).toBe('10.0.0.9');
    expect(rewritten(BASE, { nextHop: six }).nextHop).toBe('2001:db8::1');
    const v6 = { ...BASE, nextHop: ip('2001:db8::9') };
    const both = new Uint8Array([...six, ...hex('fe800000000000000000000000000002')]);
    expect(rewritten(v6, { nextHop: both }, 'ipv6-unicast')).toEqual({
      ...BASE,
      nextHop: '2001:db8::1',
      linkLocalNextHop: 'fe80::2',
    });
  });

  it('reflects: ORIGINATOR_ID where absent, CLUSTER_LIST in front (RFC 4456 §8)', () => {
    const first = rewritten(BASE, { originatorId: 7, clusterId: 1 });
    expect(first).toEqual({ ...BASE, originatorId: 7, clusterList: [1] });
    expect(rewritten(first, { originatorId: 8, clusterId: 2 })).toEqual({
      ...BASE,
      originatorId: 7,
      clusterList: [2, 1],
    });
    expect(rewritten(first, { removeOriginatorAndCluster: true })).toEqual(BASE);
  });

  it('keeps non-transitive extended communities inside the AS (RFC 4360 §6)', () => {
    const transitive = ['0002fde800000001', '8006000000000001'];
    const all = {
      ...BASE,
      extendedCommunities: [transitive[0]!, '4004fde800000001', transitive[1]!],
    };
    expect(rewritten(all, {})).toEqual(all);
    const outside = { removeOriginatorAndCluster: true };
    expect(rewritten(all, outside)).toEqual({ ...BASE, extendedCommunities: transitive });
    expect(rewritten({ ...BASE, extendedCommunities: ['4302000000000000'] }, outside)).toEqual(
      BASE,
    );
  });

  it('adds communities where absent and removes them, the attribute with the last one', () => {
    const tagged = rewritten(
      { ...BASE, communities: [5] },
      { addCommunities: [5, 6], addLargeCommunities: [[1, 2, 3]] },
    );
    expect(tagged).toEqual({ ...BASE, communities: [5, 6], largeCommunities: [[1, 2, 3]] });
    expect(
      rewritten(tagged, {
        addLargeCommunities: [
          [1, 2, 3],
          [1, 2, 4],
        ],
      }).largeCommunities,
    ).toEqual([
      [1, 2, 3],
      [1, 2, 4],
    ]);
    expect(rewritten(tagged, { removeCommunities: [5, 6] }).communities).toEqual([]);
  });

  it('removes confederation segments towards eBGP (RFC 5065 §4.1)', () => {
    const asPath: AsPathSegment[] = [{ type: 3, asns: [64512] }, sequence(7)];
    const change = { prepend: [1], removeOriginatorAndCluster: true };
    expect(rewritten({ ...BASE, asPath }, change).asPath).toEqual([sequence(1, 7)]);
  });

  it('sets OTC only where it is absent (RFC 9234 §5)', () => {
    expect(rewritten(BASE, { otc: 5 }).otc).toBe(5);
    expect(rewritten({ ...BASE, otc: 4 }, { otc: 5 }).otc).toBe(4);
  });
});

describe('what a peer is sent', () => {
  const sent = (attributes: PathAttributes, as4: boolean): Uint8Array => {
    const out = new ByteWriter();
    writeWireAttributes(encodeAttributes(attributes, 'ipv4-unicast'), as4, out);
    return out.finish();
  };

  it('with 4-octet AS numbers is the canonical octets, for IPv4', () => {
    const canonical = hex(MANDATORY);
    const out = new ByteWriter();
    writeWireAttributes(canonical, true, out);
    expect(out.finish()).toEqual(canonical);
    expect(needsMpReach(canonical)).toBe(false);
  });

  it('without them has AS_TRANS, AS4_PATH and AS4_AGGREGATOR only where a number needs four octets', () => {
    const small = {
      ...BASE,
      asPath: [sequence(65001)],
      aggregator: { asn: 65001, address: ip('10.0.0.1') },
    };
    expect(sent(small, false)).toEqual(
      hex('40 01 01 00 40 02 04 0201 fde9 40 03 04 0a000001 c0 07 06 fde9 0a000001'),
    );
    const large = {
      ...small,
      asPath: [sequence(65001, 65537)],
      aggregator: { asn: 65537, address: ip('10.0.0.1') },
      otc: 1,
    };
    expect(sent(large, false)).toEqual(
      hex(`40 01 01 00 40 02 06 0202 fde9 5ba0 40 03 04 0a000001 c0 07 06 5ba0 0a000001
        c0 11 0a 0202 0000fde9 00010001 c0 12 08 00010001 0a000001 c0 23 04 00000001`),
    );
  });

  it('in another family has MP_REACH_NLRI in front, closed behind its NLRI', () => {
    const canonical = encodeAttributes({ ...BASE, nextHop: ip('2001:db8::1') }, 'ipv6-unicast');
    expect(needsMpReach(canonical)).toBe(true);
    const out = new ByteWriter();
    const mark = mpReachHeader(canonical, out);
    expect(out.length).toBe(mpReachHeaderLength(canonical));
    out.bytes(encodeNlri([prefix('2001:db8::/32')]));
    closeMpAttribute(mark, out);
    writeWireAttributes(canonical, true, out);
    expect(out.finish()).toEqual(
      hex(
        '90 0e 001a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8 40 01 01 00 40 02 00',
      ),
    );
    out.reset();
    closeMpAttribute(mpUnreachHeader('ipv6-unicast', out), out);
    expect(out.finish()).toEqual(hex('90 0f 0003 0002 01'));
  });
});

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const asn = fc.integer({ min: 1, max: 0xffffffff });
const ipv4 = fc
  .tuple(fc.integer({ min: 1, max: 126 }), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((parts) => ip(parts.join('.')));
const hexItem = (size: number) =>
  fc
    .uint8Array({ minLength: size, maxLength: size })
    .map((octets) => Buffer.from(octets).toString('hex'));
const segment = fc.record({
  type: fc.constantFrom(1, 2),
  asns: fc.array(asn, { minLength: 1, maxLength: 6 }),
}) as fc.Arbitrary<AsPathSegment>;
const attributeSets = fc.record(
  {
    origin: fc.constantFrom(Origin.Igp, Origin.Egp, Origin.Incomplete),
    asPath: fc.array(segment, { maxLength: 4 }),
    nextHop: ipv4,
    med: u32,
    localPref: u32,
    atomicAggregate: fc.boolean(),
    aggregator: fc.record({ asn, address: ipv4 }),
    communities: fc.array(u32, { maxLength: 70 }),
    originatorId: u32,
    clusterList: fc.array(u32, { maxLength: 3 }),
    extendedCommunities: fc.array(hexItem(8), { maxLength: 3 }),
    ipv6ExtendedCommunities: fc.array(hexItem(20), { maxLength: 2 }),
    largeCommunities: fc.uniqueArray(fc.tuple(u32, u32, u32), {
      maxLength: 3,
      comparator: (a, b) => a.join() === b.join(),
    }),
    otc: asn,
    partial: fc.constantFrom([], [8], [7]),
    unknown: fc.uniqueArray(
      fc.record({
        flags: fc.constant(0xe0),
        type: fc.integer({ min: 100, max: 250 }),
        value: fc.uint8Array({ maxLength: 300 }),
      }),
      { maxLength: 3, selector: (one) => one.type },
    ),
  },
  {
    requiredKeys: [
      'origin',
      'asPath',
      'nextHop',
      'atomicAggregate',
      'communities',
      'clusterList',
      'extendedCommunities',
      'ipv6ExtendedCommunities',
      'largeCommunities',
      'partial',
      'unknown',
    ],
  },
) as fc.Arbitrary<PathAttributes>;

/** Partial can only stand on an attribute that is there. */
function settled(attributes: PathAttributes): PathAttributes {
  const there = (type: number): boolean =>
    type === 8 ? attributes.communities.length > 0 : attributes.aggregator !== undefined;
  return {
    ...attributes,
    partial: attributes.partial.filter(there),
    unknown: attributes.unknown.toSorted((a, b) => a.type - b.type),
  };
}

describe('attributes as values, octets, and over the wire', () => {
  it('decode∘encode is the identity', () => {
    fc.assert(
      fc.property(attributeSets, (set) => {
        const attributes = settled(set);
        expect(decodeAttributes(encodeAttributes(attributes, 'ipv4-unicast'))).toEqual(attributes);
        expect(formatAttributes(attributes).length).toBeGreaterThanOrEqual(3);
      }),
    );
  });

  for (const [what, context] of [
    ['4-octet', IBGP],
    ['2-octet', { ...OLD, peerType: 'ibgp' }],
  ] as const) {
    it(`arrive as they were sent, over ${what} AS numbers`, () => {
      fc.assert(
        fc.property(attributeSets, (set) => {
          const canonical = encodeAttributes(settled(set), 'ipv4-unicast');
          const attributes = new ByteWriter();
          writeWireAttributes(canonical, context.as4, attributes);
          const body = new ByteWriter();
          body.u16(0);
          body.u16(attributes.length);
          body.bytes(attributes.view());
          body.bytes(encodeNlri([prefix('10.0.0.0/8')]));
          const result = judge(message(2, body.finish()), context);
          expect(result.faults).toEqual([]);
          const merged = decodeAttributes(result.canonical);
          const { asPath, ...others } = decodeAttributes(canonical);
          const { asPath: received, ...rest } = merged;
          expect(rest).toEqual(others);
          // RFC 6793 §4.2.3 rebuilds the AS numbers; where one segment ends and the next begins may move.
          expect(received.flatMap((one) => one.asns)).toEqual(asPath.flatMap((one) => one.asns));
          if (context.as4) expect(received).toEqual(asPath);
        }),
      );
    });
  }

  it('that come out of a rewrite unlike each other are said to differ, and mostly only those', () => {
    const rewrites: readonly ExportRewrite[] = [
      KEEP,
      {
        ...KEEP,
        prepend: [64512],
        nextHop: Uint8Array.of(10, 0, 0, 9),
        med: 'drop',
        localPref: 'drop',
        removeOriginatorAndCluster: true,
      },
      { ...KEEP, med: 7, localPref: 100, clusterId: 9, addCommunities: [0x1_0001] },
    ];
    const octetsOf = (set: PathAttributes, rewrite: ExportRewrite): string => {
      const out = new ByteWriter();
      rewriteAttributes(whole(encodeAttributes(settled(set), 'ipv4-unicast')), rewrite, out);
      return out.finish().join(' ');
    };
    fc.assert(
      fc.property(attributeSets, attributeSets, fc.nat(3), (one, other, keep) => {
        // Two sets that share most of what they say are the interesting ones.
        const { med: _, localPref: __, ...rest } = one;
        const near: PathAttributes =
          keep === 0
            ? other
            : {
                ...rest,
                ...(other.med === undefined ? {} : { med: other.med }),
                ...(other.localPref === undefined ? {} : { localPref: other.localPref }),
              };
        for (const rewrite of rewrites) {
          const [a, b] = [one, near].map((set) =>
            whole(encodeAttributes(settled(set), 'ipv4-unicast')),
          );
          const differ = differRewritten(a!, b!, rewrite);
          if (octetsOf(one, rewrite) !== octetsOf(near, rewrite)) expect(differ).toBe(true);
          else if (rewrite.addCommunities === undefined) expect(differ).toBe(false);
        }
      }),
    );
  });

  it('are found in octets as they are found in values', () => {
    fc.assert(
      fc.property(attributeSets, fc.nat(5), (set, pick) => {
        const canonical = encodeAttributes(settled(set), 'ipv4-unicast');
        const asns = set.asPath.flatMap((one) => one.asns);
        const wanted = asns[pick] ?? 1;
        expect(asPathCount(canonical, wanted)).toBe(asns.filter((one) => one === wanted).length);
        const cluster = set.clusterList[pick] ?? 0xfeedbeef;
        expect(clusterListContains(canonical, cluster)).toBe(set.clusterList.includes(cluster));
        const community = set.communities[pick] ?? 0xfeedbeef;
        expect(communitiesContain(canonical, community)).toBe(set.communities.includes(community));
      }),
    );
  });

  it('from eBGP lose what is for inside an AS', () => {
    const attributes = { ...BASE, localPref: 5, originatorId: 6, clusterList: [7] };
    const out = new ByteWriter();
    const octets = encodeAttributes(attributes, 'ipv4-unicast');
    out.u16(0);
    out.u16(octets.length);
    out.bytes(octets);
    out.bytes(hex('08 0a'));
    expect(decodeAttributes(judge(message(2, out.finish()), EBGP).canonical)).toEqual(BASE);
  });
});
