/** Where the parts of an UPDATE are found, and which UPDATE is an End-of-RIB. */
import { describe, expect, it } from 'vitest';
import { decodeNlri, type NlriField } from './nlri.ts';
import { AS_PATH, EBGP, MANDATORY, NLRI, ORIGIN, update } from './testing/fixtures.ts';
import {
  locateUpdate,
  locateUpdateIn,
  type UpdateContext,
  type UpdateLayout,
  updateLayout,
} from './update.ts';

const GLOBAL = '20010db8000000000000000000000001';

function locate(
  octets: Uint8Array,
  context: UpdateContext = EBGP,
  layout = updateLayout(),
): UpdateLayout {
  locateUpdate(octets, context, layout);
  return layout;
}

describe('locateUpdate', () => {
  it('finds and counts the prefixes of all four fields', () => {
    const octets = update({
      withdrawn: '18 0a0b0c 00',
      attributes: `${MANDATORY} 80 0e 1a 0002 01 10 ${GLOBAL} 00 20 20010db8 90 0f 000d 0002 01 20 20010db9 20 20010dba`,
      nlri: `${NLRI} 20 01020304 08 0a`,
    });
    const layout = locate(octets);
    const prefixes = (field: NlriField): string[] =>
      decodeNlri(octets, field).map((one) => one.prefix);
    expect(prefixes(layout.withdrawn)).toEqual(['10.11.12.0/24', '0.0.0.0/0']);
    expect(prefixes(layout.nlri)).toEqual(['192.168.1.0/24', '1.2.3.4/32', '10.0.0.0/8']);
    expect(prefixes(layout.mpReach.nlri)).toEqual(['2001:db8::/32']);
    expect(prefixes(layout.mpUnreach.nlri)).toEqual(['2001:db9::/32', '2001:dba::/32']);
    expect(
      [layout.withdrawn, layout.nlri, layout.mpReach.nlri, layout.mpUnreach.nlri].map(
        (one) => one.count,
      ),
    ).toEqual([2, 3, 1, 2]);
    const { nextHopStart, nextHopEnd } = layout.mpReach;
    expect(Buffer.from(octets.subarray(nextHopStart, nextHopEnd)).toString('hex')).toBe(GLOBAL);
    expect(layout.attributeCount).toBe(5);
    expect(layout.endOfRib).toBeUndefined();
  });

  it('finds the parts of an UPDATE that stands among others where they stand there', () => {
    const message = update({
      withdrawn: '18 0a0b0c',
      attributes: `${MANDATORY} 80 0e 1a 0002 01 10 ${GLOBAL} 00 20 20010db8`,
      nlri: NLRI,
    });
    const before = 7;
    const octets = new Uint8Array(before + message.length + 5).fill(0xff);
    octets.set(message, before);
    const layout = updateLayout();
    locateUpdateIn({ octets, start: before, end: before + message.length }, EBGP, layout);
    const alone = locate(message);
    for (const field of ['withdrawn', 'nlri'] as const) {
      expect(layout[field].start - before).toBe(alone[field].start);
      expect(decodeNlri(octets, layout[field])).toEqual(decodeNlri(message, alone[field]));
    }
    expect(decodeNlri(octets, layout.mpReach.nlri)).toEqual(
      decodeNlri(message, alone.mpReach.nlri),
    );
    expect(layout.attributesStart - before).toBe(alone.attributesStart);
    expect(layout.attributesEnd - before).toBe(alone.attributesEnd);
    expect(layout.attributeCount).toBe(alone.attributeCount);
  });

  it('leaves nothing of the message before in a layout that is used again', () => {
    const layout = locate(
      update({ attributes: `80 0e 1a 0002 01 10 ${GLOBAL} 00 20 20010db8 80 0f 03 0002 01` }),
    );
    const octets = update({ attributes: `${MANDATORY} c0 08`, nlri: NLRI });
    locate(octets, EBGP, layout);
    expect(layout.overrunAt).toBe(octets.length - 4 - 2);
    locate(update({ withdrawn: NLRI }), EBGP, layout);
    expect(layout).toMatchObject({ overrunAt: -1, attributeCount: 0 });
    expect([layout.mpReach.present, layout.mpUnreach.present, layout.nlri.count]).toEqual([
      false,
      false,
      0,
    ]);
  });

  it('reads Path Identifiers in the families where they were negotiated, and there only', () => {
    const context: UpdateContext = {
      ...EBGP,
      addPathReceive: { 'ipv4-unicast': false, 'ipv6-unicast': true },
    };
    const attributes = `80 0e 1e 0002 01 10 ${GLOBAL} 00 00000007 20 20010db8 ${ORIGIN} ${AS_PATH}`;
    const octets = update({ attributes, withdrawn: NLRI });
    const layout = locate(octets, context);
    expect(decodeNlri(octets, layout.mpReach.nlri)).toEqual([
      { prefix: '2001:db8::/32', pathId: 7 },
    ]);
    expect(decodeNlri(octets, layout.withdrawn)).toEqual([{ prefix: '192.168.1.0/24', pathId: 0 }]);
  });

  it('leaves the NLRI of a family that godwit does not speak alone', () => {
    const layout = locate(update({ attributes: '80 0e 0c 0001 80 04 0a000001 00 ff ff ff' }));
    expect(layout.mpReach).toMatchObject({ present: true, afi: 1, safi: 128, family: undefined });
    expect(layout.mpReach.nlri.count).toBe(0);
  });
});

describe('End-of-RIB (RFC 4724 §2)', () => {
  it('is an empty UPDATE for IPv4 unicast, an empty MP_UNREACH_NLRI for any other family', () => {
    expect(locate(update({})).endOfRib).toBe('ipv4-unicast');
    expect(locate(update({ attributes: '80 0f 03 0002 01' })).endOfRib).toBe('ipv6-unicast');
    expect(locate(update({ attributes: '90 0f 0003 0002 01' })).endOfRib).toBe('ipv6-unicast');
    expect(locate(update({ attributes: '80 0f 03 0001 01' })).endOfRib).toBe('ipv4-unicast');
  });

  it('is nothing else', () => {
    expect(locate(update({ withdrawn: '00' })).endOfRib).toBeUndefined();
    expect(locate(update({ attributes: '80 0f 04 0002 01 00' })).endOfRib).toBeUndefined();
    expect(locate(update({ attributes: '80 0f 03 0002 80' })).endOfRib).toBeUndefined();
    expect(locate(update({ attributes: `80 0f 03 0002 01 ${ORIGIN}` })).endOfRib).toBeUndefined();
    expect(
      locate(update({ attributes: '80 0f 03 0002 01', withdrawn: '00' })).endOfRib,
    ).toBeUndefined();
    expect(locate(update({ attributes: '40' })).endOfRib).toBeUndefined();
  });
});
