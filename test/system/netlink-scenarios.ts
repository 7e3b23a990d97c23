/**
 * What `netlink.test.ts` does to a kernel, each scenario in a network namespace of its own: run as
 * `unshare -n node netlink-scenarios.ts NAME`, it prints one line of JSON and ends, and the namespace with it.
 * All that `ip` is asked here, it is asked inside that namespace.
 */

import { execFileSync } from 'node:child_process';
import { WRITER_BATCHES_MAX } from '../../src/io/native.ts';
import type { DumpOutcome } from '../../src/io/netlink-dump.ts';
import { KernelSocket } from '../../src/io/netlink-socket.ts';
import type { BatchOutcome } from '../../src/io/netlink-writer.ts';
import { ip } from '../../src/net/ip-address.ts';
import { prefix } from '../../src/net/prefix.ts';
import type { KernelDump } from '../../src/netlink/dump-request.ts';
import type { KernelVisitor } from '../../src/netlink/events.ts';
import type { KernelNextHop, KernelRoute } from '../../src/netlink/kernel-route.ts';
import type { RawRoute } from '../../src/netlink/raw-route.ts';
import { decodeRoute, encodeRouteShape, formatRoute } from '../../src/netlink/route.ts';
import { type RouteOperation, RouteRequestWriter } from '../../src/netlink/route-request.ts';
import { RouteShapes } from '../../src/netlink/route-shapes.ts';

const events: string[] = [];
let overruns = 0;
/** Events read by the time that we were last told of a loss. */
let heardWhenTold = 0;
let own = 0;
let heard = 0;
let follow = true;

const log: KernelVisitor = {
  onLink: (change, link) =>
    events.push(
      `link ${change} ${link.name}${link.up ? ' up' : ''}${link.carrier ? ' carrier' : ''}`,
    ),
  onAddress: (change, { address, prefixLength }) =>
    events.push(`address ${change} ${address}/${prefixLength}`),
  onRoute: (route) => {
    heard++;
    if (route.portId === kernel.requestPort) own++;
    if (follow && route.table === 254) events.push(`route ${route.change} ${describe(route)}`);
  },
};
const opened = KernelSocket.open({
  events: log,
  onOverrun: () => {
    overruns++;
    heardWhenTold = heard;
  },
  onError: (error) => {
    throw new Error(JSON.stringify(error));
  },
});
if ('kind' in opened) throw new Error(JSON.stringify(opened));
const kernel = opened;

/** `formatRoute` with the device's name in place of its number. */
function describe(raw: RawRoute): string {
  return formatRoute(decodeRoute(raw)).replaceAll(`#${deviceIndex}`, 'v0');
}

function sh(command: string): string {
  return execFileSync('sh', ['-c', command], { encoding: 'utf8' });
}

let deviceIndex = 0;
/** A pair of interfaces v0–v1 with 10.9.0.1/24 and fd09::1/64 on v0; no IPv6 chatter. */
function makeLinks(): void {
  sh(`echo 1 > /proc/sys/net/ipv6/conf/default/addr_gen_mode
    ip link set lo up; ip link add v0 type veth peer name v1; ip link set v1 up; ip link set v0 up
    ip address add 10.9.0.1/24 dev v0; ip address add fd09::1/64 dev v0 nodad`);
  deviceIndex = Number.parseInt(sh('ip -o link show v0'), 10);
}

function send(
  requests: readonly (readonly [RouteOperation, KernelRoute])[],
): Promise<BatchOutcome> {
  const writer = new RouteRequestWriter();
  for (const [operation, route] of requests) writer.addRoute(operation, route);
  return sendBatch(writer);
}

/** @param told  Called at once when the outcome is told; the promise is settled later. */
function sendBatch(writer: RouteRequestWriter, told?: () => void): Promise<BatchOutcome> {
  return new Promise((resolve, reject) => {
    const refused = kernel.send(writer.batch(), (outcome) => {
      told?.();
      resolve(outcome);
    });
    if (refused !== undefined) reject(new Error(JSON.stringify(refused)));
  });
}

