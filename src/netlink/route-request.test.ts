import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import type { KernelRoute } from './kernel-route.ts';
import { BATCH_REQUESTS_MAX, RouteRequestWriter } from './route-request.ts';

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const packed = (text: string) => text.replaceAll(/\s|#.*/g, '');

const BLOCK: KernelRoute = {
  family: 4,
  type: 'unicast',
  protocol: 12,
  scope: 0,
  flags: 0,
  table: 254,
  metric: 0,
  prefix: prefix('10.244.3.0/26'),
  nextHops: [{ gateway: ip('10.99.0.3'), interfaceIndex: 3, weight: 1, onlink: true }],
};

function request(...args: Parameters<RouteRequestWriter['addRoute']>): string {
  const writer = new RouteRequestWriter();
  writer.addRoute(...args);
  return hex(writer.batch().octets);
}

describe('Route requests', () => {
  it('add with CREATE|EXCL, key first, then the shape', () => {
    expect(request('add', BLOCK)).toBe(
      packed(`
        44000000 1800 0506 00000000 00000000   # RTM_NEWROUTE, REQUEST|ACK|EXCL|CREATE
        02 1a 00 00 fe 0c 00 01 04000000       # IPv4 /26, main, bird, universe, unicast, onlink
        08000100 0af40300                      # RTA_DST
        08000f00 fe000000 08000600 00000000    # RTA_TABLE, RTA_PRIORITY
        08000500 0a630003 08000400 03000000    # RTA_GATEWAY, RTA_OIF`),
    );
  });

  it('replace with CREATE|REPLACE', () => {
    expect(request('replace', BLOCK).slice(8, 16)).toBe('18000505');
  });

  it('delete by key and protocol, whatever the type, scope and next hops have become', () => {
    const route: KernelRoute = {
      ...BLOCK,
      family: 6,
      prefix: prefix('fd44::/122'),
      table: 4242,
      metric: 7,
    };
    expect(request('delete', route)).toBe(
      packed(`
        40000000 1900 0500 00000000 00000000   # RTM_DELROUTE, REQUEST|ACK
        0a 7a 00 00 00 0c ff 00 00000000       # table in RTA_TABLE, scope nowhere, any type
        14000100 fd440000000000000000000000000000
        08000f00 92100000 08000600 07000000`),
    );
  });

  it('are acknowledged at the last of a batch only, in sequence from 0', () => {
    const writer = new RouteRequestWriter();
    expect([0, 1, 2].map(() => writer.addRoute('add', BLOCK))).toEqual([0, 1, 2]);
    const { octets, count } = writer.batch();
    const flags = [0, 1, 2].map((i) => octets[i * 68 + 6]! & 4);
    expect([count, flags]).toEqual([3, [0, 0, 4]]);
    expect([0, 1, 2].map((i) => octets[i * 68 + 8])).toEqual([0, 1, 2]);
  });

  it('ask for one acknowledgement also when a batch is looked at before it is full', () => {
    const writer = new RouteRequestWriter();
    writer.addRoute('add', BLOCK);
    writer.batch();
    writer.addRoute('add', BLOCK);
    const { octets } = writer.batch();
    expect([octets[6]! & 4, octets[68 + 6]! & 4]).toEqual([0, 4]);
  });

  it('start anew after reset, and stop at the limit of a batch', () => {
    const writer = new RouteRequestWriter();
    writer.addRoute('add', BLOCK);
    writer.reset();
    expect(() => writer.batch()).toThrow('at least one request');
    for (let i = 0; i < BATCH_REQUESTS_MAX; i++) {
      expect(writer.full).toBe(false);
      writer.addRoute('delete', BLOCK);
    }
    expect(writer.full).toBe(true);
    expect(() => writer.addRoute('delete', BLOCK)).toThrow('before it is overfull');
    expect(writer.batch().octets.length).toBe(BATCH_REQUESTS_MAX * 52);
  });
});
