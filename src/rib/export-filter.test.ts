import { describe, expect, it } from 'vitest';
import { prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import { attributes, exportConfig, peerConfig, policy, span } from './testing/support.ts';

const [FEED, SINK] = [1, 2];
const family = 'ipv4-unicast';
const PREFIXES = Array.from({ length: 400 }, (_, i) => prefix(`10.${i >> 8}.${i & 255}.0/24`));

/** Octets sent for 400 prefixes of one path of `hops` AS numbers, and how often its set was looked up meanwhile. */
function exportOf(hops: number, as4: boolean): { octets: number; looks: number } {
  const nextHops = new NextHops(1);
  const sets = new AttributeSets({ seed: 1, nextHops });
  const rib = new Rib({ family, sets, seed: 1 });
  rib.addPeer(FEED, peerConfig());
  rib.join(SINK, exportConfig({ policy: policy(() => ({}), { prefix: true }), as4 }));
  const asns = Array.from({ length: hops }, (_, i) => 1000 + i);
  const path = [];
  for (let at = 0; at < hops; at += 255)
    path.push({ type: 2 as const, asns: asns.slice(at, at + 255) });
  const set = sets.intern(encodeAttributes({ ...attributes([]), asPath: path }, family));
  nextHops.takeNew((id) => nextHops.resolve(id, { reachable: true, metric: 0, handle: 1 }));
  rib.announce(FEED, span(PREFIXES), set);
  while (rib.settle(2048, { bestChanged: () => undefined, isBusy: false }));
  let looks = 0;
  const { table } = sets;
  const locate = table.locate.bind(table);
  table.locate = (id, to) => {
    looks++;
    locate(id, to);
  };
  let octets = 0;
  for (let out = rib.poll(SINK, 65_536); out !== undefined; out = rib.poll(SINK, 65_536)) {
    octets += out.length;
  }
  return { octets, looks };
}

describe('ExportFilter', () => {
  it.each([true, false])(
    'measures a long path once, not once a prefix (4-octet AS numbers: %s)',
    (as4) => {
      // 2,080 octets of AS_PATH: near enough to a message of 4,096 to be measured.
      const { octets, looks } = exportOf(as4 ? 980 : 520, as4);
      expect(octets).toBeGreaterThan(2000);
      expect(looks).toBeLessThan(20);
    },
  );

  it('does not announce what fits no message (RFC 4271 §9.2)', () => {
    expect(exportOf(1020, true).octets).toBe(0);
  });
});