async function sendOne(operation: RouteOperation, route: KernelRoute): Promise<string> {
  const { failures, error } = await send([[operation, route]]);
  return error?.errno ?? failures[0]?.name ?? 'done';
}

const ignore = (): void => undefined;
const silent: KernelVisitor = { onLink: ignore, onAddress: ignore, onRoute: ignore };

function dump(what: KernelDump, visitor: Partial<KernelVisitor>): Promise<DumpOutcome> {
  return new Promise((resolve) => kernel.dump(what, { ...silent, ...visitor }, resolve));
}

async function bird(family: 4 | 6, table = 254): Promise<string[]> {
  const routes: string[] = [];
  const what: KernelDump = { kind: 'routes', family, table, protocol: 12 };
  await dump(what, { onRoute: (raw) => routes.push(describe(raw)) });
  return routes;
}

/** The octets of every route of protocol 12: header and attributes as the kernel gave them. */
async function birdOctets(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const family of [4, 6] as const) {
    await dump(
      { kind: 'routes', family, protocol: 12 },
      {
        onRoute: (raw) => {
          const octets = raw.octets.subarray(raw.attributesStart - 12, raw.attributesEnd);
          found[`${decodeRoute(raw).prefix} metric ${raw.metric}`] =
            Buffer.from(octets).toString('hex');
        },
      },
    );
  }
  return found;
}

function route(text: string, nextHops: readonly KernelNextHop[], rest: Partial<KernelRoute> = {}) {
  const family = text.includes(':') ? 6 : 4;
  const made: KernelRoute = {
    family,
    type: nextHops.length === 0 ? 'blackhole' : 'unicast',
    protocol: 12,
    scope: 0,
    flags: 0,
    table: 254,
    metric: 0,
    prefix: prefix(text),
    nextHops,
    ...rest,
  };
  return made;
}

function via(gateway: string, rest: Partial<KernelNextHop> = {}): KernelNextHop {
  return { gateway: ip(gateway), interfaceIndex: deviceIndex, weight: 1, onlink: false, ...rest };
}

/** Lets the event socket be read. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function waitUntilQuiet(): Promise<void> {
  for (let before = -1; before !== heard; ) {
    before = heard;
    await settle();
  }
}

/** Each shape as `ip` says it, and as we do. */
function shapes(): [string, KernelRoute][] {
  const dev = { interfaceIndex: deviceIndex, weight: 1, onlink: false };
  return [
    ['10.244.1.0/26 via 10.9.0.2 dev v0', route('10.244.1.0/26', [via('10.9.0.2')])],
    [
      '10.244.2.0/26 via 10.99.0.3 dev v0 onlink',
      route('10.244.2.0/26', [via('10.99.0.3', { onlink: true })]),
    ],
    ['10.244.3.0/26 dev v0 scope link', route('10.244.3.0/26', [dev], { scope: 253 })],
    ['blackhole 10.244.4.0/26', route('10.244.4.0/26', [])],
    ['unreachable 10.244.4.64/26', route('10.244.4.64/26', [], { type: 'unreachable' })],
    ['prohibit 10.244.4.128/26', route('10.244.4.128/26', [], { type: 'prohibit' })],
    [
      '10.244.5.0/26 nexthop via 10.9.0.2 dev v0 weight 1 nexthop via 10.99.0.3 dev v0 weight 7 onlink',
      route('10.244.5.0/26', [via('10.9.0.2'), via('10.99.0.3', { weight: 7, onlink: true })]),
    ],
    [
      '10.244.6.0/26 via 10.9.0.2 dev v0 metric 1024 src 10.9.0.1 mtu 1400',
      route('10.244.6.0/26', [via('10.9.0.2')], {
        metric: 1024,
        prefSrc: ip('10.9.0.1'),
        mtu: 1400,
      }),
    ],
    [
      '10.244.7.0/26 via 10.9.0.2 dev v0 table 4242',
      route('10.244.7.0/26', [via('10.9.0.2')], { table: 4242 }),
    ],
    ['10.244.8.0/26 via inet6 fd09::2 dev v0', route('10.244.8.0/26', [via('fd09::2')])],
    ['default via 10.9.0.9 dev v0', route('0.0.0.0/0', [via('10.9.0.9')])],
    ['fd44:1::/122 via fd09::2 dev v0', route('fd44:1::/122', [via('fd09::2')])],
    [
      'fd44:2::/122 via fd99::2 dev v0 onlink',
      route('fd44:2::/122', [via('fd99::2', { onlink: true })]),
    ],
    ['fd44:3::/122 dev v0', route('fd44:3::/122', [dev])],
    ['blackhole fd44:4::/122', route('fd44:4::/122', [])],
    [
      'fd44:5::/122 nexthop via fd09::2 dev v0 weight 1 nexthop via fd09::3 dev v0 weight 3',
      route('fd44:5::/122', [via('fd09::2'), via('fd09::3', { weight: 3 })]),
    ],
    [
      'fd44:6::/122 via fd09::2 dev v0 metric 77 src fd09::1 mtu 1400 table 4242',
      route('fd44:6::/122', [via('fd09::2')], {
        metric: 77,
        prefSrc: ip('fd09::1'),
        mtu: 1400,
        table: 4242,
      }),
    ],
    ['default via fd09::9 dev v0', route('::/0', [via('fd09::9')])],
  ];
}

