/** Peers that come later: the same octets for all that are to be told all, and the right ones for the others. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { type Prefix, prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import type { PeerId } from './ids.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import type { AddPathSend } from './rib-config.ts';
import { attributes, exportConfig, Listener, peerConfig, span } from './testing/support.ts';

const OWN = prefix('10.1.0.0/26');
const ANOTHER = prefix('10.1.0.64/26');
const LEARNED = prefix('10.9.0.0/16');
const NOBODY = { bestChanged: () => undefined, isBusy: false };

const TWICE_LEARNED = prefix('10.8.0.0/16');

/** External peers of one group: 1 is there when the routes come, the others come when they are asked to. */
class Bench {
  readonly nextHops = new NextHops(1);
  readonly sets = new AttributeSets({ seed: 2, nextHops: this.nextHops });
  readonly rib = new Rib({ family: 'ipv4-unicast', sets: this.sets, seed: 3 });
  readonly listeners = new Map<PeerId, Listener>();
  readonly addPath: AddPathSend | undefined;

  /** @param addPath  What all are told (RFC 7911); undefined = the best path. */
  constructor(addPath?: AddPathSend) {
    this.addPath = addPath;
    this.join(1);
    this.rib.originate(OWN, { source: 'block', gateway: ip('192.0.2.1') });
    this.read(1);
  }

  join(peer: PeerId): void {
    this.rib.addPeer(peer, peerConfig({ address: ip(`10.0.0.${peer}`), routerId: peer }));
    this.tell(peer);
  }

  /** The peer is told everything, as from now on. */
  tell(peer: PeerId): void {
    const { addPath } = this;
    this.rib.join(peer, exportConfig(addPath === undefined ? {} : { addPath }));
    this.listen(peer);
  }

  /** The peer knows nothing yet. */
  listen(peer: PeerId): void {
    this.listeners.set(peer, new Listener({ addPath: this.addPath !== undefined }));
  }

  learn(peer: PeerId, prefixes: readonly Prefix[]): void {
    const set = this.sets.intern(
      encodeAttributes(attributes([65_001], { nextHop: ip('192.0.2.9') }), 'ipv4-unicast'),
    );
    this.nextHops.takeNew((id) =>
      this.nextHops.resolve(id, { reachable: true, metric: 0, handle: 1 }),
    );
    this.rib.announce(peer, span(prefixes), set);
  }

  settle(): void {
    while (this.rib.settle(100, NOBODY));
  }

  /** Reads once. */
  poll(peer: PeerId): Uint8Array | undefined {
    this.settle();
    const octets = this.rib.poll(peer, 4096);
    if (octets !== undefined) this.listeners.get(peer)!.hear(octets);
    return octets;
  }

  /** Reads everything. @returns what the peer knows then. */
  read(peer: PeerId): string[] {
    while (this.poll(peer) !== undefined);
    expect(this.rib.hasPending(peer)).toBe(false);
    const { table, paths } = this.listeners.get(peer)!;
    if (this.addPath === undefined) return [...table.keys()].sort();
    return [...paths].flatMap(([of, told]) => (told.size > 0 ? [of] : [])).sort();
  }
}

