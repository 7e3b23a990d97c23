/** Several paths of a prefix towards a peer (RFC 7911): who is told which of them, and under which identifiers. */

import { describe, expect, it } from 'vitest';
import { ip, ipv4ToU32 } from '../net/ip-address.ts';
import { type Prefix, prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import { toHex } from '../wire/text.ts';
import type { PeerId } from './ids.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { PATHS_TOLD_MAX } from './path-choice.ts';
import { Rib } from './rib.ts';
import type { AddPathSend } from './rib-config.ts';
import { attributes, exportConfig, Listener, peerConfig, span } from './testing/support.ts';

const P = prefix('10.9.0.0/16');
const Q = prefix('10.8.0.0/16');

class Bench {
  readonly nextHops = new NextHops(1);
  readonly sets = new AttributeSets({ seed: 2, nextHops: this.nextHops });
  readonly rib = new Rib({ family: 'ipv4-unicast', sets: this.sets, seed: 3 });
  readonly listeners = new Map<PeerId, Listener>();

  peer(id: PeerId, address = `10.0.0.${id}`): void {
    const config = peerConfig({ address: ip(address), routerId: id, peerAs: 65_000 + id });
    this.rib.addPeer(id, { ...config, addPathReceive: id >= 100 });
  }

  listen(id: PeerId, addPath: AddPathSend = 'all'): void {
    this.listeners.set(id, new Listener({ addPath: true }));
    this.rib.join(id, exportConfig({ addPath }));
    this.rib.allowEndOfRib(id);
  }

  announce(peer: PeerId, of: Prefix, { pathId = 0, asns = [65_000 + peer] } = {}): void {
    const set = this.sets.intern(encodeAttributes(attributes(asns), 'ipv4-unicast'));
    this.nextHops.forEach((hop) => {
      this.nextHops.resolve(hop, { reachable: true, metric: 0, handle: 1 });
    });
    this.rib.announce(peer, span([peer >= 100 ? { prefix: of, pathId } : of]), set);
    this.settle();
  }

  withdraw(peer: PeerId, of: Prefix, pathId = 0): void {
    this.rib.withdraw(peer, span([peer >= 100 ? { prefix: of, pathId } : of]));
    this.settle();
  }

  settle(): void {
    while (this.rib.settle(100, { bestChanged: () => undefined, isBusy: false }));
  }

  hear(...peers: PeerId[]): void {
    for (const peer of peers) {
      for (;;) {
        const octets = this.rib.poll(peer, 4096);
        if (octets === undefined) break;
        this.listeners.get(peer)!.hear(octets);
      }
    }
  }

  /** Identifiers that `peer` holds of the prefix. */
  held(peer: PeerId, of = P): number[] {
    return [...(this.listeners.get(peer)!.paths.get(of)?.keys() ?? [])].sort((a, b) => a - b);
  }
}

/** Peers 1 to 3, of which 1 and 2 listen. */
function bench(): Bench {
  const made = new Bench();
  for (const id of [1, 2, 3]) made.peer(id);
  for (const id of [1, 2]) made.listen(id);
  return made;
}

const idOf = (address: string): number => ipv4ToU32(ip(address));

describe('RFC 7911 paths told to a peer', () => {
  it('are all but its own, each under an identifier made from the neighbor it came from', () => {
    const made = bench();
    for (const id of [1, 2, 3]) made.announce(id, P);
    made.hear(1, 2);
    expect(made.held(1)).toEqual([idOf('10.0.0.2'), idOf('10.0.0.3')]);
    expect(made.held(2)).toEqual([idOf('10.0.0.1'), idOf('10.0.0.3')]);
  });

  it('have the same identifiers in another run, in whichever order they come', () => {
    const runs = [
      [1, 3, 2],
      [3, 2, 1],
    ].map((order) => {
      const made = bench();
      for (const id of order) made.announce(id, P);
      made.hear(1);
      return made.held(1);
    });
    expect(runs[0]).toEqual(runs[1]);
  });

  it('keep their identifier when they change, and get it again when they come back', () => {
    const made = bench();
    made.announce(3, P);
    made.hear(1);
    const before = made.held(1);
    made.announce(3, P, { asns: [65_003, 65_100] });
    made.hear(1);
    expect(made.held(1)).toEqual(before);
    made.withdraw(3, P);
    made.hear(1);
    expect(made.held(1)).toEqual([]);
    made.announce(3, P);
    made.hear(1);
    expect(made.held(1)).toEqual(before);
  });

  it('are told anew when what is sent of them changes, though the old way of it ends with them', () => {
    const made = bench();
    made.announce(3, P);
    made.hear(1, 2);
    for (const id of [1, 2]) {
      made.rib.join(id, exportConfig({ addPath: 'all', localAs: 65_099 }));
    }
    made.settle();
    made.hear(1, 2);
    const [told] = made.listeners.get(1)!.paths.get(P)!.values();
    expect(told!.asPath[0]!.asns[0]).toBe(65_099);
  });

  it('count once a prefix against the maximum of what a peer may be told', () => {
    const made = bench();
    made.rib.join(1, exportConfig({ addPath: 'all', prefixesMax: 1 }));
    for (const of of [P, Q]) {
      made.announce(2, of);
      made.announce(3, of);
    }
    made.hear(1);
    expect(made.held(1, P)).toHaveLength(2);
    expect(made.held(1, Q)).toHaveLength(0);
    made.withdraw(2, P);
    made.hear(1);
    expect(made.held(1, P)).toHaveLength(1);
    expect(made.held(1, Q)).toHaveLength(0);
    made.withdraw(3, P);
    made.hear(1);
    expect(made.held(1, Q)).toHaveLength(2);
  });

  it('have identifiers of their own also from two sessions with one address', () => {
    const made = bench();
    made.peer(4, '10.0.0.3');
    made.announce(3, P);
    made.announce(4, P);
    made.hear(1);
    expect(new Set(made.held(1)).size).toBe(2);
  });

  it('go out as identifier, length and prefix, and are withdrawn by both (§3)', () => {
    const made = bench();
    made.announce(3, P);
    const announced = toHex(made.rib.poll(1, 4096)!).replaceAll(' ', '');
    expect(announced.endsWith('0a00000310' + '0a09')).toBe(true);
    made.withdraw(3, P);
    const withdrawn = toHex(made.rib.poll(1, 4096)!).replaceAll(' ', '');
    expect(withdrawn.slice(38)).toBe('0007' + '0a00000310' + '0a09' + '0000');
  });

  for (const [mover, which] of [
    [1, 'knows all that there was to know'],
    [2, 'has still to hear that a path is gone'],
  ] as const) {
    it(`leave nothing behind when all are withdrawn and who ${which} goes to another group`, () => {
      const made = bench();
      made.announce(3, P);
      made.hear(1, 2);
      // From here on 2 is out of step, and the identifier is kept until it has heard.
      made.rib.refresh(2);
      made.withdraw(3, P);
      made.hear(1);
      made.rib.join(mover, exportConfig({ addPath: 'ecmp' }));
      made.settle();
      made.hear(1, 2);
      made.settle();
      expect([made.held(1), made.held(2)]).toEqual([[], []]);
      expect(made.rib.prefixCount).toBe(0);
    });
  }

  it('are the ECMP set alone where that is asked for', () => {
    const made = bench();
    made.listen(3, 'ecmp');
    made.peer(4);
    made.announce(1, P);
    made.announce(2, P);
    made.announce(4, P, { asns: [65_004, 65_100] });
    made.hear(3);
    expect(made.held(3)).toEqual([idOf('10.0.0.1'), idOf('10.0.0.2')]);
  });

  it('are the best few where a number is asked for, and follow when one of them goes', () => {
    const made = bench();
    made.listen(3, 2);
    for (const [id, length] of [
      [4, 1],
      [5, 2],
      [6, 3],
    ] as const) {
      made.peer(id);
      made.announce(id, P, { asns: Array.from({ length }, () => 65_000 + id) });
    }
    made.hear(3);
    expect(made.held(3)).toEqual([idOf('10.0.0.4'), idOf('10.0.0.5')]);
    made.withdraw(5, P);
    made.hear(3);
    expect(made.held(3)).toEqual([idOf('10.0.0.4'), idOf('10.0.0.6')]);
  });

  it('are at most so many, the best of them, whoever comes first', () => {
    const identifiers = Array.from({ length: PATHS_TOLD_MAX + 5 }, (_, i) => i + 1);
    const runs = [identifiers, identifiers.toReversed()].map((order) => {
      const made = bench();
      made.peer(100);
      for (const pathId of order) made.announce(100, P, { pathId });
      made.announce(3, P, { asns: [] });
      made.hear(1);
      return made.held(1);
    });
    expect(runs[0]).toHaveLength(PATHS_TOLD_MAX);
    expect(runs[0]).toContain(idOf('10.0.0.3'));
    expect(runs[1]).toEqual(runs[0]);
  });

  it('are followed by End-of-RIB once, and sent again on a refresh', () => {
    const made = bench();
    made.announce(3, P);
    made.hear(1);
    const listener = made.listeners.get(1)!;
    const { messages } = listener;
    expect(listener.endOfRibs).toBe(1);
    made.rib.refresh(1);
    made.hear(1);
    expect(listener.messages).toBe(messages + 1);
    expect(listener.endOfRibs).toBe(1);
  });
});

describe('a path that went while a member was out of step', () => {
  it('is withdrawn from the member that had been told of it', () => {
    const made = bench();
    made.announce(3, P);
    made.hear(1, 2);
    made.rib.refresh(1);
    made.withdraw(3, P);
    made.hear(2, 1);
    expect(made.held(1)).toEqual([]);
  });

  it('is withdrawn from the second such member also when the first is told before', () => {
    const made = bench();
    made.peer(4);
    made.listen(4);
    made.announce(3, P);
    made.hear(1, 2, 4);
    made.rib.refresh(1);
    made.rib.refresh(4);
    made.withdraw(3, P);
    made.hear(2, 1, 4);
    expect(made.held(4)).toEqual([]);
  });

  it('is withdrawn where the member was cut off before it read the withdrawal', () => {
    const made = bench();
    made.announce(3, P);
    made.announce(3, Q);
    made.hear(1, 2);
    made.withdraw(3, P);
    made.hear(2);
    made.rib.refresh(1);
    made.hear(1);
    expect(made.held(1)).toEqual([]);
    expect(made.held(1, Q)).toHaveLength(1);
  });

  it('leaves no more behind than a bound, however many identifiers its neighbor uses', () => {
    const made = bench();
    made.peer(100);
    made.announce(3, P);
    made.hear(1, 2);
    made.rib.refresh(1);
    for (let pathId = 1; pathId <= 1000; pathId++) {
      made.announce(100, P, { pathId });
      made.hear(2);
      made.withdraw(100, P, pathId);
      made.hear(2);
    }
    const before = made.listeners.get(1)!.withdrawals;
    made.hear(1);
    expect(made.listeners.get(1)!.withdrawals - before).toBeLessThanOrEqual(PATHS_TOLD_MAX + 1);
    expect(made.held(1)).toEqual(made.held(2));
  });
});
