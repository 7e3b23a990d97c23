/**
 * rtnetlink against the running kernel: what we write is what `ip route` writes, what it shows is what we read, and
 * what it does not say is known. Each scenario has a network namespace of its own.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { SystemError } from '../../src/base/errors.ts';
import { describeWith } from '../support/requirements.ts';

const SCENARIOS = join(import.meta.dirname, 'netlink-scenarios.ts');
const LISTENER = join(import.meta.dirname, 'netlink-listener.ts');

/** Runs a scenario; `before` stands between `unshare` and `node`. */
// biome-ignore lint/suspicious/noExplicitAny: the scenarios' results are checked by the expectations
function run(name: string, ...before: string[]): any {
  const command = ['--net', ...before, process.execPath, SCENARIOS, name];
  const { status, stdout, stderr } = spawnSync('unshare', command, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

describeWith(['netns', 'native', 'ip', 'veth'], 'Routes written to the kernel', () => {
  it('are octet for octet those that iproute2 writes, and one delete a route removes them', () => {
    const { count, byIp, byUs, left, deleted, added } = run('encodings');
    expect(Object.keys(byIp)).toHaveLength(count);
    expect(deleted).toEqual({ failures: [] });
    expect(left).toEqual([]);
    expect(added).toEqual({ failures: [] });
    expect(byUs).toEqual(byIp);
  });

  it('are read back by table, protocol and family as ip shows them', () => {
    const { v4, v6, table } = run('shown');
    expect(v4).toEqual([
      '0.0.0.0/0 via 10.9.0.9 dev v0 proto 12 table 254',
      '10.244.1.0/26 via 10.9.0.2 dev v0 proto 12 table 254',
      '10.244.2.0/26 via 10.99.0.3 dev v0 onlink proto 12 table 254',
      '10.244.3.0/26 dev v0 proto 12 table 254',
      'blackhole 10.244.4.0/26 proto 12 table 254',
      'unreachable 10.244.4.64/26 proto 12 table 254',
      'prohibit 10.244.4.128/26 proto 12 table 254',
      '10.244.5.0/26 nexthop via 10.9.0.2 dev v0 weight 1 nexthop via 10.99.0.3 dev v0 onlink weight 7 proto 12 table 254',
      '10.244.6.0/26 via 10.9.0.2 dev v0 proto 12 metric 1024 src 10.9.0.1 mtu 1400 table 254',
      '10.244.8.0/26 via inet6 fd09::2 dev v0 proto 12 table 254',
    ]);
    expect(v6).toEqual([
      'fd44:1::/122 via fd09::2 dev v0 proto 12 metric 1024 table 254',
      'fd44:2::/122 via fd99::2 dev v0 onlink proto 12 metric 1024 table 254',
      'fd44:3::/122 dev v0 proto 12 metric 1024 table 254',
      'blackhole fd44:4::/122 proto 12 metric 1024 table 254',
      'fd44:5::/122 nexthop via fd09::2 dev v0 weight 1 nexthop via fd09::3 dev v0 weight 3 proto 12 metric 1024 table 254',
      '::/0 via fd09::9 dev v0 proto 12 metric 1024 table 254',
    ]);
    expect(table).toEqual(['10.244.7.0/26 via 10.9.0.2 dev v0 proto 12 table 4242']);
  });

  it('never take, change or delete another owner’s route, and every refusal has a name', () => {
    const result = run('ownership');
    expect(result).toMatchObject({
      addOverForeign: 'EEXIST',
      deleteForeign: 'ESRCH',
      addOurs: 'done',
      addTwice: 'EEXIST',
      replaceOurs: 'done',
      deleteAbsent: 'ESRCH',
      noSuchDevice: 'ENETUNREACH',
    });
    const text = 'Nexthop has invalid gateway';
    expect(result.offLink).toEqual([{ index: 0, errno: 101, name: 'ENETUNREACH', text }]);
    expect(result.routes).toEqual([
      '10.244.1.0/26 via 10.9.0.5 dev v0 proto static',
      '10.244.2.0/26 via 10.9.0.3 dev v0 proto bird',
    ]);
  });

  it('change from several next hops to one and back by one replace, without leftovers', () => {
    expect(run('multipathToSingle')).toEqual({
      single: [
        '10.244.1.0/26 via 10.9.0.4 dev v0 proto 12 table 254',
        'fd44::/122 via fd09::4 dev v0 proto 12 metric 1024 table 254',
      ],
      again: [
        'fd44::/122 nexthop via fd09::2 dev v0 weight 1 nexthop via fd09::3 dev v0 weight 1 proto 12 metric 1024 table 254',
      ],
      deleted: 'done',
      left: [],
    });
  });

  it('are refused as a whole, with the remedy, without the right to write', () => {
    const powerless = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin'];
    const { outcome, links } = run('unprivileged', ...powerless);
    const error: SystemError = {
      kind: 'SystemError',
      call: 'sendmsg(AF_NETLINK)',
      errno: 'EPERM',
      detail:
        'writing routes needs CAP_NET_ADMIN: run as root, or give the service that capability',
    };
    expect(outcome.error).toEqual(error);
    expect(links).toBe(1); // reading needs no right
  });

  it('are told of as they are done, and never so many at once that the loop has no other turn', () => {
    expect(run('turns')).toEqual({ told: 16, most: 1 });
  });

  it('go in bulk without a failure, and nothing of it comes back on the event socket', () => {
    const result = run('bulk');
    expect(result).toMatchObject({
      failures: 0,
      seen: 60_000,
      shapes: 1,
      outcome: { interrupted: false },
      left: 0,
      own: 0,
      overruns: 0,
    });
    expect(result.perSecond.add).toBeGreaterThan(20_000); // measured: 182,000 on a busy machine
  });
});

describeWith(['netns', 'native', 'ip', 'veth'], 'What the kernel tells', () => {
  it('comes in order: routes and addresses of others, what others do to ours, and no echo of what we did', () => {
    const { foreign, ours, oursDeleted } = run('events');
    expect(foreign).toEqual([
      'route set 10.244.1.0/26 via 10.9.0.2 dev v0 proto 12 table 254',
      'route set 10.244.1.0/26 via 10.9.0.3 dev v0 proto 12 table 254',
      'route removed 10.244.1.0/26 via 10.9.0.3 dev v0 proto 12 table 254',
      'address set 10.8.0.1/24',
      'route set 10.8.0.0/24 dev v0 proto 2 src 10.8.0.1 table 254',
      'address removed 10.8.0.1/24',
      'route removed 10.8.0.0/24 dev v0 proto 2 src 10.8.0.1 table 254',
    ]);
    expect(ours).toEqual({ own: 0, events: [] });
    expect(oursDeleted).toEqual([
      'route removed 10.244.2.0/26 via 10.9.0.3 dev v0 proto 12 table 254',
    ]);
  });

  it('is told once and in order, however often its listener goes to the head of all', () => {
    const { status, stdout, stderr } = spawnSync('unshare', ['--net', process.execPath, LISTENER], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { renewed, kept, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({
      whileItWaits: false,
      toldThen: ['set 10.98.0.0/24'],
      isInOrder: true,
      afterwards: false,
    });
    expect(renewed).toBeGreaterThan(0);
    expect(kept).toBeGreaterThan(0);
  });

  it('leaves out the IPv4 routes that die with a link, so a dump must follow a link going down', () => {
    const { carrier, down, left } = run('events');
    expect(carrier).toEqual(expect.arrayContaining(['link set v0 up'])); // up, but no carrier
    expect(down).toContain('link set v0');
    expect(down.filter((event: string) => event.includes('10.244.'))).toEqual([]);
    expect(left).toEqual([]);
  });

  it('leaves routes standing whose gateway lost its subnet', () => {
    const { addressLost } = run('events');
    expect(addressLost.left).toContain('10.244.4.0/26 via 10.8.0.2 dev v0 proto 12 table 254');
    expect(addressLost.left.join()).not.toContain('src 10.8.0.1');
  });

  it('does not make a port that leaves its bridge look like a link that went', () => {
    expect(run('bridgePort')).toEqual([]);
  });

  it('is reported as overrun when too much came, and goes on afterwards', () => {
    const { overruns, unread, seen, outcome, after } = run('overrun');
    expect(overruns).toBeGreaterThanOrEqual(1);
    // Until the socket is empty the kernel is silent about further losses: a dump before that proves nothing.
    expect(unread).toBe(0);
    expect(seen).toBe(60_000); // the dump mends the picture
    expect(outcome).toEqual({ interrupted: false });
    expect(after).toEqual(['route set blackhole 10.250.0.0/32 proto 12 table 254']);
  });

  it('names links and addresses with their state, and a missing table is an empty one', () => {
    const { deviceIndex, links, addresses, missingTable } = run('views');
    expect(links.lo).toMatchObject({ index: 1, loopback: true, up: true });
    expect(links.v0).toEqual({
      index: deviceIndex,
      name: 'v0',
      up: true,
      carrier: false,
      operState: 'lowerlayerdown',
      mtu: 1500,
      kind: 'veth',
      loopback: false,
      pointToPoint: false,
    });
    expect(links.v1).toMatchObject({ up: false, carrier: false, operState: 'down', mtu: 1400 });
    const common = { interfaceIndex: deviceIndex, scope: 0, secondary: false, tentative: false };
    const sound = { ...common, deprecated: false, duplicate: false };
    expect(addresses['10.9.0.1']).toEqual({ ...sound, family: 4, prefixLength: 24 });
    expect(addresses['10.7.0.1']).toEqual({
      ...sound,
      family: 4,
      prefixLength: 32,
      peer: '10.7.0.2',
    });
    expect(addresses['fd09::1']).toEqual({ ...sound, family: 6, prefixLength: 64 });
    expect(missingTable).toEqual({ interrupted: false });
  });
});
