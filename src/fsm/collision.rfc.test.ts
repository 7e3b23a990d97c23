/** RFC 4271 §6.8 and RFC 6286 §2.3: of two connections between two speakers exactly one stays. */

import { describe, expect, it } from 'vitest';
import { survivor } from './collision.ts';
import type { SessionConfig } from './session-config.ts';
import { SessionPair } from './testing/session-pair.ts';

describe('RFC 4271 §6.8 connection collision detection', () => {
  const low: SessionConfig = {
    localAs: 65001,
    remoteAs: 65002,
    routerId: 0x0a000001,
    families: ['ipv4-unicast'],
  };
  const high: SessionConfig = { ...low, localAs: 65002, remoteAs: 65001, routerId: 0xc0000001 };

  for (const seed of [1, 2, 3, 4, 5]) {
    it(`keeps the connection opened by the higher BGP Identifier (seed ${seed})`, () => {
      const pair = new SessionPair(low, high, { seed }); // both call at the same instant
      pair.latency = seed * 3;
      pair.start().run(60_000);
      expect(pair.connections()).toEqual(['b']);
      expect([pair.a.main.state, pair.b.main.state]).toEqual(['Established', 'Established']);
      for (const side of [pair.a, pair.b]) {
        expect(side.main.counters).toMatchObject({ established: 1, dropped: 0 });
        // RFC 4486: Cease (6) / Connection Collision Resolution (7)
        for (const told of side.notificationsSent()) {
          expect(told).toMatchObject({ code: 6, subcode: 7 });
        }
      }
    });
  }

  it('settles whatever the moments of the two calls are', () => {
    for (let delay = 0; delay <= 40; delay++) {
      const pair = new SessionPair(low, high);
      pair.signal(pair.a, { type: 'ManualStart' });
      pair.run(delay);
      pair.signal(pair.b, { type: 'ManualStart' });
      pair.run(200);
      const states = [pair.a.main.state, pair.b.main.state];
      expect(states, `delay ${delay}`).toEqual(['Established', 'Established']);
      expect(pair.connections()).toHaveLength(1);
      expect(pair.a.second).toBeUndefined();
      expect(pair.b.second).toBeUndefined();
    }
  });

  it('compares Identifiers as unsigned numbers', () => {
    const parties = { localAs: 1, remoteAs: 1 };
    expect(survivor({ ...parties, localIdentifier: 0xc0000001, remoteIdentifier: 1 })).toBe(
      'dialled',
    );
    expect(survivor({ ...parties, localIdentifier: 1, remoteIdentifier: 0xc0000001 })).toBe(
      'accepted',
    );
  });

  it('lets the larger AS number decide between equal Identifiers (RFC 6286 §2.3)', () => {
    const same = { localIdentifier: 7, remoteIdentifier: 7 };
    expect(survivor({ ...same, localAs: 4200000000, remoteAs: 65001 })).toBe('dialled');
    expect(survivor({ ...same, localAs: 65001, remoteAs: 4200000000 })).toBe('accepted');
  });

  it('never lets both ends keep, or both ends drop, the same connection', () => {
    for (const [a, b] of [
      [1, 2],
      [2, 1],
      [7, 7],
      [0, 0xffffffff],
    ] as const) {
      const left = survivor({ localIdentifier: a, remoteIdentifier: b, localAs: 1, remoteAs: 2 });
      const right = survivor({ localIdentifier: b, remoteIdentifier: a, localAs: 2, remoteAs: 1 });
      expect(left).not.toBe(right); // the same connection, seen from its two ends
    }
  });
});
