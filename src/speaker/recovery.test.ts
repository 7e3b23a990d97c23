/** The restarting side (RFC 4724 §4.1): what we promise after our own restart, what waits, and what goes when. */

import { describe, expect, it } from 'vitest';
import { prefix } from '../net/prefix.ts';
import { announcement, endOfRibMarker } from '../sim/messages.ts';
import { affinity } from '../sim/resources.ts';
import type { Capability } from '../wire/capabilities/capability.ts';
import { NODE_ADDRESS, OWN_BLOCK, type Stage, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';
const B = '10.244.2.0/26';
const V4 = 'ipv4-unicast';

function offer(s: Stage): Extract<Capability, { kind: 'gracefulRestart' }> {
  const found = s.peer.talk.opens[0]!.capabilities.find(({ kind }) => kind === 'gracefulRestart');
  return found as Extract<Capability, { kind: 'gracefulRestart' }>;
}

/** Two peers with graceful restart; the first told A and B. Then the node is stopped so. */
function stopped(how: 'kill' | 'terminate', second = true): Stage {
  const restarting = { gracefulRestart: { restartTime: 60, forwarding: [V4] } } as const;
  const s = stage({ peers: [restarting, ...(second ? [restarting] : [])] }).up();
  s.peer.talk.announce([A, B]);
  for (const peer of s.peers) peer.talk.endOfRib();
  s.lab.run(100);
  expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
  s.node[how]();
  s.lab.run(5000);
  return s;
}

describe('a first start', () => {
  it('sets no R bit and says End-of-RIB at once', () => {
    const s = stage({ peers: [{ gracefulRestart: { restartTime: 60 } }] }).up();
    expect(offer(s)).toMatchObject({ restarting: false, restartTime: 120 });
    expect(s.peer.talk.heard.endOfRibs).toEqual([V4]);
  });
});

describe.each(['kill', 'terminate'] as const)('after %s and a new start', (how) => {
  it('kernel routes have stood all the time, and their F bit says so', () => {
    const s = stopped(how);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    s.node.start({ restarting: true });
    s.lab.run(100);
    expect(offer(s)).toMatchObject({
      restarting: true,
      families: [{ afi: 1, safi: 1, forwarding: true }],
    });
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
  });

  it('End-of-RIB waits until every peer has said its own', () => {
    const s = stopped(how);
    s.node.start({ restarting: true });
    s.up();
    expect(s.peers.map(({ talk }) => talk.heard.endOfRibs)).toEqual([[], []]);
    expect(s.node.view.status()).toMatchObject({ restarting: true, ready: false });
    s.peer.talk.announce([A]);
    s.peer.talk.endOfRib();
    s.lab.run(100);
    expect(s.peers.map(({ talk }) => talk.heard.endOfRibs)).toEqual([[], []]);
    s.peers[1]!.talk.endOfRib();
    s.lab.run(100);
    expect(s.peers.map(({ talk }) => talk.heard.endOfRibs)).toEqual([[V4], [V4]]);
    expect(s.peer.talk.heard.routes.has(OWN_BLOCK as never)).toBe(true);
    expect(s.node.view.status()).toMatchObject({ restarting: false, ready: true });
  });

  it('adopted routes that nobody announces any more go after the last End-of-RIB, not before', () => {
    const s = stopped(how);
    s.node.start({ restarting: true });
    s.up();
    s.peer.talk.announce([A]);
    s.peer.talk.endOfRib();
    s.lab.run(1000);
    expect(s.kernel(B)).toEqual(['10.0.0.11 dev 2']);
    s.peers[1]!.talk.endOfRib();
    s.lab.run(1000);
    expect(s.kernel(B)).toEqual([]);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
  });

  it('a peer that is gone is not waited for, but its routes get their restart time', () => {
    const s = stopped(how);
    s.peers[1]!.unlisten();
    s.node.start({ restarting: true });
    s.lab.run(1000);
    s.peer.talk.announce([A]);
    s.peer.talk.endOfRib();
    s.lab.run(10_000);
    expect(s.peer.talk.heard.endOfRibs).toEqual([]);
    s.lab.run(3000);
    expect(s.peer.talk.heard.endOfRibs).toEqual([V4]);
    expect(s.kernel(B)).toEqual(['10.0.0.11 dev 2']);
    // Our own restart time (120 s) is assumed of a peer whose promise died with the last process.
    s.lab.run(100_000);
    expect(s.kernel(B)).toEqual(['10.0.0.11 dev 2']);
    s.lab.run(10_000);
    expect(s.kernel(B)).toEqual([]);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
  });

  it('routes of who came by a range get their restart time, since nobody knows who will call', () => {
    const s = stopped(how, false);
    const { plan } = s.node;
    const { name: _, remoteAddress: __, ...named } = plan!.peers[0]!;
    const peer = { ...named, kind: 'dynamic', passive: true } as const;
    const limits = { profile: 'p', prefix: prefix('10.0.0.0/24'), peersMax: 9, rateMax: 9 };
    s.node.setPlan({ ...plan!, peers: [], listenRanges: [{ ...limits, peer }] });
    s.node.start({ restarting: true });
    s.lab.run(100_000);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    s.lab.run(25_000);
    expect(s.kernel(A)).toEqual([]);
  });

  it('a peer that calls slowly is given two of its connect intervals', () => {
    const passive = {
      gracefulRestart: { restartTime: 60, forwarding: [V4] },
      listens: false,
    } as const;
    const plan = { settings: { timers: { connectRetry: 15 } } };
    const s = stage({ peers: [passive], plan, restarting: true });
    s.lab.run(29_000);
    expect(s.node.view.status().restarting).toBe(true);
    s.lab.run(4000);
    expect(s.node.view.status().restarting).toBe(false);
  });

  it('End-of-RIB is said for a family of which nothing is announced, too', () => {
    const both = { gracefulRestart: { restartTime: 60, forwarding: [V4] } } as const;
    const address = 'fd00::11';
    const s = stage({
      peers: [{ ...both, address, routerId: '10.0.0.11' }],
      restarting: true,
    }).up();
    s.peer.talk.endOfRib('ipv6-unicast');
    s.lab.run(100);
    expect(s.peer.talk.heard.endOfRibs).toEqual(['ipv6-unicast']);
    expect(s.peer.talk.heard.routes.size).toBe(0);
  });

  it('routes of a peer that is gone get the long-lived stale time on top where a profile names one', () => {
    const restarting = { gracefulRestart: { restartTime: 60, forwarding: [V4] } } as const;
    const plan = { settings: { longLivedStaleTime: 300 } };
    const s = stage({ peers: [restarting], plan }).up();
    s.peer.talk.announce([A]);
    s.peer.talk.endOfRib();
    s.lab.run(100);
    s.node[how]();
    s.lab.run(1000);
    s.peer.unlisten();
    s.node.start({ restarting: true });
    s.lab.run(400_000);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    s.lab.run(30_000);
    expect(s.kernel(A)).toEqual([]);
  });

  it('an Established peer that never says End-of-RIB is waited for two minutes', () => {
    const s = stopped(how, false);
    s.node.start({ restarting: true });
    s.lab.run(118_000);
    expect(s.neighbor().state).toBe('Established');
    expect(s.peer.talk.heard.endOfRibs).toEqual([]);
    s.lab.run(3000);
    expect(s.peer.talk.heard.endOfRibs).toEqual([V4]);
    expect(s.node.view.status()).toMatchObject({ restarting: false });
  });

  it('own blocks stay as blackholes, also when the block is gone when we come back: then it is swept', () => {
    const s = stopped(how, false);
    expect(s.kernel(OWN_BLOCK)).toEqual(['blackhole']);
    const other = '10.244.9.0/26';
    s.apply([...s.documents.slice(0, 3), affinity('a', other), ...s.documents.slice(4)]);
    s.node.start({ restarting: true });
    s.up();
    s.peer.talk.endOfRib();
    s.lab.run(1000);
    expect(s.kernel(other)).toEqual(['blackhole']);
    expect(s.kernel(OWN_BLOCK)).toEqual([]);
  });
});

describe('a table that is still being decided when End-of-RIB comes', () => {
  it('is not swept from the kernel: what End-of-RIB confirms may stand in the queue', () => {
    const restarting = { gracefulRestart: { restartTime: 60, forwarding: [V4] } } as const;
    const s = stage({ peers: [restarting] }).up();
    const all = Array.from({ length: 3500 }, (_, i) => `198.${i >> 8}.${i & 255}.0/24`);
    const tell = (prefixes: readonly string[]): void => {
      // One write, so that it is one input: more than one step decides.
      const { talk } = s.peer;
      const parts: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += 700) {
        const some = prefixes.slice(at, at + 700).map((text) => prefix(text));
        parts.push(announcement(some, { family: V4, attributes: talk.attributes(), as4: true }));
      }
      talk.send(Buffer.concat([...parts, endOfRibMarker(V4)]));
    };
    tell(all);
    s.lab.run(1000);
    s.node.kill();
    s.lab.run(1000);
    s.node.start({ restarting: true });
    s.up();
    // The other way round: those that the kernel named first are decided last.
    tell(all.toReversed());
    const before = s.node.kernel.changes;
    s.lab.run(10_000);
    expect(s.node.kernel.changes - before).toBe(0);
    expect(all.filter((text) => s.kernel(text).length !== 1)).toEqual([]);
  });
});

