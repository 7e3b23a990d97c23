/** Peers and their ids: given again when free, and gone through without asking all of them each time. */

import { describe, expect, it } from 'vitest';
import { type IpAddress, ip } from '../net/ip-address.ts';
import { Core } from './core.ts';
import { Peer } from './peer.ts';
import { planWith } from './testing/bare.ts';

function coreWith(count: number): { core: Core; peers: Peer[] } {
  const core = new Core({ seed: 1, kernelEnabled: false, restarting: false, now: 0 });
  const addresses: IpAddress[] = Array.from({ length: count }, (_, i) => ip(`10.0.0.${i + 2}`));
  const peers = planWith(addresses).peers.map((plan) => {
    const peer = new Peer(core.freePeerId()!, plan, 0);
    core.addPeer(peer);
    return peer;
  });
  return { core, peers };
}

describe('the id of a peer', () => {
  it('is the lowest that is free, also after others have gone', () => {
    const { core, peers } = coreWith(5);
    expect(peers.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
    core.removePeer(peers[3]!);
    core.removePeer(peers[1]!);
    const again = new Peer(core.freePeerId()!, peers[1]!.plan, 0);
    expect(again.id).toBe(2);
    core.addPeer(again);
    expect(core.freePeerId()).toBe(4);
  });
});

describe('waiting for every peer', () => {
  it('finds each that is missing wherever the search begins, and asks nobody twice', () => {
    const { core, peers } = coreWith(5);
    for (const from of [1, 2, 3, 4, 5, 9]) {
      for (const missing of peers) {
        const asked: Peer[] = [];
        const found = core.findPeer(from, (peer) => {
          asked.push(peer);
          return peer === missing;
        });
        expect(found).toBe(missing);
        expect(new Set(asked).size).toBe(asked.length);
      }
      expect(core.findPeer(from, () => false)).toBeUndefined();
    }
  });

  it('goes on from the one that was missing last: two questions where all were asked before', () => {
    const { core, peers } = coreWith(5);
    let asked = 0;
    const found = core.findPeer(peers[3]!.id, (peer) => {
      asked++;
      return peer !== peers[3];
    });
    expect(found).toBe(peers[4]);
    expect(asked).toBe(2);
  });
});