describe.each([undefined, 'all'] as const)(
  'peers that come when the table is there (ADD-PATH %s)',
  (addPath) => {
    it('are sent the same octets', () => {
      const bench = new Bench(addPath);
      bench.join(2);
      bench.join(3);
      expect(bench.rib.counters(3).pending).toBeGreaterThan(0);
      const two = bench.poll(2)!;
      const three = bench.poll(3)!;
      expect(three.buffer).toBe(two.buffer);
      expect([bench.read(2), bench.read(3)]).toEqual([[OWN], [OWN]]);
      expect(bench.rib.counters(3).pending).toBe(0);
    });

    it('hear of what changes before they have read it, and of what changed before they came', () => {
      const bench = new Bench(addPath);
      bench.join(2);
      bench.rib.originate(ANOTHER, { source: 'block', gateway: ip('192.0.2.1') });
      bench.rib.retract(OWN, 'block');
      bench.read(1);
      bench.join(3);
      expect([bench.read(2), bench.read(3)]).toEqual([[ANOTHER], [ANOTHER]]);
    });

    it('never get a route of their own back (RFC 4271 §9.1.3)', () => {
      const bench = new Bench(addPath);
      bench.rib.addPeer(2, peerConfig({ address: ip('10.0.0.2'), routerId: 2 }));
      bench.learn(2, [LEARNED]);
      expect(bench.read(1)).toEqual([OWN, LEARNED]);
      bench.tell(2);
      bench.join(3);
      expect([bench.read(2), bench.read(3)]).toEqual([[OWN], [OWN, LEARNED]]);
    });

    it('get everything again when they ask for it (RFC 2918 §4), also in the middle of it', () => {
      const bench = new Bench(addPath);
      bench.join(2);
      bench.rib.refresh(2);
      bench.read(2);
      bench.listen(2);
      bench.rib.refresh(2);
      expect(bench.read(2)).toEqual([OWN]);
      bench.rib.originate(ANOTHER, { source: 'block', gateway: ip('192.0.2.1') });
      bench.rib.refresh(2);
      bench.listen(2);
      expect(bench.read(2)).toEqual([OWN, ANOTHER]);
    });

    it('take what they have not read of it into another group', () => {
      const bench = new Bench(addPath);
      bench.join(2);
      bench.rib.join(
        2,
        exportConfig({ nextHop: 'keep', ...(addPath === undefined ? {} : { addPath }) }),
      );
      bench.settle();
      bench.rib.originate(ANOTHER, { source: 'block', gateway: ip('192.0.2.1') });
      expect(bench.read(2)).toEqual([OWN, ANOTHER]);
      bench.join(3);
      expect(bench.read(3)).toEqual([OWN, ANOTHER]);
    });
  },
);

describe('a peer with ADD-PATH that comes', () => {
  /** 2 and 4 have announced one prefix; 3 comes, and goes over to the group of 6, which is told the best path only. */
  function goingOver(): Bench {
    const bench = new Bench('all');
    for (const peer of [2, 4]) {
      bench.rib.addPeer(peer, peerConfig({ address: ip(`10.0.0.${peer}`), routerId: peer }));
      bench.learn(peer, [TWICE_LEARNED]);
    }
    bench.rib.addPeer(6, peerConfig({ address: ip('10.0.0.6'), routerId: 6 }));
    bench.rib.join(6, exportConfig({ addPath: 1 }));
    bench.listen(6);
    bench.read(6);
    bench.read(1);
    bench.join(3);
    bench.join(5);
    bench.rib.join(3, exportConfig({ addPath: 1 }));
    return bench;
  }

  it('is told all paths, and what it has not read of that before what withdraws some of them', () => {
    const bench = goingOver();
    expect(bench.read(3)).toEqual([OWN, TWICE_LEARNED]);
    expect(bench.listeners.get(3)!.paths.get(TWICE_LEARNED)!.size).toBe(1);
    expect(bench.read(5)).toEqual([OWN, TWICE_LEARNED]);
    expect(bench.listeners.get(5)!.paths.get(TWICE_LEARNED)!.size).toBe(2);
  });

  it('does not hear of what was withdrawn before', () => {
    const bench = new Bench('all');
    bench.join(2); // out of step: it may know what is withdrawn now
    bench.rib.retract(OWN, 'block');
    bench.rib.originate(ANOTHER, { source: 'block', gateway: ip('192.0.2.1') });
    bench.read(1);
    bench.join(3);
    const octets = bench.poll(3)!;
    expect(Buffer.from(octets).toString('hex')).not.toContain('0a010000');
    expect([bench.read(2), bench.read(3)]).toEqual([[ANOTHER], [ANOTHER]]);
  });
});
