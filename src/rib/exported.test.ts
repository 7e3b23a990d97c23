import { describe, expect, it } from 'vitest';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import type { ExportRewrite } from '../wire/attributes/rewrite.ts';
import { AttributeTable } from './attribute-table.ts';
import { ExportOrders } from './export-orders.ts';
import { Exported } from './exported.ts';
import { NextHops } from './next-hops.ts';
import { attributes } from './testing/support.ts';

const EBGP: ExportRewrite = {
  family: 'ipv4-unicast',
  prepend: [64512],
  nextHop: Uint8Array.of(10, 0, 0, 9),
  med: 'drop',
  localPref: 'drop',
  removeOriginatorAndCluster: true,
};

const canonical = (asns: readonly number[], rest: { med?: number } = {}): Uint8Array =>
  encodeAttributes(attributes(asns, rest), 'ipv4-unicast');

function tables() {
  const sets = new AttributeTable({ seed: 1, nextHops: new NextHops(1) });
  const orders = new ExportOrders();
  return { sets, orders, exported: new Exported(sets, orders) };
}

describe('Exported', () => {
  it('finds announcements alike that differ in what is not passed on', () => {
    const { sets, orders, exported } = tables();
    const order = orders.take(EBGP);
    const [plain, med, path] = [
      canonical([1, 2]),
      canonical([1, 2], { med: 5 }),
      canonical([1, 3]),
    ].map((octets) => ({ set: sets.intern(octets), order }));
    expect(exported.areAlike(plain!, med!)).toBe(true);
    expect(exported.areAlike(plain!, path!)).toBe(false);
    const kept = orders.take({ ...EBGP, med: 'keep' });
    expect(exported.areAlike({ ...plain!, order: kept }, { ...med!, order: kept })).toBe(false);
    expect(exported.areAlike(plain!, { ...plain!, order: kept })).toBe(true);
    expect(exported.areAlike(med!, { ...med!, order: kept })).toBe(false);
  });

  it('does not take a set that came in the place of another for it', () => {
    const { sets, orders, exported } = tables();
    const order = orders.take(EBGP);
    const one = { set: sets.intern(canonical([1])), order };
    const other = { set: sets.intern(canonical([1], { med: 1 })), order };
    sets.retain(one.set);
    expect(exported.areAlike(one, other)).toBe(true);
    sets.collect(64); // frees `other`
    expect(sets.intern(canonical([2]))).toBe(other.set);
    expect(exported.areAlike(one, other)).toBe(false);
  });
});
