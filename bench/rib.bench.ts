/**
 * The columnar RIB by stage: 1,000,000 IPv4 prefixes, about 6 an attribute set, one eBGP feed to one eBGP member.
 *
 * `node bench/rib.bench.ts [prefixes]` prints nanoseconds a prefix; compare with docs/decisions/0004. In process: no
 * sockets. The longest single call is printed too, since no step may take 10 ms.
 */

import { AFI_SAFIS } from '../src/net/afi-safi.ts';
import { ip, ipToOctets } from '../src/net/ip-address.ts';
import { NextHops } from '../src/rib/next-hops.ts';
import { AttributeSets } from '../src/rib/path-attributes.ts';
import { Rib } from '../src/rib/rib.ts';
import { ACCEPT_ALL, exportConfig, peerConfig } from '../src/rib/testing/support.ts';
import { EMPTY_ATTRIBUTES, encodeAttributes } from '../src/wire/attributes/codec.ts';
import { locateUpdate, updateLayout } from '../src/wire/update.ts';

const PREFIXES_AN_UPDATE = 6;
const SETTLE_PREFIXES = 4096;
const SINK = 200;

interface Stage {
  readonly name: string;
  readonly ns: number;
  readonly longestMs: number;
}

class Stopwatch {
  #longest = 0; // µs
  #total = 0;

  /** CPU time of this thread, not wall time: others may share the machine. */
  time<T>(work: () => T): T {
    const from = process.threadCpuUsage();
    const result = work();
    const { user, system } = process.threadCpuUsage(from);
    this.#total += user + system;
    this.#longest = Math.max(this.#longest, user + system);
    return result;
  }

