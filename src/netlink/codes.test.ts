import { describe, expect, it } from 'vitest';
import { formatRouteProtocol, ROUTE_TYPES } from './codes.ts';

describe('Code points of rtnetlink', () => {
  it('name protocols as ip route does', () => {
    expect([2, 4, 12, 80].map(formatRouteProtocol)).toEqual(['kernel', 'static', 'bird', '80']);
  });

  it('keep route types at their numbers (RTN_UNICAST 1, RTN_BLACKHOLE 6, RTN_THROW 9)', () => {
    expect([ROUTE_TYPES[1], ROUTE_TYPES[6], ROUTE_TYPES[9]]).toEqual([
      'unicast',
      'blackhole',
      'throw',
    ]);
  });
});
