import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import type { KernelRoute } from './kernel-route.ts';
import { visitRoutes } from './raw-route.ts';
import { decodeRoute, encodeRouteShape, formatRoute, scopeFor } from './route.ts';

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(/\s|#.*/g, ''), 'hex'));

/** Wraps a body into an RTM_NEWROUTE and reads it. */
function decode(hex: string): KernelRoute | undefined {
  const body = octets(hex);
  const message = new Uint8Array(16 + body.length);
  message.set(octets('00000000 1800 0200 09000000 00000000'));
  message[0] = message.length;
  message.set(body, 16);
  let route: KernelRoute | undefined;
  visitRoutes(message, message.length, { onRoute: (raw) => (route = decodeRoute(raw)) });
  return route;
}

describe('RTM_NEWROUTE', () => {
  it('with several next hops, an IPv6 one among them, a source, an MTU and a table above 255', () => {
    const route = decode(`
      02 1a 00 00 fc 0c 00 01 00000000       # IPv4 /26, table compat, bird, universe, unicast
      08000f00 92100000                      # RTA_TABLE 4242
      08000100 0af40500                      # RTA_DST 10.244.5.0
      08000600 05000000                      # RTA_PRIORITY 5
      0c000800 08000200 78050000             # RTA_METRICS { RTAX_MTU 1400 }
      08000700 0a070001                      # RTA_PREFSRC
      34000900                               # RTA_MULTIPATH
        1000 04 00 03000000 08000500 0a070002                              # onlink, weight 1, dev 3
        2000 11 06 03000000 16001200 0a00 fd090000000000000000000000000002 0000  # dead, linkdown`);
    expect(route).toEqual({
      family: 4,
      type: 'unicast',
      protocol: 12,
      scope: 0,
      flags: 0,
      table: 4242,
      prefix: '10.244.5.0/26',
      metric: 5,
      mtu: 1400,
      prefSrc: '10.7.0.1',
      nextHops: [
        { gateway: '10.7.0.2', interfaceIndex: 3, weight: 1, onlink: true },
        {
          gateway: 'fd09::2',
          interfaceIndex: 3,
          weight: 7,
          onlink: false,
          dead: true,
          linkDown: true,
        },
      ],
    });
    expect(formatRoute(route!)).toBe(
      '10.244.5.0/26 nexthop via 10.7.0.2 dev #3 onlink weight 1 ' +
        'nexthop via inet6 fd09::2 dev #3 weight 7 proto 12 metric 5 src 10.7.0.1 mtu 1400 table 4242',
    );
  });

  it('of an IPv6 blackhole has no next hop, though the kernel names lo', () => {
    const route = decode(`
      0a 7a 00 00 fe 0c 00 06 00000000
      08000f00 fe000000
      14000100 fd440004000000000000000000000000
      08000600 00040000 08000400 01000000 05001400 00000000`);
    expect(route).toMatchObject({
      type: 'blackhole',
      prefix: 'fd44:4::/122',
      metric: 1024,
      nextHops: [],
    });
  });

  it('through a nexthop object keeps its number', () => {
    const route = decode('02 18 00 00 fe 04 00 01 00000000 08000100 0a010200 08001e00 2a000000');
    expect(route).toMatchObject({
      nexthopId: 42,
      nextHops: [],
      protocol: 4,
      prefix: '10.1.2.0/24',
    });
  });

  it('without RTA_DST is the default route', () => {
    expect(decode('02 00 00 00 fe 0c 00 01 00000000')?.prefix).toBe('0.0.0.0/0');
  });

  it('is passed over when it is a cache entry, of another family, cut off, or has a wild prefix', () => {
    expect(decode('02 18 00 00 fe 04 00 01 00020000 08000100 0a010200')).toBeUndefined();
    expect(decode('80 18 00 00 fe 04 00 01 00000000 08000100 0a010200')).toBeUndefined();
    expect(decode('02 18 00 00 fe 04 00')).toBeUndefined();
    expect(decode('02 21 00 00 fe 04 00 01 00000000 08000100 0a010200')).toBeUndefined();
    expect(decode('02 18 00 00 fe 04 00 01 00000000 06000100 0a010000')).toBeUndefined();
  });

  it('with a broken RTA_MULTIPATH keeps the next hops before the break', () => {
    const route = decode(`
      02 1a 00 00 fe 0c 00 01 00000000
      1c000900 1000 00 00 03000000 08000500 0a070002  ff00 0000 04000000`);
    expect(route?.nextHops).toEqual([
      { gateway: '10.7.0.2', interfaceIndex: 3, weight: 1, onlink: false },
    ]);
  });
});

describe('A route shape', () => {
  it('has link scope when it leads straight to a device, for IPv4 only', () => {
    const direct = [{ interfaceIndex: 3, weight: 1, onlink: false }];
    expect(scopeFor(4, 'unicast', direct)).toBe(253);
    expect(scopeFor(6, 'unicast', direct)).toBe(0);
    expect(scopeFor(4, 'unicast', [{ ...direct[0]!, gateway: ip('10.0.0.1') }])).toBe(0);
    expect(scopeFor(4, 'blackhole', [])).toBe(0);
  });

  it('puts onlink of a single next hop into the route’s flags', () => {
    const shape = encodeRouteShape({
      family: 4,
      type: 'unicast',
      protocol: 12,
      scope: 0,
      flags: 0,
      nextHops: [{ gateway: ip('10.9.0.2'), interfaceIndex: 3, weight: 1, onlink: true }],
    });
    expect(shape).toMatchObject({ flags: 4, typeCode: 1 });
    expect(Buffer.from(shape.attributes).toString('hex')).toBe('080005000a0900020800040003000000');
  });
});
