import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { PrefixTable } from '../net/prefix-table.ts';
import { EMPTY_ATTRIBUTES, encodeAttributes } from '../wire/attributes/codec.ts';
import type { ExportRewrite } from '../wire/attributes/rewrite.ts';
import { AttributeTable } from './attribute-table.ts';
import { ExportOrders } from './export-orders.ts';
import { ExportRewrites, type NumberedModification } from './export-rewrites.ts';
import { Exported } from './exported.ts';
import { LOCAL_PEER } from './ids.ts';
import { LocRib } from './loc-rib.ts';
import { NextHops } from './next-hops.ts';
import { PathTable } from './path-table.ts';
import { PeerTable } from './peer-table.ts';
import type { ExportConfig } from './rib-config.ts';
import { RIB_SIZES } from './rib-sizes.ts';
import { exportConfig, peerConfig } from './testing/support.ts';

const FEED = 1;
const family = 'ipv4-unicast';
const PLAIN = {
  index: 0,
  modification: { localPref: undefined, prepend: [], addCommunities: [], addLargeCommunities: [] },
};

function bench(config: Partial<ExportConfig>) {
  const sets = new AttributeTable({ seed: 1, nextHops: new NextHops(1) });
  const [paths, peers, prefixes] = [new PathTable(), new PeerTable(), new PrefixTable(32, 1)];
  const locRib = new LocRib({ paths, peers, sets, maximumPaths: 1 });
  peers.add(FEED, peerConfig());
  paths.ensurePrefix(2);
  const tables = { family, sets, paths, peers, prefixes, locRib } as const;
  const orders = new ExportOrders();
  const exported = new Exported(sets, orders);
  const context = {
    ...tables,
    orders,
    exported,
    sizes: RIB_SIZES,
    interfaceOfPath: () => undefined,
    gate: { ask: undefined },
  };
  const set = (localPref?: number): number => {
    const values = { ...EMPTY_ATTRIBUTES, nextHop: ip('192.0.2.1') };
    const octets = encodeAttributes(
      localPref === undefined ? values : { ...values, localPref },
      family,
    );
    const id = sets.intern(octets);
    sets.loadFacts(id);
    return id;
  };
  const path = { learned: paths.add(1, FEED), own: paths.add(2, LOCAL_PEER) };
  const rewrites = new ExportRewrites(context, exportConfig(config));
  const of = (set: number, path: number, numbered: NumberedModification): ExportRewrite =>
    orders.of(rewrites.of(set, path, numbered));
  return { rewrites: { of, forget: () => rewrites.forget() }, orders, set, path };
}

describe('ExportRewrites', () => {
  it('gives LOCAL_PREF to internal peers where a set has none, and keeps it where it has (RFC 4271 §5.1.5)', () => {
    const { rewrites, set, path } = bench({ ebgp: false });
    expect(rewrites.of(set(), path.learned, PLAIN).localPref).toBe(100);
    expect(rewrites.of(set(200), path.learned, PLAIN).localPref).toBe('keep');
  });

  it('drops the MED of others towards external peers, and keeps its own (RFC 4271 §5.1.4)', () => {
    const { rewrites, set, path } = bench({ ebgp: true });
    expect(rewrites.of(set(), path.learned, PLAIN).med).toBe('drop');
    expect(rewrites.of(set(), path.own, PLAIN).med).toBe('keep');
  });

  it('numbers modifications anew only after it has forgotten the old ones', () => {
    const { rewrites, set, path } = bench({ ebgp: false });
    const prepend = (asn: number) => ({
      index: 1,
      modification: { ...PLAIN.modification, prepend: [asn] },
    });
    expect(rewrites.of(set(), path.learned, prepend(1)).prepend).toEqual([1]);
    rewrites.forget();
    expect(rewrites.of(set(), path.learned, prepend(2)).prepend).toEqual([2]);
  });

  it('gives every order back that it took', () => {
    const { rewrites, orders, set, path } = bench({ ebgp: false });
    rewrites.of(set(), path.learned, PLAIN);
    rewrites.of(set(200), path.learned, PLAIN);
    expect(orders.size).toBe(2);
    rewrites.forget();
    expect(orders.size).toBe(0);
  });
});
