/** The scan over all rows, in slices between announcements: whatever it was asked for, it sees every row. */

import { describe, expect, it } from 'vitest';
import { prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import { attributes, peerConfig, policy, span } from './testing/support.ts';

const [A, B, C, D, E] = [1, 2, 3, 4, 5].map((n) => prefix(`10.${n}.0.0/16`));
const PEERS = [1, 2, 3];

/** Rows 1 to 3 are A, B and D, and the cursor of the scan stands behind them. */
function scannedOnce() {
  const sets = new AttributeSets({ seed: 1, nextHops: new NextHops(2) });
  const rib = new Rib({ family: 'ipv4-unicast', sets, seed: 3 });
  const set = sets.intern(encodeAttributes(attributes([65_001]), 'ipv4-unicast'));
  for (const peer of PEERS) rib.addPeer(peer, peerConfig());
  const settle = (): void => {
    sets.nextHops.forEach((id) => {
      sets.nextHops.resolve(id, { reachable: true, metric: 0, handle: 1 });
    });
    while (rib.settle(100, { bestChanged: () => undefined, isBusy: false }));
  };
  const announce = (peer: number, one: typeof A): void => {
    rib.announce(peer, span([one!]), set);
  };
  announce(1, A);
  announce(2, B);
  announce(3, C);
  settle();
  rib.dropPeer(3);
  settle();
  announce(2, D);
  settle();
  return { rib, settle, announce };
}

describe('the scan', () => {
  it('of a lost peer takes its last row too, though a row was added behind the cursor meanwhile', () => {
    const { rib, settle, announce } = scannedOnce();
    rib.dropPeer(2);
    announce(1, E);
    settle();
    for (const gone of [B, D]) expect(rib.best(rib.find(gone!)), gone).toBe(0);
    expect(rib.pathCount).toBe(2);
    rib.removePeer(2);
    expect(rib.isGone(2)).toBe(true);
  });

  it('for another import policy judges the last row too, though a row was added behind the cursor', () => {
    const { rib, settle, announce } = scannedOnce();
    const refusing = policy(() => ({ accept: false }));
    rib.updatePeer(2, peerConfig({ importPolicy: refusing }));
    announce(1, E);
    settle();
    expect(rib.counters(2)).toMatchObject({ received: 2, rejected: 2 });
    for (const gone of [B, D]) expect(rib.best(rib.find(gone!)), gone).toBe(0);
  });
});