describe('the R bit', () => {
  it('is over with the recovery: a session that comes up later does not carry it', () => {
    const s = stopped('kill', false);
    s.node.start({ restarting: true });
    s.up();
    s.peer.talk.endOfRib();
    s.lab.run(1000);
    s.peer.talk.socket.reset();
    s.lab.run(10_000);
    expect(offer(s)).toMatchObject({ restarting: false });
    expect(s.peer.talk.heard.endOfRibs).toEqual([V4]);
  });

  it('two that restart together do not wait for each other (RFC 4724 §4.1)', () => {
    const s = stage({
      peers: [{ gracefulRestart: { restartTime: 60, restarting: true, forwarding: [V4] } }],
      restarting: true,
    }).up();
    s.lab.run(100);
    expect(s.peer.talk.heard.endOfRibs).toEqual([V4]);
  });

  it('a node whose peer calls it back at once after SIGTERM has lost no forwarding in between', () => {
    const s = stopped('terminate', false);
    const seen = new Set<string>();
    s.node.start({ restarting: true });
    s.peer.call(NODE_ADDRESS);
    for (let i = 0; i < 200; i++) {
      s.lab.run(1);
      seen.add(s.kernel(A).join());
    }
    expect([...seen]).toEqual(['10.0.0.11 dev 2']);
  });
});
