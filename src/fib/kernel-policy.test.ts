import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { type SimKernel, simLink } from '../sim/kernel.ts';
import { KernelPolicy, type KernelSubject } from './kernel-policy.ts';
import type { KernelRules, PoolRule } from './kernel-rules.ts';
import { KernelView } from './kernel-view.ts';
import { routePrefixOf } from './ownership.ts';
import { RouteShapes } from './route-shape.ts';
import { CREATE, RULES, routeOf, standardKernel } from './testing/driver.ts';

const POOLS: readonly PoolRule[] = [
  { cidr: prefix('10.1.0.0/16'), name: 'always', programming: 'tunnel' },
  { cidr: prefix('10.2.0.0/16'), name: 'cross', programming: 'cross-subnet' },
  { cidr: prefix('10.3.0.0/16'), name: 'plain', programming: 'direct' },
  {
    cidr: prefix('10.4.0.0/16'),
    name: 'vxlan',
    programming: 'foreign',
    reason: 'Felix owns VXLAN',
  },
  { cidr: prefix('10.4.128.0/17'), name: 'nested', programming: 'direct' },
  { cidr: prefix('fd00:1::/32'), name: 'six', programming: 'tunnel' },
];

class Bench {
  readonly kernel: SimKernel = standardKernel();
  readonly view = new KernelView({ tables: [254] });
  readonly shapes = new RouteShapes();
  readonly policy: KernelPolicy;

  constructor(rules: Partial<KernelRules> = {}, tunnel = true) {
    this.kernel.write(routeOf('0.0.0.0/0', { gateway: '10.0.0.254' }), { flags: CREATE });
    if (tunnel) this.kernel.setLink(simLink(9, 'tunl0'));
    this.policy = new KernelPolicy({
      view: this.view,
      shapes: this.shapes,
      rules: { ...RULES, pools: POOLS, ...rules },
    });
    this.read();
  }

  read(): void {
    this.view.dumpStarted();
    for (const event of this.kernel.dump()) {
      if (event.type === 'link') this.view.onLink(event.link, false);
      else if (event.type === 'address') this.view.onAddress(event.address, false);
      else this.view.onRoute(event.route, false);
    }
    this.view.dumpDone();
  }

  decide(to: string, nextHops: readonly string[], more: Partial<KernelSubject> = {}): string {
    const decision = this.policy.decide({
      prefix: routePrefixOf(prefix(to)),
      source: 'bgp',
      blackhole: false,
      nextHops: nextHops.map(ip),
      localPref: undefined,
      ...more,
    });
    if (decision.action !== 'program') return `${decision.action}: ${decision.reason}`;
    const text = this.shapes.text(decision.shape, (index) => this.view.interfaceName(index));
    return decision.metric === 0 ? text : `${text} metric ${decision.metric}`;
  }
}

const NEAR = '10.0.0.2';
const FAR = '10.50.0.2';

