/** What people are shown: neighbors, routes with their reasons, pages, totals; and why a node is not ready. */

import { describe, expect, it } from 'vitest';
import { OWN_BLOCK, type Stage, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';

/** Two iBGP peers that announce the same prefix, and one outside that does, too. */
function rivals(): Stage {
  const s = stage({ peers: [{}, {}, { as: 65001 }] }).up();
  // One after the other: of the losers the last to come stands first.
  s.peers[0]!.talk.announce([A], { localPref: 200, communities: [0xfde80007] });
  s.lab.run(10);
  s.peers[2]!.talk.announce([A], { med: 5 });
  s.lab.run(10);
  s.peers[1]!.talk.announce([A], { localPref: 100 });
  s.lab.run(100);
  return s;
}

describe('routes', () => {
  it('show every path, the best first, and for each other one why it lost', () => {
    const paths = rivals().paths(A);
    expect(paths.map(({ from, best }) => [from, best])).toEqual([
      ['Global_10_0_0_11', true],
      ['Global_10_0_0_12', false],
      ['Global_10_0_0_13', false],
    ]);
    expect(paths[0]).toMatchObject({
      localPref: 200,
      communities: ['65000:7'],
      source: 'bgp',
      origin: 'IGP',
    });
    expect(paths[0]!.because).toBeUndefined();
    expect(paths[1]!.because).toMatch(/LOCAL_PREF/);
    expect(paths[2]).toMatchObject({
      asPath: '65001',
      med: 5,
      because: expect.stringMatching(/LOCAL_PREF/),
    });
    expect(paths[0]!.resolvedVia).toContain('eth0');
  });

  it('can be asked for by neighbor, as received and as told', () => {
    const s = rivals();
    const ask = (neighbor: string, direction: 'in' | 'out'): string[] =>
      s.node.view
        .routes({ family: 'ipv4-unicast', neighbor, direction, limit: 10 })
        .routes.map(({ prefix }) => prefix);
    expect(ask('Global_10_0_0_12', 'in')).toEqual([A]);
    expect(ask('Global_10_0_0_12', 'out')).toEqual([OWN_BLOCK]);
    expect(ask('nobody', 'in')).toEqual([]);
  });

  it('come in pages that together are all of them, each once', () => {
    const s = stage().up();
    const all = Array.from({ length: 100 }, (_, i) => `10.244.${i + 1}.0/26`);
    s.peer.talk.announce(all);
    s.lab.run(100);
    const seen: string[] = [];
    let cursor: number | undefined = 0;
    for (let pages = 0; cursor !== undefined && pages < 50; pages++) {
      const page: ReturnType<typeof s.node.view.routes> = s.node.view.routes({
        family: 'ipv4-unicast',
        cursor,
        limit: 7,
      });
      expect(page.routes.length).toBeLessThanOrEqual(7);
      seen.push(...page.routes.map(({ prefix }) => prefix));
      cursor = page.next;
    }
    expect(seen.toSorted()).toEqual([OWN_BLOCK, ...all].toSorted());
  });

  it('of a prefix that is not there, or no prefix at all, are none', () => {
    const s = stage().up();
    expect(s.paths('192.0.2.0/24')).toEqual([]);
    expect(s.paths('nonsense')).toEqual([]);
  });

  it('with our own AS in the path are shown as looped', () => {
    const s = stage({ peers: [{ as: 65001 }] }).up();
    s.peer.talk.announce([A], { asPath: [{ type: 2, asns: [65001, 64512] }] });
    s.lab.run(100);
    expect(s.paths(A)).toMatchObject([{ state: 'looped', best: false }]);
    expect(s.kernel(A)).toEqual([]);
  });
});

describe('neighbors', () => {
  it('are in the order of their names, with what was negotiated and counted', () => {
    const s = rivals();
    expect(s.node.view.neighbors().map(({ name }) => name)).toEqual([
      'Global_10_0_0_11',
      'Global_10_0_0_12',
      'Global_10_0_0_13',
    ]);
    const view = s.neighbor(2);
    expect(view).toMatchObject({
      type: 'ebgp',
      remoteAs: 65001,
      localAs: 64512,
      kind: 'global',
      origin: 'BGPPeer/p2',
    });
    expect(view.messages.received).toMatchObject({ open: 1, update: 1, notification: 0 });
    expect(view.messages.sent).toMatchObject({ open: 1, notification: 0 });
    expect(view.octets.sent).toBe(s.peers[2]!.talk.socket.octetsRead);
    expect(view.octets.received).toBe(s.peers[2]!.talk.socket.octetsWritten);
    expect(view.capabilities).toContain('route-refresh');
    expect(view.downBecause).toBeUndefined();
  });
});

describe('the status', () => {
  it('counts neighbors, routes and kernel routes', () => {
    expect(rivals().node.view.status()).toMatchObject({
      node: 'a',
      routerId: '10.0.0.1',
      localAs: 64512,
      planRevision: 1,
      datastore: { state: 'in-sync' },
      kernel: { state: 'synced', desired: 2, installed: 2, pending: 0 },
      neighbors: { configured: 3, established: 3 },
      routes: {
        'ipv4-unicast': { prefixes: 2, paths: 4 },
        'ipv6-unicast': { prefixes: 0, paths: 0 },
      },
      ready: true,
      notReadyBecause: [],
    });
  });

  it('before a plan says what is missing', () => {
    const s = stage({ started: false });
    s.node.start();
    expect(s.node.view.status().notReadyBecause).toEqual([
      'no configuration has been applied yet',
      'the kernel has not been read yet',
    ]);
  });

  it('is ready although a neighbor is down: the node does what it can', () => {
    const s = stage({ peers: [{ listens: false }] });
    s.lab.run(60_000);
    expect(s.node.view.status()).toMatchObject({
      ready: true,
      neighbors: { configured: 1, established: 0 },
    });
  });
});

describe('a routing table', () => {
  it('has the usable paths with where they lead, the best first, and what others have in the kernel', () => {
    const s = rivals();
    const { routes } = s.node.view.table({ family: 'ipv4-unicast', prefix: A, limit: 1 });
    expect(routes[0]!.paths.map(({ from, best, hops }) => [from, best, hops])).toEqual([
      ['Global_10_0_0_11', true, [{ gateway: '10.0.0.11', interfaceName: 'eth0' }]],
      ['Global_10_0_0_12', false, [{ gateway: '10.0.0.12', interfaceName: 'eth0' }]],
      ['Global_10_0_0_13', false, [{ gateway: '10.0.0.13', interfaceName: 'eth0' }]],
    ]);
    const foreign = [...s.node.view.foreignRoutes('ipv4-unicast')];
    expect(foreign.map(({ prefix, paths }) => [prefix, paths[0]!.kind])).toEqual([
      ['10.0.0.0/24', 'connected'],
      ['0.0.0.0/0', 'kernel'],
    ]);
    const told = { family: 'ipv4-unicast', toldTo: 'Global_10_0_0_11', limit: 10 } as const;
    expect(s.node.view.table(told).routes.map(({ prefix }) => prefix)).toEqual([OWN_BLOCK]);
    expect(s.node.view.table({ ...told, toldTo: 'nobody' }).routes).toEqual([]);
  });

  it('is counted by whose path is the best', () => {
    const into = new Map<string, number>();
    const next = rivals().node.view.countBest({ family: 'ipv4-unicast', cursor: 0, into });
    expect([next, ...into]).toEqual([undefined, ['local', 1], ['Global_10_0_0_11', 1]]);
  });

  it('shows no path to where the kernel knows no way as one in use', () => {
    const s = stage().up();
    s.peer.talk.announce([A], { nextHop: '10.0.0.1' as never });
    s.lab.run(100);
    const { routes } = s.node.view.table({ family: 'ipv4-unicast', prefix: A, limit: 1 });
    for (const { type, hops } of routes.flatMap(({ paths }) => paths)) {
      expect([type, hops]).toEqual(['unreachable', []]);
    }
  });
});

describe('details of a neighbor', () => {
  it('are its timers while it is up, and why it is down as a value when it is not', () => {
    const s = rivals();
    s.lab.run(10_000);
    const { detail } = s.neighbor();
    expect(detail).toMatchObject({ disabled: false, as4: true, rrClient: false });
    expect(detail.holdTimerMs).toBeGreaterThan(60_000);
    expect(detail.holdTimerMs).toBeLessThanOrEqual(90_000);
    expect(detail.keepaliveTimerMs).toBeLessThanOrEqual(30_000);
    s.node.command({ command: 'disableNeighbor', name: 'Global_10_0_0_11' });
    const held = s.neighbor().detail;
    expect(held).toMatchObject({ disabled: true, heldBecause: expect.any(String), phaseMs: 0 });
    expect(held.holdTimerMs).toBeUndefined();
    expect(s.neighbor(1).detail.phaseMs).toBeGreaterThanOrEqual(10_000);
    const refused = stage({ peers: [{ listens: false }] });
    refused.lab.run(3000);
    expect(refused.neighbor().detail.lastDown).toMatchObject({ kind: 'TcpFailed' });
  });
});

describe('a restart of our own', () => {
  it('says how many neighbors are waited for, and for how long', () => {
    const s = stage({ peers: [{}, { listens: false }], restarting: true });
    s.lab.run(3000);
    const { recovery } = s.node.view.status();
    expect(recovery).toMatchObject({ waitingFor: 1, limitMs: 120_000 });
    expect(recovery!.elapsedMs).toBeLessThan(3000);
    s.lab.run(20_000);
    expect(s.node.view.status().recovery).toBeUndefined();
  });
});
