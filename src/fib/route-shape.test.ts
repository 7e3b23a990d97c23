import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { IDLE_SHAPES_MAX, RouteShapes, type ShapeHop } from './route-shape.ts';
import { routeOf } from './testing/driver.ts';

const hop = (gateway: string, interfaceIndex = 2, weight = 1): ShapeHop => ({
  gateway: ip(gateway),
  interfaceIndex,
  weight,
  onlink: false,
});

describe('RouteShapes', () => {
  it('Equal hops in any order are one shape, with hops in numeric order', () => {
    const shapes = new RouteShapes();
    const a = shapes.unicast(4, [hop('10.0.0.10'), hop('10.0.0.9')]);
    expect(shapes.unicast(4, [hop('10.0.0.9'), hop('10.0.0.10')])).toBe(a);
    expect(shapes.text(a, () => 'eth0')).toBe(
      'nexthop via 10.0.0.9 dev eth0 weight 1 nexthop via 10.0.0.10 dev eth0 weight 1',
    );
  });

  it('What the kernel tells of a route is the shape that was asked for', () => {
    const shapes = new RouteShapes();
    const asked = shapes.unicast(4, [hop('10.0.0.9', 2, 7)]);
    const route = routeOf('10.1.0.0/26', { gateway: '10.0.0.9' });
    const told = { ...route, flags: 0x11, nextHops: [{ ...route.nextHops[0]!, dead: true }] };
    expect(shapes.fromKernel(told)).toBe(asked);
  });

  it('Interface, gateway, weight, onlink, type and family each make another shape', () => {
    const shapes = new RouteShapes();
    const ids = [
      shapes.unicast(4, [hop('10.0.0.9')]),
      shapes.unicast(4, [hop('10.0.0.9', 3)]),
      shapes.unicast(4, [hop('10.0.0.8')]),
      shapes.unicast(4, [{ ...hop('10.0.0.9'), onlink: true }]),
      shapes.unicast(4, [hop('10.0.0.9', 2, 1), hop('10.0.0.8', 2, 1)]),
      shapes.unicast(4, [hop('10.0.0.9', 2, 2), hop('10.0.0.8', 2, 1)]),
      shapes.discard(4, 'blackhole'),
      shapes.discard(6, 'blackhole'),
      shapes.discard(4, 'unreachable'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(ids.map((id) => shapes.hash(id))).size).toBe(ids.length);
  });

  it('Shapes nobody retains are freed when there are too many; retained ones stay', () => {
    const shapes = new RouteShapes();
    const kept = shapes.unicast(4, [hop('10.0.0.9')]);
    shapes.retain(kept);
    for (let i = 0; i <= IDLE_SHAPES_MAX; i++) shapes.unicast(4, [hop('10.0.0.9', 100 + i)]);
    shapes.collect();
    expect(shapes.size).toBe(1);
    expect(shapes.text(kept, () => undefined)).toBe('via 10.0.0.9 dev if2');
    expect(shapes.shapesUsingInterface(2)).toEqual([kept]);
  });

  it('Releasing more often than retaining is a broken assertion', () => {
    const shapes = new RouteShapes();
    const id = shapes.discard(4, 'blackhole');
    expect(() => shapes.release(id)).toThrow(/released as often/);
  });
});