/** `route add`, the type where there is one, the prefix: behind them goes the protocol. */
const PREFIX_WORDS = /^route add (blackhole |unreachable |prohibit )?\S+/;

const bulkShape = () => encodeRouteShape(route('0.0.0.0/0', [via('10.9.0.2')]));

/** Sends `count` /26 routes from 10.64.0.0 up in full batches, two under way. */
async function bulk(
  operation: RouteOperation,
  count: number,
): Promise<{ failures: number; ms: number }> {
  const shape = bulkShape();
  const writer = new RouteRequestWriter();
  const octets = new Uint8Array(4);
  let failures = 0;
  const start = performance.now();
  const key = { family: 4 as const, octets, octetsAt: 0, length: 26, table: 254, metric: 0 };
  const pending: Promise<void>[] = [];
  const flush = async () => {
    if (pending.length >= WRITER_BATCHES_MAX) await pending.shift();
    const done = sendBatch(writer);
    pending.push(
      done.then(({ failures: refused, error }) => {
        failures += refused.length + (error === undefined ? 0 : 1);
      }),
    );
    writer.reset();
  };
  for (let i = 0; i < count; i++) {
    const value = (10 << 24) + (64 << 16) + i * 64;
    for (let at = 0; at < 4; at++) octets[at] = value >>> (24 - at * 8);
    writer.add(operation, key, shape);
    if (writer.full) await flush();
  }
  if (writer.count > 0) await flush();
  await Promise.all(pending);
  return { failures, ms: performance.now() - start };
}

