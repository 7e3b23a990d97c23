/** UPDATEs are pulled: who does not read costs marks, who reads slowly costs time, and keepalives are never late. */

import { describe, expect, it } from 'vitest';
import { ip, ipv4FromU32 } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { announcement } from '../sim/messages.ts';
import { resource } from '../sim/resources.ts';
import { SOCKET_BUFFER_OCTETS } from '../sim/socket.ts';
import { peerDocument, type Stage, stage } from './testing/stage.ts';

/** One buffer may be pulled before the socket says that it is full. */
const PULLED_OCTETS = 65_536;

/** /26 prefixes inside 100.0.0.0/8. */
function prefixes(count: number, from = 0): string[] {
  return Array.from(
    { length: count },
    (_, i) => `${ipv4FromU32(((100 << 24) + (from + i) * 64) >>> 0)}/26`,
  );
}

/** Full UPDATEs of 700 prefixes each. */
function load(s: Stage, index: number, count: number): void {
  const { talk } = s.peers[index]!;
  for (let at = 0; at < count; at += 700) {
    const some = prefixes(Math.min(700, count - at), at).map(prefix);
    talk.send(
      announcement(some, {
        family: 'ipv4-unicast',
        attributes: talk.attributes({ med: at % 7 }),
        as4: true,
      }),
    );
  }
}

/** A source outside the cluster, and iBGP peers that are told all of it. */
function relay(readers: number, node: object = {}): Stage {
  return stage({
    peers: [{ as: 65001 }, ...Array.from({ length: readers }, () => ({}))],
    node,
    // As Calico: what lies in a pool is passed on from outside.
    plan: { outside: 'calico' },
    more: [resource('IPPool', 'wide', { cidr: '100.0.0.0/8', ipipMode: 'Never' })],
  }).up();
}

describe('a peer that never reads', () => {
  it('costs a socket buffer and marks; the others have everything, and it is let go after eight minutes', () => {
    const s = relay(2);
    const deaf = s.peers[1]!.talk;
    deaf.socket.reading = false;
    load(s, 0, 70_000);
    s.lab.run(5000);
    expect(s.peers[2]!.talk.heard.routes.size).toBe(70_001);
    expect(deaf.heard.routes.size).toBe(1);
    const sent = s.neighbor(1).octets.sent;
    expect(sent).toBeLessThan(SOCKET_BUFFER_OCTETS + PULLED_OCTETS);
    expect(s.neighbor(2).octets.sent).toBeGreaterThan(350_000);
    expect(s.neighbor(1).families[0]!.pending).toBeGreaterThan(0);
    expect(s.neighbor(2).families[0]!.pending).toBe(0);
    // Routes that flap coalesce: nothing is queued while nobody reads.
    for (let round = 0; round < 10; round++) {
      s.peers[0]!.talk.withdraw(prefixes(700));
      s.lab.run(1000);
      load(s, 0, 700);
      s.lab.run(1000);
    }
    expect(s.neighbor(1).octets.sent - sent).toBeLessThan(100);
    expect(s.neighbor(1)).toMatchObject({ state: 'Established' });
    s.lab.run(600_000);
    expect(s.reasons('session-down')[0]).toBe(
      'The peer has taken no octets for 480 s (send hold timer expired): it hangs; look at the load of its machine, or restart its BGP daemon',
    );
    expect(s.neighbor(2)).toMatchObject({ state: 'Established', flaps: 0 });
    expect(s.node.violations).toEqual([]);
  }, 30_000);
});

describe('a peer that reads slowly', () => {
  it('is told what holds when its turn comes, and keeps its session', () => {
    const s = relay(1);
    const { talk } = s.peers[1]!;
    talk.socket.pace = { octets: 2000, everyMs: 100 };
    load(s, 0, 30_000);
    s.lab.run(2000);
    s.peers[0]!.talk.withdraw(prefixes(700, 29_000));
    s.lab.run(120_000);
    expect(talk.heard.routes.size).toBe(30_001 - 700);
    expect(s.neighbor(1)).toMatchObject({ state: 'Established', flaps: 0 });
    expect(s.neighbor(1).families[0]).toMatchObject({ pending: 0 });
  }, 30_000);

  it('and a sender of one octet at a time are served beside the others', () => {
    const s = stage({ peers: [{}, {}, { automatic: false }] });
    s.lab.run(100);
    s.peers[2]!.talk.socket.pace = { octets: 1, everyMs: 1000 };
    s.lab.run(10_000);
    expect(s.neighbor(0).state).toBe('Established');
    expect(s.neighbor(1).state).toBe('Established');
    expect(s.neighbor(2).state).toBe('OpenSent');
  });
});

describe('keepalives', () => {
  it('are on time while 100,000 routes load, with every step taking ten milliseconds', () => {
    const s = relay(2, { stepMs: 10 });
    const quiet = s.peers[2]!.talk;
    load(s, 0, 100_000);
    s.lab.run(120_000);
    const gaps = quiet.keepalivesAt.map((at, i) => at - (quiet.keepalivesAt[i - 1] ?? 0)).slice(2);
    expect(gaps.length).toBeGreaterThan(2);
    // A third of 90 s at most (RFC 4271 §4.4), and a few steps.
    expect(Math.max(...gaps)).toBeLessThan(30_500);
    expect(s.node.lagMsMax).toBeLessThan(500);
    expect(quiet.heard.routes.size).toBe(100_001);
  }, 30_000);
});

describe('update groups', () => {
  it('peers with one policy share a group, a peer with its own has another', () => {
    const own = { action: 'Reject', matchOperator: 'Equal', cidr: '10.244.0.0/26' };
    const s = stage({
      peers: [{}, {}, { configured: false }],
      more: [
        resource('BGPFilter', 'hide', { exportV4: [own] }),
        peerDocument('p2', '10.0.0.13', 64512, { filters: ['hide'] }),
      ],
    }).up();
    const groups = [0, 1, 2].map((index) => s.neighbor(index).updateGroup);
    expect(groups[0]).toBe(groups[1]);
    expect(groups[2]).not.toBe(groups[0]);
    expect(ip('10.0.0.13')).toBe(s.peers[2]!.address);
  });
});
