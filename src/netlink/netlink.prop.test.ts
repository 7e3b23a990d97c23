/** No octets, whoever made them, make a netlink decoder throw or look behind its end. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { ip } from '../net/ip-address.ts';
import { prefixFrom } from '../net/prefix.ts';
import { type KernelVisitor, visitKernelMessages } from './events.ts';
import type { KernelNextHop, KernelRoute } from './kernel-route.ts';
import { decodeAcknowledgement, MessageCursor } from './message.ts';
import { visitRoutes } from './raw-route.ts';
import { decodeRoute } from './route.ts';
import { RouteRequestWriter } from './route-request.ts';
import { RouteShapes } from './route-shapes.ts';

function everythingIn(octets: Uint8Array, length: number): string {
  const seen: unknown[] = [];
  const shapes = new RouteShapes();
  const visitor: KernelVisitor = {
    onLink: (...args) => seen.push(args),
    onAddress: (...args) => seen.push(args),
    onRoute: (raw) => seen.push(decodeRoute(raw), shapes.shapeOf(raw)),
  };
  visitKernelMessages(octets, length, visitor);
  const message = new MessageCursor().reset(octets, length);
  while (message.next()) seen.push(decodeAcknowledgement(message));
  return JSON.stringify(seen);
}

/** Messages of the kinds that are decoded, with bodies that look right at first. */
const message = fc
  .tuple(
    fc.constantFrom(2, 3, 16, 17, 20, 21, 24, 25),
    fc.constantFrom(0, 0x300, 0x200),
    fc.constantFrom(0, 2, 7, 10),
    fc.array(
      fc.tuple(fc.integer({ min: 0, max: 32 }), fc.uint8Array({ maxLength: 40 }), fc.boolean()),
      { maxLength: 8 },
    ),
    fc.uint8Array({ minLength: 15, maxLength: 15 }),
  )
  .map(([type, flags, family, attributes, head]) => {
    const body = [family, ...head.subarray(0, [7, 11, 15][type % 3])];
    for (const [attribute, value, lies] of attributes) {
      const length = 4 + value.length + (lies ? 3 : 0);
      const padding = -value.length & 3;
      body.push(length, 0, attribute, 0, ...value, ...new Array<number>(padding).fill(0));
    }
    const length = 16 + body.length;
    const head16 = [
      length & 255,
      length >> 8,
      0,
      0,
      type,
      0,
      flags & 255,
      flags >> 8,
      1,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
    ];
    return Uint8Array.from([...head16, ...body]);
  });

describe('Netlink decoders', () => {
  it('never throw, and read the same whatever lies behind the end', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.uint8Array({ maxLength: 64 }), (octets, cut, tail) => {
        const length = octets.length - (cut % octets.length) * (cut & 1);
        const alone = everythingIn(octets.slice(0, length), length);
        const other = Uint8Array.from([...octets.subarray(0, length), ...tail, 255, 255, 255, 255]);
        expect(everythingIn(other, length)).toBe(alone);
      }),
      runs(2000),
    );
  });

  it('read back every route that can be asked for', () => {
    const address4 = fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => ip(`10.0.${a}.${b}`));
    const address6 = fc.nat(0xffff).map((n) => ip(`fd00::1:${n.toString(16)}`));
    const hops = (gateways: fc.Arbitrary<KernelNextHop['gateway'] & string>) =>
      fc.array(
        fc.record({
          gateway: gateways,
          interfaceIndex: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
          weight: fc.integer({ min: 1, max: 256 }),
          onlink: fc.boolean(),
        }),
        { minLength: 2, maxLength: 5 },
      );
    const route = fc.constantFrom<4 | 6>(4, 6).chain((family) =>
      fc.record({
        family: fc.constant(family),
        type: fc.constant('unicast' as const),
        protocol: fc.nat(255),
        scope: fc.constantFrom(0, 253),
        flags: fc.constant(0),
        table: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
        metric: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        prefix: fc
          .tuple(
            fc.uint8Array({ minLength: family === 4 ? 4 : 16, maxLength: family === 4 ? 4 : 16 }),
            fc.nat(family === 4 ? 32 : 128),
          )
          .map(([octets, length]) => prefixFrom(octets, length)),
        nextHops: hops(family === 4 ? fc.oneof(address4, address6) : address6),
        mtu: fc.integer({ min: 68, max: 65535 }),
        prefSrc: family === 4 ? address4 : address6,
      }),
    );
    fc.assert(
      fc.property(route, (wanted: KernelRoute) => {
        const writer = new RouteRequestWriter();
        writer.addRoute('add', wanted);
        const { octets } = writer.batch();
        const seen: KernelRoute[] = [];
        visitRoutes(octets, octets.length, { onRoute: (raw) => void seen.push(decodeRoute(raw)) });
        expect(seen).toEqual([wanted]);
      }),
      runs(500),
    );
  });
});