/** Nothing else has its turn on the loop for `ms`. */
function hold(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

const SCENARIOS: Readonly<Record<string, () => Promise<unknown>>> = {
  async encodings() {
    makeLinks();
    const wanted = shapes();
    const lines = wanted.map(([text]) => `route add ${text}`);
    const batch = lines.map((line) => line.replace(PREFIX_WORDS, '$& proto bird')).join('\n');
    execFileSync('ip', ['-batch', '-'], { input: batch });
    const byIp = await birdOctets();
    const deleted = await send(wanted.map(([, made]) => ['delete', made] as const));
    const left = Object.keys(await birdOctets());
    const added = await send(wanted.map(([, made]) => ['add', made] as const));
    const byUs = await birdOctets();
    return { count: wanted.length, byIp, byUs, left, deleted, added };
  },

  async shown() {
    makeLinks();
    await send(shapes().map(([, made]) => ['add', made] as const));
    return {
      v4: await bird(4),
      v6: await bird(6),
      table: await bird(4, 4242),
      ip: sh('ip route show proto bird'),
    };
  },

  async ownership() {
    makeLinks();
    sh('ip route add 10.244.1.0/26 via 10.9.0.5 proto static');
    const block = '10.244.1.0/26';
    const other = route('10.244.2.0/26', [via('10.9.0.2')]);
    const moved = route('10.244.2.0/26', [via('10.9.0.3')]);
    return {
      addOverForeign: await sendOne('add', route(block, [via('10.9.0.2')])),
      deleteForeign: await sendOne('delete', route(block, [])),
      addOurs: await sendOne('add', other),
      addTwice: await sendOne('add', moved),
      replaceOurs: await sendOne('replace', moved),
      deleteAbsent: await sendOne('delete', route('10.244.9.0/26', [])),
      noSuchDevice: await sendOne(
        'add',
        route('10.244.9.0/26', [via('10.9.0.2', { interfaceIndex: 99 })]),
      ),
      offLink: (await send([['add', route('10.244.9.0/26', [via('10.98.0.2')])]])).failures,
      routes: sh('ip route show 10.244.0.0/16; ip route show root 10.244.0.0/16')
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    };
  },

  async multipathToSingle() {
    makeLinks();
    const two = [via('fd09::2'), via('fd09::3')];
    await sendOne('add', route('fd44::/122', two));
    await sendOne('add', route('10.244.1.0/26', [via('10.9.0.2'), via('10.9.0.3')]));
    await sendOne('replace', route('fd44::/122', [via('fd09::4')]));
    await sendOne('replace', route('10.244.1.0/26', [via('10.9.0.4')]));
    const single = [...(await bird(4)), ...(await bird(6))];
    await sendOne('replace', route('fd44::/122', two));
    const again = await bird(6);
    const deleted = await sendOne('delete', route('fd44::/122', []));
    return { single, again, deleted, left: await bird(6) };
  },

  async events() {
    makeLinks();
    await settle();
    events.length = 0;
    sh('ip route add 10.244.1.0/26 via 10.9.0.2 proto bird');
    sh('ip route replace 10.244.1.0/26 via 10.9.0.3 proto bird');
    sh(
      'ip route del 10.244.1.0/26; ip address add 10.8.0.1/24 dev v0; ip address del 10.8.0.1/24 dev v0',
    );
    await settle();
    const foreign = events.splice(0);
    own = 0;
    await sendOne('add', route('10.244.2.0/26', [via('10.9.0.2')]));
    await sendOne('replace', route('10.244.2.0/26', [via('10.9.0.3')]));
    await settle();
    const ours = { own, events: events.splice(0) };
    sh('ip route del 10.244.2.0/26');
    await settle();
    const oursDeleted = events.splice(0);
    sh(
      'ip address add 10.8.0.1/24 dev v0; ip route add 10.244.3.0/26 via 10.9.0.2 src 10.8.0.1 proto bird',
    );
    sh('ip route add 10.244.4.0/26 via 10.8.0.2 proto bird');
    await settle();
    events.length = 0;
    sh('ip address del 10.8.0.1/24 dev v0');
    await settle();
    const addressLost = { events: events.splice(0), left: await bird(4) };
    sh('ip link set v1 down');
    await settle();
    const carrier = events.splice(0);
    sh('ip link set v0 down');
    await settle();
    return {
      foreign,
      ours,
      oursDeleted,
      addressLost,
      carrier,
      down: events.splice(0),
      left: await bird(4),
    };
  },

  async bridgePort() {
    makeLinks();
    sh('ip link add br0 type bridge; ip link set v1 master br0');
    await settle();
    events.length = 0;
    sh('ip link set v1 nomaster');
    await settle();
    return events.filter((event) => event.startsWith('link removed'));
  },

  /** For a process without CAP_NET_ADMIN; `makeLinks` would need it. */
  async unprivileged() {
    const outcome = await send([['add', route('10.244.1.0/26', [])]]);
    let links = 0;
    await dump({ kind: 'links' }, { onLink: () => links++ });
    return { outcome, links };
  },

  async views() {
    makeLinks();
    sh(
      'ip address add 10.7.0.1 peer 10.7.0.2/32 dev v0; ip link set v1 mtu 1400; ip link set v1 down',
    );
    const links: Record<string, unknown> = {};
    const addresses: Record<string, unknown> = {};
    await dump({ kind: 'links' }, { onLink: (_change, link) => (links[link.name] = link) });
    const onAddress: KernelVisitor['onAddress'] = (_change, { address, ...rest }) => {
      addresses[address] = rest;
    };
    await dump({ kind: 'addresses' }, { onAddress });
    const missingTable = await dump({ kind: 'routes', family: 4, table: 999 }, {});
    return { deviceIndex, links, addresses, missingTable };
  },

  async overrun() {
    makeLinks();
    await settle();
    follow = false;
    // Without a turn of the loop between them, nobody reads the events: 8 MB hold about 20,000.
    const lines = Array.from({ length: 60_000 }, (_, i) => {
      const address = `10.${64 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
      return `route add blackhole ${address}/32 proto bird`;
    });
    execFileSync('ip', ['-batch', '-'], { input: lines.join('\n') });
    await settle();
    let seen = 0;
    const outcome = await dump(
      { kind: 'routes', family: 4, protocol: 12 },
      { onRoute: () => seen++ },
    );
    await waitUntilQuiet();
    const unread = heard - heardWhenTold;
    follow = true;
    events.length = 0;
    sh('ip route add blackhole 10.250.0.0/32 proto bird');
    await settle();
    return { overruns, unread, seen, outcome, after: events };
  },

  async turns() {
    makeLinks();
    let turn = 0;
    const ticking = setInterval(() => turn++, 1);
    const told: number[] = [];
    const shape = bulkShape();
    const pending = [];
    for (let batch = 0; batch < WRITER_BATCHES_MAX; batch++) {
      const writer = new RouteRequestWriter();
      const octets = Uint8Array.of(10, 64, batch, 0);
      const key = { family: 4 as const, octets, octetsAt: 0, length: 26, table: 254, metric: 0 };
      writer.add('add', key, shape);
      const onTold = () => told.push(turn) && hold(2);
      pending.push(sendBatch(writer, onTold));
    }
    hold(200); // all are carried out meanwhile, and wait to be told
    await Promise.all(pending);
    clearInterval(ticking);
    const most = Math.max(...told.map((one) => told.filter((other) => other === one).length));
    return { told: told.length, most };
  },

  async bulk() {
    makeLinks();
    const count = Number(process.argv[3] ?? 60_000);
    follow = false;
    const add = await bulk('add', count);
    const routes = new RouteShapes();
    const distinct = new Set<object>();
    let seen = 0;
    const start = performance.now();
    const outcome = await dump(
      { kind: 'routes', family: 4, table: 254, protocol: 12 },
      {
        onRoute: (raw) => {
          seen++;
          distinct.add(routes.shapeOf(raw));
        },
      },
    );
    const dumpMs = performance.now() - start;
    const replace = await bulk('replace', count);
    const remove = await bulk('delete', count);
    await settle();
    const failures = add.failures + replace.failures + remove.failures;
    const rate = (ms: number) => Math.round((count / ms) * 1000);
    const perSecond = {
      add: rate(add.ms),
      replace: rate(replace.ms),
      delete: rate(remove.ms),
      dump: rate(dumpMs),
    };
    return {
      failures,
      seen,
      shapes: distinct.size,
      outcome,
      left: (await bird(4)).length,
      own,
      overruns,
      perSecond,
    };
  },
};

const scenario = SCENARIOS[process.argv[2] ?? ''];
if (scenario === undefined) throw new Error(`No scenario ${process.argv[2]}`);
const result = await scenario();
kernel.close();
console.log(JSON.stringify(result));
