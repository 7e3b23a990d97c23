import { describe, expect, it } from 'vitest';
import { type IpAddress, ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { type SimKernel, simLink } from '../sim/kernel.ts';
import { FOREIGN_ROUTES_MAX } from './foreign-routes.ts';
import { KernelView } from './kernel-view.ts';
import { CREATE, REPLACE, routeOf, standardKernel } from './testing/driver.ts';

function read(kernel: SimKernel, options: { viaDefaultRoute?: boolean } = {}): KernelView {
  const view = new KernelView({ tables: [254], ...options });
  view.dumpStarted();
  tell(view, kernel.dump());
  view.dumpDone();
  kernel.events = [];
  return view;
}

function tell(view: KernelView, events: SimKernel['events']): void {
  for (const event of events.splice(0)) {
    if (event.type === 'link') view.onLink(event.link, event.removed);
    else if (event.type === 'address') view.onAddress(event.address, event.removed);
    else view.onRoute(event.route, event.removed);
  }
}

const code = (view: KernelView, address: IpAddress): string => {
  const resolution = view.resolve(address);
  return resolution.reachable ? 'reachable' : resolution.code;
};

describe('KernelView resolves next hops', () => {
  it('A host with a gateway of its own is reached by it, wherever the table would go, and by none that is on no link', () => {
    const kernel = standardKernel();
    kernel.write(routeOf('192.0.2.0/24', { gateway: '10.9.0.254', dev: 3 }), { flags: CREATE });
    const view = read(kernel);
    const before = view.generation;
    expect(view.resolve(ip('192.0.2.9'))).toMatchObject({ hops: [{ gateway: '10.9.0.254' }] });
    view.setGateways(new Map([[ip('192.0.2.9'), ip('10.0.0.254')]]));
    expect(view.generation).toBeGreaterThan(before);
    expect(view.resolve(ip('192.0.2.9'))).toMatchObject({
      hops: [{ gateway: '10.0.0.254', interfaceName: 'eth0' }],
      connected: false,
    });
    view.setGateways(new Map([[ip('192.0.2.9'), ip('192.0.2.1')]]));
    expect(view.resolve(ip('192.0.2.9'))).toMatchObject({ reachable: false, code: 'no-route' });
  });

  it('A next hop on a connected subnet is its own gateway', () => {
    expect(read(standardKernel()).resolve(ip('10.0.0.2'))).toEqual({
      reachable: true,
      hops: [{ interfaceIndex: 2, interfaceName: 'eth0', weight: 1, onlink: false }],
      metric: 0,
      connected: true,
      via: '10.0.0.0/24 dev eth0',
    });
  });

  it('Behind a router the longest kernel route decides, the default route last', () => {
    const kernel = standardKernel();
    kernel.write(routeOf('0.0.0.0/0', { gateway: '10.0.0.254', metric: 100 }), { flags: CREATE });
    kernel.write(routeOf('10.20.0.0/16', { gateway: '10.9.0.254', dev: 3 }), { flags: CREATE });
    const view = read(kernel);
    expect(view.resolve(ip('10.20.1.1'))).toMatchObject({
      hops: [{ gateway: '10.9.0.254', interfaceName: 'eth1' }],
      connected: false,
    });
    expect(view.resolve(ip('192.0.2.9'))).toMatchObject({
      hops: [{ gateway: '10.0.0.254' }],
      metric: 100,
    });
    expect(code(read(kernel, { viaDefaultRoute: false }), ip('192.0.2.9'))).toBe('no-route');
    // Also while it runs, and whoever was given an answer learns of it.
    const { generation } = view;
    view.setViaDefaultRoute(false);
    expect(code(view, ip('192.0.2.9'))).toBe('no-route');
    expect(view.generation).toBeGreaterThan(generation);
    view.setViaDefaultRoute(true);
    expect(view.resolve(ip('192.0.2.9')).reachable).toBe(true);
  });

  it('A BGP route resolves no next hop, ours or another daemon’s', () => {
    const kernel = standardKernel();
    kernel.write(routeOf('10.20.0.0/16', { protocol: 12, gateway: '10.0.0.2' }), { flags: CREATE });
    kernel.write(routeOf('10.21.0.0/16', { protocol: 186, gateway: '10.0.0.2' }), {
      flags: CREATE,
    });
    const view = read(kernel);
    expect([code(view, ip('10.20.0.1')), code(view, ip('10.21.0.1'))]).toEqual([
      'no-route',
      'no-route',
    ]);
  });

  it('Our own address, a discarding route and a dead link are told apart', () => {
    const kernel = standardKernel();
    const blackhole = { ...routeOf('10.30.0.0/16', {}), type: 'blackhole' as const, nextHops: [] };
    kernel.write(blackhole, { flags: CREATE });
    const view = read(kernel);
    expect(code(view, ip('10.0.0.1'))).toBe('own-address');
    expect(code(view, ip('10.30.0.1'))).toBe('rejected');
    kernel.setLink({ ...simLink(3, 'eth1'), carrier: false });
    tell(view, kernel.events);
    expect(code(view, ip('10.9.0.7'))).toBe('link-down');
    expect(code(new KernelView({ tables: [254] }), ip('10.0.0.2'))).toBe('not-synced');
  });

  it('A link-local next hop needs the interface of its session', () => {
    const view = read(standardKernel());
    expect(code(view, ip('fe80::1'))).toBe('no-route');
    expect(view.resolve(ip('fe80::1'), 2)).toMatchObject({ reachable: true, connected: true });
  });

  it('IPv4 routes of a link that goes down are forgotten although the kernel says nothing', () => {
    const kernel = standardKernel();
    kernel.write(routeOf('0.0.0.0/0', { gateway: '10.0.0.254' }), { flags: CREATE });
    const view = read(kernel);
    kernel.setLink(simLink(3, 'eth1', false));
    tell(view, kernel.events);
    expect(view.resolve(ip('10.9.0.7'))).toMatchObject({ hops: [{ gateway: '10.0.0.254' }] });
  });
});

describe('KernelView.generation', () => {
  it('Moves when an answer that was given changes, and only then', () => {
    const kernel = standardKernel();
    const view = read(kernel);
    view.resolve(ip('10.20.0.1'));
    const before = view.generation;
    kernel.write(routeOf('10.1.7.7/32', { dev: 3 }), { flags: CREATE });
    kernel.write(routeOf('172.16.0.0/12', { gateway: '10.0.0.9' }), { flags: CREATE });
    tell(view, kernel.events);
    expect(view.generation).toBe(before);
    kernel.write(routeOf('10.20.0.0/16', { gateway: '10.0.0.9' }), { flags: CREATE });
    tell(view, kernel.events);
    expect(view.generation).not.toBe(before);
    expect(code(view, ip('10.20.0.1'))).toBe('reachable');
    const after = view.generation;
    kernel.write(routeOf('10.0.0.0/8', { gateway: '10.0.0.8' }), { flags: CREATE });
    tell(view, kernel.events);
    expect(view.generation).toBe(after); // covers it, but a longer one decides
  });

  it('A route replaced by one of another protocol counts once, the new one', () => {
    const kernel = standardKernel();
    kernel.write(routeOf('10.20.0.0/16', { protocol: 16, gateway: '10.0.0.8' }), { flags: CREATE });
    const view = read(kernel);
    kernel.write(routeOf('10.20.0.0/16', { gateway: '10.0.0.9' }), { flags: REPLACE });
    tell(view, kernel.events);
    expect(view.foreign.at(prefix('10.20.0.0/16'))).toHaveLength(1);
    expect(view.resolve(ip('10.20.0.1'))).toMatchObject({ hops: [{ gateway: '10.0.0.9' }] });
  });

  it('A dump takes away what it does not name', () => {
    const kernel = standardKernel();
    kernel.write(routeOf('10.20.0.0/16', { gateway: '10.0.0.8' }), { flags: CREATE });
    const view = read(kernel);
    kernel.delete(routeOf('10.20.0.0/16', {}), true);
    view.dumpStarted();
    tell(view, kernel.dump());
    view.dumpDone();
    expect(code(view, ip('10.20.0.1'))).toBe('no-route');
  });
});

describe('ForeignRoutes', () => {
  it('Keeps a bounded number, and connected and default routes always', () => {
    const view = new KernelView({ tables: [254] });
    const route = routeOf('10.0.0.0/32', { gateway: '10.0.0.8' });
    for (let i = 0; i <= FOREIGN_ROUTES_MAX; i++) {
      const to = prefix(`20.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`);
      view.foreign.change({ ...route, prefix: to }, false);
    }
    expect(view.foreign.count).toBe(FOREIGN_ROUTES_MAX);
    expect(view.foreign.refused).toBe(1);
    view.foreign.change({ ...route, prefix: prefix('0.0.0.0/0') }, false);
    expect(view.foreign.hasLength(4, 0)).toBe(true);
  });
});
