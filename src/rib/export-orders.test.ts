import { describe, expect, it } from 'vitest';
import type { ExportRewrite } from '../wire/attributes/rewrite.ts';
import { ExportOrders, ORDERS_MAX } from './export-orders.ts';

const order = (change: Partial<ExportRewrite> = {}): ExportRewrite => ({
  family: 'ipv4-unicast',
  prepend: [],
  nextHop: 'keep',
  med: 'keep',
  localPref: 'keep',
  removeOriginatorAndCluster: false,
  ...change,
});

describe('ExportOrders', () => {
  it('gives equal rewrites one number, and different ones different numbers', () => {
    const orders = new ExportOrders();
    const all = [
      order(),
      order({ prepend: [1] }),
      order({ prepend: [1, 1] }),
      order({ addCommunities: [1] }),
      order({ removeCommunities: [1] }),
      order({ addLargeCommunities: [[1, 2, 3]] }),
      order({ nextHop: Uint8Array.of(1, 1, 1, 1) }),
      order({ nextHop: 'keep-global' }),
      order({ med: 1 }),
      order({ med: 'drop' }),
      order({ localPref: 1 }),
      order({ originatorId: 1 }),
      order({ clusterId: 1 }),
      order({ otc: 1 }),
      order({ removeOriginatorAndCluster: true }),
      order({ family: 'ipv6-unicast' }),
    ];
    const numbers = all.map((rewrite) => orders.take(rewrite));
    expect(new Set(numbers).size).toBe(all.length);
    expect(all.map((rewrite) => orders.take({ ...rewrite }))).toEqual(numbers);
    expect(numbers.map((id) => orders.of(id))).toEqual(all);
  });

  it('gives a number to another rewrite only when nobody names it, and says that it did', () => {
    const orders = new ExportOrders();
    const one = orders.take(order());
    orders.retain(one);
    orders.release(one);
    const before = orders.freed;
    expect(orders.take(order({ med: 1 }))).not.toBe(one);
    orders.release(one);
    expect(orders.freed).not.toBe(before);
    expect(orders.take(order({ med: 2 }))).toBe(one);
  });

  it('refuses one more than a column can name', () => {
    const orders = new ExportOrders();
    for (let med = 0; med < ORDERS_MAX; med++) orders.take(order({ med }));
    expect(orders.take(order({ med: 'drop' }))).toBe(0);
    expect(orders.take(order({ med: 5 }))).not.toBe(0);
  });
});
