import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { MessageFlag } from '../netlink/codes.ts';
import { Errno } from '../netlink/errno.ts';
import type { KernelRoute } from '../netlink/kernel-route.ts';
import { RouteRequestWriter } from '../netlink/route-request.ts';
import { SimKernel, type SimKernelOptions, simLink } from './kernel.ts';

function node(options: SimKernelOptions = {}): SimKernel {
  const kernel = new SimKernel(options);
  kernel.setLink(simLink(2, 'eth0'));
  kernel.addAddress(2, ip('10.0.0.1'), prefix('10.0.0.0/24'));
  kernel.addAddress(2, ip('fd00::1'), prefix('fd00::/64'));
  kernel.events = [];
  return kernel;
}

function route(to: string, gateway: string, more: Partial<KernelRoute> = {}): KernelRoute {
  const six = to.includes(':');
  const hop = { gateway: ip(gateway), interfaceIndex: 2, weight: 1, onlink: false };
  const shape = { type: 'unicast' as const, protocol: 12, scope: 0, nextHops: [hop], flags: 0 };
  return { family: six ? 6 : 4, table: 254, prefix: prefix(to), metric: 0, ...shape, ...more };
}

function ask(
  kernel: SimKernel,
  ...requests: readonly ['add' | 'replace' | 'delete', KernelRoute][]
): number[] {
  const writer = new RouteRequestWriter();
  for (const [operation, what] of requests) writer.addRoute(operation, what);
  const { octets, count } = writer.batch();
  return [...kernel.request(octets, count)];
}

describe('SimKernel answers as Linux does', () => {
  const ours = route('10.1.0.0/24', '10.0.0.2');
  const theirs = route('10.1.0.0/24', '10.0.0.3', { protocol: 4 });

  it('EXCL refuses a taken key, replace overwrites any owner, delete only its own protocol', () => {
    const kernel = node();
    kernel.write(theirs, { flags: MessageFlag.CREATE });
    expect(
      ask(kernel, ['add', ours], ['delete', ours], ['replace', ours], ['delete', ours]),
    ).toEqual([Errno.EEXIST, Errno.ESRCH, 0, 0]);
    expect(kernel.routesTo(ours.prefix)).toEqual([]);
  });

  it('Metrics make keys; IPv6 stores 1024 for none', () => {
    const kernel = node();
    const six = route('fd00:1::/64', 'fd00::2');
    expect(ask(kernel, ['add', ours], ['add', { ...ours, metric: 7 }], ['add', six])).toEqual([
      0, 0, 0,
    ]);
    expect(kernel.routesTo(ours.prefix).map(({ metric }) => metric)).toEqual([0, 7]);
    expect(kernel.routesTo(six.prefix).map(({ metric }) => metric)).toEqual([1024]);
  });

  it('Gateways must be on the link, unless onlink, and links must be there and up', () => {
    const kernel = node();
    kernel.setLink(simLink(3, 'eth1', false));
    const hop = ours.nextHops[0]!;
    const via = (more: object): KernelRoute => ({ ...ours, nextHops: [{ ...hop, ...more }] });
    expect(
      ask(
        kernel,
        ['add', via({ gateway: ip('10.7.0.2') })],
        ['add', via({ interfaceIndex: 3 })],
        ['add', via({ interfaceIndex: 9 })],
        ['add', via({ gateway: ip('10.7.0.2'), onlink: true })],
      ),
    ).toEqual([Errno.ENETUNREACH, Errno.ENETDOWN, Errno.ENODEV, 0]);
  });

  it('A link that goes down takes IPv4 routes silently and IPv6 routes with an event', () => {
    const kernel = node();
    ask(kernel, ['add', ours], ['add', route('fd00:1::/64', 'fd00::2')]);
    kernel.setLink(simLink(2, 'eth0', false));
    const told = kernel.events.filter((event) => event.type === 'route');
    expect(told.map((event) => event.route.prefix)).toEqual(['fd00::/64', 'fd00:1::/64']);
    expect([...kernel.routes()]).toEqual([]);
  });

  it('Own requests are told only where echo is asked for; others always', () => {
    const quiet = node();
    ask(quiet, ['add', ours]);
    expect(quiet.events).toEqual([]);
    quiet.delete(ours);
    expect(quiet.events).toHaveLength(1);
    const loud = node({ echo: true });
    ask(loud, ['add', ours]);
    expect(loud.events).toHaveLength(1);
  });
});