  stage(name: string, prefixes: number): Stage {
    const ns = (this.#total * 1000) / prefixes;
    const stage = { name, ns, longestMs: this.#longest / 1000 };
    this.#total = 0;
    this.#longest = 0;
    return stage;
  }
}

/** UPDATEs in one buffer: hundreds of thousands of small arrays would make the collector part of the figures. */
class Feed {
  readonly #octets: Uint8Array;
  readonly #ends: number[] = [0];

  constructor(prefixes: number) {
    this.#octets = new Uint8Array(Math.ceil(prefixes / PREFIXES_AN_UPDATE) * 128);
  }

  get length(): number {
    return this.#ends.length - 1;
  }

  add(message: Uint8Array): void {
    const start = this.#ends[this.length]!;
    this.#octets.set(message, start);
    this.#ends.push(start + message.length);
  }

  at(index: number): Uint8Array {
    return this.#octets.subarray(this.#ends[index]!, this.#ends[index + 1]!);
  }
}

/** UPDATEs of one feed: distinct attribute sets, /24 prefixes in ascending or shuffled order. */
function feed(count: number, options: { peerAs: number; hops: number; shuffle: boolean }): Feed {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  if (options.shuffle) {
    let x = 12345;
    for (let i = count - 1; i > 0; i--) {
      x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
      const j = x % (i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
  }
  const feed = new Feed(count);
  for (let at = 0; at < count; at += PREFIXES_AN_UPDATE) {
    const group = at / PREFIXES_AN_UPDATE;
    const asns = [options.peerAs, 1000 + (group % 50_000), 2000 + ((group * 7) % 40_000)];
    for (let hop = 0; hop < options.hops; hop++) asns.push(3000 + ((group >> hop) % 500));
    const attributes = encodeAttributes(
      {
        ...EMPTY_ATTRIBUTES,
        asPath: [{ type: 2, asns }],
        nextHop: ip('192.0.2.1'),
        communities: [0x1_0000 + (group & 0xffff), 0x2_0000 + (group >> 4)],
      },
      'ipv4-unicast',
    );
    const n = Math.min(PREFIXES_AN_UPDATE, count - at);
    const message = new Uint8Array(23 + attributes.length + n * 4);
    message.fill(0xff, 0, 16);
    message[16] = message.length >>> 8;
    message[17] = message.length;
    message[18] = 2;
    message[21] = attributes.length >>> 8;
    message[22] = attributes.length;
    message.set(attributes, 23);
    for (let i = 0; i < n; i++) {
      const index = order[at + i]!;
      message.set([24, 1 + (index >>> 16), index >>> 8, index], 23 + attributes.length + i * 4);
    }
    feed.add(message);
  }
  return feed;
}

const count = Number(process.argv[2] ?? 1_000_000);
const nextHops = new NextHops(1);
const sets = new AttributeSets({ seed: 2, nextHops });
const [ipv4] = AFI_SAFIS;
const rib = new Rib({ family: ipv4, sets, seed: 3 });
const layout = updateLayout();
const context = {
  as4: true,
  peerType: 'ebgp',
  addPathReceive: { 'ipv4-unicast': false, 'ipv6-unicast': false },
  extendedNextHop: false,
} as const;
const span: { octets: Uint8Array; start: number; end: number } = {
  octets: new Uint8Array(0),
  start: 0,
  end: 0,
};
const watch = new Stopwatch();
const stages: Stage[] = [];
const nobody = { bestChanged: (): void => undefined, isBusy: false };
const resolve = (id: number): boolean =>
  nextHops.resolve(id, { reachable: true, metric: 0, handle: 1 });

function receive(peer: number, message: Uint8Array): void {
  locateUpdate(message, context, layout);
  const set = sets.internReceived({ message, layout, context, family: ipv4 });
  if (nextHops.hasNew) nextHops.takeNew(resolve);
  span.octets = message;
  span.start = layout.nlri.start;
  span.end = layout.nlri.end;
  rib.announce(peer, span, set.attributes);
}

function settleAll(): void {
  while (watch.time(() => rib.settle(SETTLE_PREFIXES, nobody)));
}

let octets = 0;
function pack(): void {
  for (;;) {
    const out = watch.time(() => rib.poll(SINK, 65_536));
    if (out === undefined && !rib.hasPending(SINK)) return;
    octets += out?.length ?? 0;
  }
}

/** In bursts as a long read gives them: 4,096 prefixes, a decision each, then what the sink takes. */
function announceAll(peer: number, messages: Feed): void {
  const burst = Math.ceil(4096 / PREFIXES_AN_UPDATE);
  for (let at = 0; at < messages.length; at += burst) {
    const end = Math.min(at + burst, messages.length);
    watch.time(() => {
      for (let i = at; i < end; i++) receive(peer, messages.at(i));
    });
  }
}

function withdrawAll(peer: number, messages: Feed): void {
  const burst = Math.ceil(4096 / PREFIXES_AN_UPDATE);
  for (let at = 0; at < messages.length; at += burst) {
    const end = Math.min(at + burst, messages.length);
    watch.time(() => {
      for (let i = at; i < end; i++) withdraw(peer, messages.at(i));
    });
  }
}

function withdraw(peer: number, message: Uint8Array): void {
  locateUpdate(message, context, layout);
  span.octets = message;
  span.start = layout.nlri.start;
  span.end = layout.nlri.end;
  rib.withdraw(peer, span);
}

for (const peer of [1, 2]) {
  rib.addPeer(
    peer,
    peerConfig({ address: ip(`10.0.0.${peer}`), routerId: peer, importPolicy: ACCEPT_ALL }),
  );
}
rib.join(SINK, exportConfig({ selfNextHop: ipToOctets(ip('10.0.0.255')) }));
rib.allowEndOfRib(SINK);

function run(pass: string): void {
  const first = feed(count, { peerAs: 65001, hops: 1, shuffle: false });
  const second = feed(count, { peerAs: 65002, hops: 2, shuffle: true });
  const done = (name: string): void => void stages.push(watch.stage(`${pass}: ${name}`, count));
  announceAll(1, first);
  done('new prefixes: intern, insert, mark');
  settleAll();
  done('decide (one path)');
  pack();
  done('export and pack');
  announceAll(1, first);
  settleAll();
  done('announced again unchanged');
  announceAll(2, second);
  settleAll();
  done('second feed, worse, shuffled');
  withdrawAll(1, first);
  done('first feed withdrawn');
  settleAll();
  done('decide (next best)');
  pack();
  done('export and pack the next best');
  const memory = process.memoryUsage();
  console.log(
    `${pass}: ${sets.size} sets, ${(sets.octetsHeld / 1e6).toFixed(1)} MB of octets, ` +
      `rss ${(memory.rss / 1e6).toFixed(0)} MB, sent ${(octets / 1e6).toFixed(1)} MB`,
  );
  withdrawAll(2, second);
  settleAll();
  done('second feed withdrawn, decided');
  pack();
  settleAll();
  done('withdrawals packed, all freed');
}

run('cold');
run('warm');
for (const { name, ns, longestMs } of stages) {
  console.log(
    `${name.padEnd(50)} ${ns.toFixed(0).padStart(5)} ns/prefix   longest ${longestMs.toFixed(1)} ms`,
  );
}
console.log(`left: ${rib.prefixCount} prefixes, ${rib.pathCount} paths, ${sets.size} sets`);
