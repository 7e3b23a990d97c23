import { describe, expect, it } from 'vitest';
import { prefix } from '../net/prefix.ts';
import type { KernelRoute } from './kernel-route.ts';
import { visitRoutes } from './raw-route.ts';
import { RouteRequestWriter } from './route-request.ts';

const ROUTE: KernelRoute = {
  family: 4,
  type: 'blackhole',
  protocol: 12,
  scope: 0,
  flags: 0,
  table: 4242,
  metric: 77,
  prefix: prefix('10.244.3.0/26'),
  nextHops: [],
};

describe('A raw route', () => {
  it('has its key as numbers and octets, nothing left from the one before', () => {
    const writer = new RouteRequestWriter();
    writer.addRoute('add', { ...ROUTE, family: 6, prefix: prefix('fd44:ffff::/32') });
    writer.addRoute('delete', { ...ROUTE, metric: 0, table: 254 });
    const { octets } = writer.batch();
    const seen: unknown[] = [];
    visitRoutes(octets, octets.length, {
      onRoute: ({ change, family, destination, destinationLength, table, metric, protocol }) => {
        const address = Buffer.from(destination).toString('hex');
        seen.push({ change, family, address, destinationLength, table, metric, protocol });
      },
    });
    const common = { protocol: 12 };
    expect(seen).toEqual([
      {
        ...common,
        change: 'set',
        family: 6,
        address: `fd44ffff${'0'.repeat(24)}`,
        destinationLength: 32,
        table: 4242,
        metric: 77,
      },
      {
        ...common,
        change: 'removed',
        family: 4,
        address: `0af40300${'0'.repeat(24)}`,
        destinationLength: 26,
        table: 254,
        metric: 0,
      },
    ]);
  });

  it('without destination and metric is the default route with metric 0, whatever came before', () => {
    const writer = new RouteRequestWriter();
    writer.addRoute('add', ROUTE);
    const bare = Buffer.from('1c00000018000000000000000000000002000000fe0c000600000000', 'hex');
    const octets = Uint8Array.from([...writer.batch().octets, ...bare]);
    const seen: string[] = [];
    visitRoutes(octets, octets.length, {
      onRoute: ({ destination, destinationLength, metric, table }) => {
        const address = destination.subarray(0, 4).join('.');
        seen.push(`${address}/${destinationLength} metric ${metric} table ${table}`);
      },
    });
    expect(seen).toEqual(['10.244.3.0/26 metric 77 table 4242', '0.0.0.0/0 metric 0 table 254']);
  });
});
