/**
 * Runs the way of an UPDATE before the first peer is heard: code that has run some thousand times is compiled, and a
 * node that starts hears all of its peers at once, in its first second (docs/performance.md).
 *
 * On tables of its own that are thrown away; what is shared is only the compiled code. Invariant: touches nothing
 * outside, and ends after `WARM_UP_MS`.
 */

import { ip, ipToOctets } from '../net/ip-address.ts';
import { compilePolicy } from '../policy/compile.ts';
import type { AttributesId } from '../rib/ids.ts';
import { NextHops } from '../rib/next-hops.ts';
import { AttributeSets } from '../rib/path-attributes.ts';
import { Rib } from '../rib/rib.ts';
import { EMPTY_ATTRIBUTES, encodeAttributes } from '../wire/attributes/codec.ts';
import { Framer } from '../wire/framer.ts';
import { locateUpdate, updateLayout } from '../wire/update.ts';

/**
 * Milliseconds at most, of the wall: a start waits for them. With 600 a first table of 100,000 prefixes takes a third
 * less than with 250 on a busy machine (docs/performance.md).
 */
const WARM_UP_MS = 400;
const UPDATES = 512;
const PREFIXES_AN_UPDATE = 6;
/** Octets fed at once, as a socket gives them. */
const READ_OCTETS = 16_384;
const SETTLE_PREFIXES = 2048;
const FEED = 1;
const SINK = 2;
const LOCAL_AS = 64_512;

/** @returns Rounds run: each announces, announces again with other attributes, and withdraws a small table. */
export function warmUp(now: () => number): number {
  const end = now() + WARM_UP_MS;
  const tables = new WarmTables();
  const first = updates('announce', 1);
  const second = updates('announce', 2);
  const withdrawals = updates('withdraw', 0);
  let rounds = 0;
  for (; now() < end; rounds++) for (const feed of [first, second, withdrawals]) tables.run(feed);
  return rounds;
}

class WarmTables {
  readonly #nextHops = new NextHops(1);
  readonly #sets = new AttributeSets({ seed: 2, nextHops: this.#nextHops });
  readonly #rib = new Rib({ family: 'ipv4-unicast', sets: this.#sets, seed: 3 });
  readonly #framer = new Framer();
  readonly #layout = updateLayout();
  readonly #consumer = { bestChanged: (): void => undefined };
  readonly #resolve = (id: number): boolean =>
    this.#nextHops.resolve(id, { reachable: true, metric: 0, handle: 1 });

  constructor() {
    const policy = compilePolicy({ name: 'warm-up', statements: [], otherwise: 'accept' });
    this.#rib.addPeer(FEED, {
      ebgp: true,
      peerAs: LOCAL_AS + 1,
      localAs: LOCAL_AS,
      routerId: 1,
      address: ip('192.0.2.1'),
      allowLocalAs: 0,
      ownRouterId: 2,
      rrClient: false,
      addPathReceive: false,
      importPolicy: policy,
    });
    this.#rib.join(SINK, {
      policy,
      ebgp: true,
      localAs: LOCAL_AS,
      as4: true,
      rrClient: false,
      nextHop: 'self',
      selfNextHop: ipToOctets(ip('192.0.2.2')),
      messageMax: 4096,
    });
  }

  run(feed: Uint8Array): void {
    for (let at = 0; at < feed.length; at += READ_OCTETS) {
      this.#framer.feed(feed.subarray(at, at + READ_OCTETS), (_, message) => this.#take(message));
      this.#settle();
    }
    for (let more = true; more; ) more = this.#settle();
  }

  #settle(): boolean {
    const more = this.#rib.settle(SETTLE_PREFIXES, this.#consumer);
    while (this.#rib.poll(SINK, 65_536) !== undefined);
    return more;
  }

  #take(message: Uint8Array): boolean {
    const layout = this.#layout;
    locateUpdate(message, CONTEXT, layout);
    const { nlri, withdrawn } = layout;
    if (withdrawn.count > 0) {
      this.#rib.withdraw(FEED, { octets: message, start: withdrawn.start, end: withdrawn.end });
    }
    if (nlri.count === 0) return true;
    const family = 'ipv4-unicast';
    const set = this.#sets.internReceived({ message, layout, context: CONTEXT, family });
    const attributes: AttributesId = set.attributes;
    if (this.#nextHops.hasNew) this.#nextHops.takeNew(this.#resolve);
    this.#rib.announce(FEED, { octets: message, start: nlri.start, end: nlri.end }, attributes);
    return true;
  }
}

const CONTEXT = {
  as4: true,
  peerType: 'ebgp',
  addPathReceive: { 'ipv4-unicast': false, 'ipv6-unicast': false },
  extendedNextHop: false,
} as const;

/** Messages in one buffer, each with attributes and prefixes of its own. */
function updates(kind: 'announce' | 'withdraw', variant: number): Uint8Array {
  const out: number[] = [];
  for (let index = 0; index < UPDATES; index++) {
    const attributes = kind === 'withdraw' ? [] : attributesOf(index, variant);
    const nlri = nlriOf(index);
    const length = 23 + attributes.length + nlri.length;
    for (let i = 0; i < 16; i++) out.push(0xff);
    out.push(length >>> 8, length & 0xff, 2);
    if (kind === 'withdraw') out.push(nlri.length >>> 8, nlri.length & 0xff, ...nlri, 0, 0);
    else out.push(0, 0, attributes.length >>> 8, attributes.length & 0xff, ...attributes, ...nlri);
  }
  return Uint8Array.from(out);
}

function attributesOf(index: number, variant: number): number[] {
  const asns = [LOCAL_AS + 1, 1000 + index, 2000 + variant];
  const octets = encodeAttributes(
    {
      ...EMPTY_ATTRIBUTES,
      asPath: [{ type: 2, asns }],
      nextHop: ip('192.0.2.1'),
      med: variant,
      communities: [0x1_0000 + index],
    },
    'ipv4-unicast',
  );
  return [...octets];
}

function nlriOf(index: number): number[] {
  const octets: number[] = [];
  for (let i = 0; i < PREFIXES_AN_UPDATE; i++) {
    const prefix = index * PREFIXES_AN_UPDATE + i;
    octets.push(24, 10, prefix >>> 8, prefix & 0xff);
  }
  return octets;
}