describe('KernelPolicy decides as calico model 3.9', () => {
  it.each([
    ['10.1.9.0/26', NEAR, 'via 10.0.0.2 dev tunl0 onlink'],
    ['10.1.9.0/26', FAR, 'via 10.50.0.2 dev tunl0 onlink'],
    ['10.2.9.0/26', NEAR, 'via 10.0.0.2 dev eth0'],
    ['10.2.9.0/26', FAR, 'via 10.50.0.2 dev tunl0 onlink'],
    ['10.3.9.0/26', FAR, 'via 10.0.0.254 dev eth0'],
    ['10.4.9.0/26', NEAR, 'skip: Felix owns VXLAN'],
    ['10.96.0.10/32', NEAR, 'skip: Inside 10.96.0.0/12, which is never programmed'],
    ['0.0.0.0/0', NEAR, 'via 10.0.0.2 dev eth0'],
    ['198.51.100.0/24', FAR, 'via 10.0.0.254 dev eth0'],
  ])('%s via %s → %s', (to, nextHop, expected) => {
    expect(new Bench().decide(to, [nextHop])).toBe(expected);
  });

  it('leaves routes whose next hop is reached by WireGuard to Felix, whatever their pool', () => {
    const bench = new Bench({ wireguard: [ip('10.0.0.2')] });
    expect(bench.decide('10.3.1.0/26', ['10.0.0.2'])).toContain('WireGuard');
    expect(bench.decide('10.3.1.0/26', ['10.0.0.3'])).not.toContain('WireGuard');
    expect(bench.decide('192.0.2.0/24', ['10.0.0.2', '10.0.0.3'])).toContain('WireGuard');
  });

  it('gives every route through a next hop the source and the MTU that the operator names', () => {
    const extras = { ipv4Source: ip('10.0.0.1'), mtu: 1400 };
    const bench = new Bench({ extras });
    expect(bench.decide('10.3.9.0/26', [NEAR])).toBe('via 10.0.0.2 dev eth0 src 10.0.0.1 mtu 1400');
    expect(bench.decide('10.1.9.0/26', [NEAR])).toContain('dev tunl0 onlink src 10.0.0.1 mtu 1400');
    expect(bench.decide('fd00:9::/64', ['fe80::1'])).not.toContain('src');
  });

  it('writes a host route to a peer by its gateway, without a metric', () => {
    const bench = new Bench();
    const route = bench.decide('192.0.2.9/32', ['10.0.0.254'], { source: 'static' });
    expect(route).toMatch(/10\.0\.0\.254/);
    expect(route).not.toMatch(/metric [1-9]/);
  });

  it('Nested pools match by longest prefix, not by the order of their text', () => {
    expect(new Bench().decide('10.4.129.0/26', [NEAR])).toBe('via 10.0.0.2 dev eth0');
  });

  it('In an ECMP set each next hop is tunnelled or not by itself', () => {
    expect(new Bench().decide('10.2.9.0/26', [FAR, NEAR])).toBe(
      'nexthop via 10.0.0.2 dev eth0 weight 1 nexthop via 10.50.0.2 dev tunl0 onlink weight 1',
    );
  });

  it('Two next hops behind one router are one', () => {
    expect(new Bench().decide('10.3.9.0/26', [FAR, '10.50.0.3'])).toBe('via 10.0.0.254 dev eth0');
  });

  it('While tunl0 is missing the route waits, and is decided anew when it appears', () => {
    const bench = new Bench({}, false);
    expect(bench.decide('10.1.9.0/26', [NEAR])).toBe(
      'hold: Waiting for tunl0, which does not exist yet',
    );
    const before = bench.policy.generation;
    bench.kernel.setLink(simLink(11, 'tunl0'));
    bench.read();
    expect(bench.policy.generation).not.toBe(before);
    expect(bench.decide('10.1.9.0/26', [NEAR])).toBe('via 10.0.0.2 dev tunl0 onlink');
  });

  it('IPv6 is never tunnelled', () => {
    expect(new Bench().decide('fd00:1:2::/64', ['fd00::2'])).toBe('via fd00::2 dev eth0');
  });

  it('Without an own IPv4 subnet the pools say nothing for IPv4', () => {
    const bench = new Bench({ ownSubnet: {} });
    expect(bench.decide('10.4.9.0/26', [NEAR])).toBe('via 10.0.0.2 dev eth0');
  });

  it('Tunnelled pools are held while their owner is unknown, others are not', () => {
    const bench = new Bench({ holdTunnelled: 'No ClusterInformation' });
    expect(bench.decide('10.1.9.0/26', [NEAR])).toBe('hold: No ClusterInformation');
    expect(bench.decide('10.3.9.0/26', [NEAR])).toBe('via 10.0.0.2 dev eth0');
  });

  it('A next hop that is our own address makes the route unreachable, as in Calico', () => {
    expect(new Bench().decide('10.3.9.0/26', ['10.0.0.1'])).toBe('unreachable');
  });

  it('A next hop whose link is down holds the route instead of rewriting it', () => {
    const bench = new Bench();
    bench.view.onLink({ ...simLink(2, 'eth0'), carrier: false }, false);
    expect(bench.decide('10.3.9.0/26', [NEAR])).toMatch(/^hold: Link eth0/);
  });

  it('LOCAL_PREF becomes the metric in priority mode and never wraps', () => {
    const bench = new Bench({
      metric: { mode: 'priority', normal: { ipv4: 1024, ipv6: 1024 } },
    });
    const metric = (localPref: number | undefined): string =>
      bench.decide('10.3.9.0/26', [NEAR], { localPref });
    expect(metric(2_147_482_623)).toBe('via 10.0.0.2 dev eth0 metric 1024');
    expect(metric(undefined)).toBe('via 10.0.0.2 dev eth0 metric 2147483547');
    expect(metric(4_294_967_295)).toBe('via 10.0.0.2 dev eth0 metric 1');
  });

  it('Own blocks become blackholes without metric, unless another program owns their pool', () => {
    const bench = new Bench({
      metric: { mode: 'priority', normal: { ipv4: 1024, ipv6: 1024 } },
    });
    const block = { source: 'block' as const, blackhole: true };
    expect(bench.decide('10.1.3.0/26', [], block)).toBe('blackhole');
    expect(bench.decide('10.4.3.0/26', [], block)).toBe('skip: Felix owns VXLAN');
    expect(bench.decide('10.1.3.7/32', [], { source: 'block', blackhole: false })).toMatch(/^skip/);
    expect(bench.decide('10.1.3.7/32', [], { source: 'kernel' })).toMatch(/^skip/);
  });
});
