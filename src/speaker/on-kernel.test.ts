/** The kernel as the speaker meets it: absent, refusing, losing events, changed by others, its next hops coming and going. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { MessageFlag } from '../netlink/codes.ts';
import type { KernelRoute } from '../netlink/kernel-route.ts';
import { simLink } from '../sim/kernel.ts';
import { ETH0, TUNL0 } from '../sim/lab.ts';
import { resource } from '../sim/resources.ts';
import { OWN_BLOCK, type Stage, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';

function routeVia(text: string, gateway: string, protocol: number): KernelRoute {
  return {
    family: 4,
    type: 'unicast',
    protocol,
    scope: 0,
    nextHops: [{ gateway: ip(gateway), interfaceIndex: ETH0, weight: 1, onlink: false }],
    flags: 0,
    table: 254,
    prefix: prefix(text),
    metric: 0,
  };
}

function withA(options: Parameters<typeof stage>[0] = {}): Stage {
  const s = stage(options).up();
  s.peer.talk.announce([A]);
  s.lab.run(100);
  return s;
}

describe('a kernel that refuses us', () => {
  const refused = { kind: 'SystemError', call: 'bind', errno: 'EPERM' } as const;

  it('costs the routes in it and nothing else: sessions stand, routes are chosen and told', () => {
    const s = withA({ node: { kernelRefuses: refused } });
    expect(s.neighbor().state).toBe('Established');
    expect(s.has(A)).toBe(true);
    expect(s.peer.talk.heard.routes.has(OWN_BLOCK as never)).toBe(true);
    const { kernel, ready, notReadyBecause } = s.node.view.status();
    expect(kernel).toMatchObject({
      state: 'unavailable',
      reason: expect.stringContaining('CAP_NET_ADMIN'),
    });
    expect(ready).toBe(false);
    expect(notReadyBecause.join()).toContain('cannot be programmed');
    expect(s.kernel(A)).toEqual([]);
  });

  it('is not asked at all when godwit.yaml says so', () => {
    const s = withA({ node: { kernelEnabled: false } });
    expect(s.has(A)).toBe(true);
    expect(s.node.kernel.requests).toBe(0);
    expect(s.node.view.status()).toMatchObject({ ready: true, kernel: { state: 'disabled' } });
  });
});

describe('what others do to our routes', () => {
  it('a deleted one is restored', () => {
    const s = withA();
    s.node.editKernel((kernel) => kernel.delete(routeVia(A, '10.0.0.11', 12)));
    expect(s.kernel(A)).toEqual([]);
    s.lab.run(10_000);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    expect(s.node.eventsOf('route-restored').length).toBe(1);
  });

  it('a route of another program to the same prefix is left alone and named', () => {
    const s = stage({ started: false });
    // The metric that LOCAL_PREF 100 becomes: the same key in the kernel.
    const theirs = { ...routeVia(A, '10.0.0.99', 4), metric: 2_147_483_547 };
    s.node.kernel.write(theirs, { flags: MessageFlag.CREATE, quiet: true });
    s.node.start();
    s.apply(s.documents);
    s.up();
    s.peer.talk.announce([A]);
    s.lab.run(60_000);
    expect(s.kernel(A)).toEqual([]);
    expect(s.node.kernel.routesTo(prefix(A))).toMatchObject([{ protocol: 4 }]);
    const [row] = s.node.view.kernel({ limit: 10, differing: true }).routes;
    expect(row).toMatchObject({ prefix: A, state: 'foreign' });
    expect(s.node.kernel.requests).toBeLessThan(20);
  });

  it('events that were lost are made good by reading everything again', () => {
    const s = withA();
    s.node.kernel.delete(routeVia(A, '10.0.0.11', 12), true);
    s.node.submit({ type: 'kernelOverrun', reason: 'the event socket overflowed (ENOBUFS)' });
    s.lab.run(10_000);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    expect(s.reasons('kernel-overrun').length).toBe(1);
    expect(s.node.view.counters().kernelOverruns).toBe(1);
  });
});

describe('next hops', () => {
  it('that cannot be reached keep a route out, and let it in when they can', () => {
    const s = stage().up();
    s.node.editKernel((kernel) => kernel.delete({ ...routeVia('0.0.0.0/0', '10.0.0.254', 4) }));
    s.peer.talk.announce([A], { nextHop: ip('192.0.2.1') });
    s.lab.run(1000);
    expect(s.paths(A)).toMatchObject([{ state: 'unresolvable' }]);
    s.node.editKernel((kernel) => {
      kernel.write(routeVia('192.0.2.0/24', '10.0.0.50', 4), { flags: MessageFlag.CREATE });
    });
    s.lab.run(1000);
    expect(s.paths(A)).toMatchObject([{ state: 'usable', best: true }]);
    expect(s.kernel(A)).toEqual(['10.0.0.50 dev 2']);
    s.node.editKernel((kernel) => {
      kernel.write(routeVia('192.0.2.0/24', '10.0.0.51', 4), {
        flags: MessageFlag.CREATE | MessageFlag.REPLACE,
      });
    });
    s.lab.run(1000);
    expect(s.kernel(A)).toEqual(['10.0.0.51 dev 2']);
  });

  it('through an interface that goes down and up again', () => {
    const s = withA();
    s.node.editKernel((kernel) => kernel.setLink(simLink(ETH0, 'eth0', false)));
    s.lab.run(1000);
    // As Calico's BIRD: known but unreachable, and not sent along another way.
    expect(s.kernel(A)).toEqual(['unreachable']);
    s.node.editKernel((kernel) => kernel.setLink(simLink(ETH0, 'eth0', true)));
    s.lab.run(10_000);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
  });

  it('through a tunnel wait for its device', () => {
    const s = withA();
    s.node.editKernel((kernel) => kernel.removeLink(TUNL0));
    const others = s.documents.filter((document) => !JSON.stringify(document).includes('"IPPool"'));
    s.apply([resource('IPPool', 'pods', { cidr: '10.244.0.0/16', ipipMode: 'Always' }), ...others]);
    s.peer.talk.announce(['10.244.2.0/26']);
    s.lab.run(1000);
    expect(s.kernel('10.244.2.0/26')).toEqual([]);
    const rows = s.node.view.kernel({ limit: 10, differing: true }).routes;
    expect(rows.map(({ because }) => because).join()).toContain('tunl0');
    s.node.editKernel((kernel) => kernel.setLink(simLink(TUNL0, 'tunl0')));
    s.lab.run(1000);
    expect(s.kernel('10.244.2.0/26')).toEqual(['10.0.0.11 dev 3']);
  });
});

describe('an address that comes late', () => {
  it('has the listener that lacked it opened', () => {
    const s = stage({ more: [] }).up();
    const local = { address: ip('10.0.0.77'), port: 179 };
    s.node.setPlan({ ...s.node.plan!, listen: { port: 179, addresses: [local.address] } });
    s.lab.run(10);
    const error = { kind: 'SystemError', call: 'bind', errno: 'EADDRNOTAVAIL' } as const;
    s.node.submit({ type: 'listenerChanged', local, error });
    const opened = (): number => s.reasons('listener').filter((reason) => reason === 'open').length;
    const before = opened();
    s.node.editKernel((kernel) => kernel.addAddress(ETH0, ip('10.0.0.77'), prefix('10.0.0.0/24')));
    s.lab.run(100);
    expect(opened()).toBeGreaterThan(before);
  });
});
