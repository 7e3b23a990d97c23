import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { isAsWanted, type KernelNextHop, kernelMetric, type RouteShape } from './kernel-route.ts';

const hop = (gateway: string, rest: Partial<KernelNextHop> = {}): KernelNextHop => ({
  gateway: ip(gateway),
  interfaceIndex: 3,
  weight: 1,
  onlink: false,
  ...rest,
});
const shape = (...nextHops: KernelNextHop[]): RouteShape => ({
  family: 4,
  type: 'unicast',
  protocol: 12,
  scope: 0,
  flags: 0,
  nextHops,
});

describe('A kernel route is as wanted', () => {
  it('when only what the kernel adds differs', () => {
    const { interfaceIndex: _, ...open } = hop('10.0.0.1');
    expect(isAsWanted(shape(open), { ...shape(hop('10.0.0.1', { dead: true })), flags: 1 })).toBe(
      true,
    );
  });

  it('with its next hops in any order', () => {
    const a = hop('10.0.0.1');
    const b = hop('10.0.0.2', { weight: 3 });
    expect(isAsWanted(shape(a, b), shape(b, a))).toBe(true);
    expect(isAsWanted(shape(a, b), shape(a, a))).toBe(false);
  });

  it.each<[string, RouteShape]>([
    ['gateway', shape(hop('10.0.0.2'))],
    ['interface', shape(hop('10.0.0.1', { interfaceIndex: 4 }))],
    ['onlink', shape(hop('10.0.0.1', { onlink: true }))],
    ['count of next hops', shape(hop('10.0.0.1'), hop('10.0.0.2'))],
    ['type', { ...shape(hop('10.0.0.1')), type: 'blackhole' }],
    ['protocol', { ...shape(hop('10.0.0.1')), protocol: 4 }],
    ['source', { ...shape(hop('10.0.0.1')), prefSrc: ip('10.0.0.9') }],
    ['MTU', { ...shape(hop('10.0.0.1')), mtu: 1400 }],
    ['nexthop object', { ...shape(hop('10.0.0.1')), nexthopId: 1 }],
  ])('not with another %s', (_what, actual) => {
    expect(isAsWanted(shape(hop('10.0.0.1')), actual)).toBe(false);
  });

  it('by weight only among several next hops', () => {
    const heavy = hop('10.0.0.1', { weight: 9 });
    expect(isAsWanted(shape(hop('10.0.0.1')), shape(heavy))).toBe(true);
    const other = hop('10.0.0.2');
    expect(isAsWanted(shape(hop('10.0.0.1'), other), shape(heavy, other))).toBe(false);
  });
});

describe('kernelMetric', () => {
  it('is 1024 where IPv6 is asked for 0', () => {
    expect([kernelMetric(6, 0), kernelMetric(6, 5), kernelMetric(4, 0)]).toEqual([1024, 5, 0]);
  });
});
