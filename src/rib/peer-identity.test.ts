/** What a peer is (router id, client or not) stands in what others are told of its paths, also when it comes back. */

import { describe, expect, it } from 'vitest';
import type { AfiSafi } from '../net/afi-safi.ts';
import { ip, ipToOctets } from '../net/ip-address.ts';
import { type Prefix, prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import type { PathAttributes } from '../wire/attributes/path-attributes.ts';
import type { PeerId } from './ids.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import type { PeerRibConfig } from './rib-config.ts';
import { attributes, exportConfig, Listener, peerConfig, span } from './testing/support.ts';

const P = prefix('10.1.0.0/26');

/** A reflector with peer 1, which announces, and peer 2, which is told. */
class Reflector {
  readonly rib: Rib;
  readonly listener = new Listener();
  readonly #nextHops = new NextHops(1);
  readonly #sets = new AttributeSets({ seed: 2, nextHops: this.#nextHops });
  readonly #family: AfiSafi;

  constructor(family: AfiSafi = 'ipv4-unicast') {
    this.#family = family;
    this.rib = new Rib({ family, sets: this.#sets, seed: 3 });
    const selfNextHop = ipToOctets(ip(family === 'ipv4-unicast' ? '10.0.0.255' : 'fd00::ff'));
    this.rib.addPeer(2, ibgp({ routerId: 2, address: ip('10.0.0.2') }));
    this.rib.join(2, exportConfig({ ebgp: false, clusterId: 9, selfNextHop }));
  }

  announce(peer: PeerId, prefixes: readonly Prefix[], value: PathAttributes): void {
    const id = this.#sets.intern(encodeAttributes(value, this.#family));
    this.#nextHops.takeNew((nextHop) =>
      this.#nextHops.resolve(nextHop, { reachable: true, metric: 0, handle: 1 }),
    );
    this.rib.announce(peer, span(prefixes), id);
    this.run();
  }

  run(): void {
    while (this.rib.settle(100, { bestChanged: () => undefined, isBusy: false }));
    for (let octets = this.rib.poll(2, 4096); octets; octets = this.rib.poll(2, 4096)) {
      this.listener.hear(octets);
    }
  }
}

function ibgp(rest: Partial<PeerRibConfig>): PeerRibConfig {
  return peerConfig({ ebgp: false, peerAs: 65000, rrClient: true, ...rest });
}

describe('a peer that comes back as another', () => {
  it('is named by its new router id in ORIGINATOR_ID (RFC 4456 §8)', () => {
    const reflector = new Reflector();
    reflector.rib.addPeer(1, ibgp({ routerId: 0x01010101 }));
    reflector.announce(1, [P], attributes([]));
    expect(reflector.listener.table.get(P)).toMatchObject({ originatorId: 0x01010101 });
    reflector.rib.dropPeer(1);
    reflector.run();
    reflector.rib.updatePeer(1, ibgp({ routerId: 0x02020202 }));
    reflector.announce(1, [P], attributes([]));
    expect(reflector.listener.table.get(P)).toMatchObject({ originatorId: 0x02020202 });
  });

  it('likewise where another peer has got the id of one that was removed', () => {
    const reflector = new Reflector();
    reflector.rib.addPeer(1, ibgp({ routerId: 0x01010101 }));
    reflector.announce(1, [P], attributes([]));
    reflector.rib.removePeer(1);
    reflector.run();
    expect(reflector.rib.isGone(1)).toBe(true);
    reflector.rib.addPeer(1, ibgp({ routerId: 0x03030303 }));
    reflector.announce(1, [P], attributes([]));
    expect(reflector.listener.table.get(P)).toMatchObject({ originatorId: 0x03030303 });
  });

  it('as a client is reflected, though it was not one before (RFC 4456 §6)', () => {
    const reflector = new Reflector();
    reflector.rib.addPeer(1, ibgp({ rrClient: false }));
    reflector.announce(1, [P], attributes([]));
    expect(reflector.listener.table.size).toBe(0);
    reflector.rib.dropPeer(1);
    reflector.run();
    reflector.rib.updatePeer(1, ibgp({ rrClient: true }));
    reflector.announce(1, [P], attributes([]));
    expect([...reflector.listener.table.keys()]).toEqual([P]);
  });
});

describe('an IPv6 next hop that is passed on', () => {
  it('loses its link-local address, which means nothing on another link (RFC 2545 §3)', () => {
    const reflector = new Reflector('ipv6-unicast');
    reflector.rib.addPeer(1, ibgp({ routerId: 1, address: ip('fd00::1') }));
    const P6 = prefix('fd00:244::/122');
    const nextHop = { nextHop: ip('fd00::1'), linkLocalNextHop: ip('fe80::1') };
    reflector.announce(1, [P6], attributes([], nextHop));
    const heard = reflector.listener.table.get(P6);
    expect(heard).toMatchObject({ nextHop: 'fd00::1' });
    expect(heard?.linkLocalNextHop).toBeUndefined();
  });
});
