import { describe, expect, it } from 'vitest';
import { stage } from './testing/stage.ts';

describe('counters of neighbors that are gone', () => {
  it.each([
    ['mesh', 1],
    ['node', 0],
  ] as const)('are kept of kind %s: %i session', (kind, kept) => {
    const s = stage({
      plan: {
        change: (plan) => ({ ...plan, peers: plan.peers.map((peer) => ({ ...peer, kind })) }),
      },
    }).up();
    const { received } = s.neighbor().octets;
    s.apply(s.documents.filter((one) => (one as { kind?: string }).kind !== 'BGPPeer'));
    s.lab.run(200);
    expect(s.node.view.neighbors()).toEqual([]);
    const { departed } = s.node.view.measures();
    expect(departed.established).toBe(kept);
    expect(departed.octets.received).toBe(kept * received);
    expect(departed.messages.received.open).toBe(kept);
  });
});
