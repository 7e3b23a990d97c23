/** Sessions of a peer from the first SYN to the end, against scripted peers and between speakers. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { check, contractKept } from '../sim/checkers.ts';
import { meshLab } from '../sim/lab.ts';
import { resource } from '../sim/resources.ts';
import type { SimSocket } from '../sim/socket.ts';
import { ErrorCode, OpenSubcode } from '../wire/iana.ts';
import { NODE_ADDRESS, OWN_BLOCK, peerDocument, stage } from './testing/stage.ts';

const CALL = { remote: { address: NODE_ADDRESS, port: 179 }, localAddress: ip('10.0.0.11') };

describe('a session comes up', () => {
  it('dials at once, tells the own block with its address as next hop, and says End-of-RIB', () => {
    const s = stage().up();
    expect(s.neighbor()).toMatchObject({
      state: 'Established',
      holdTime: 90,
      routerId: '10.0.0.11',
    });
    const { heard } = s.peer.talk;
    expect([...heard.routes.keys()]).toEqual([OWN_BLOCK]);
    expect(heard.routes.values().next().value).toMatchObject({ nextHop: '10.0.0.1', asPath: [] });
    expect(heard.endOfRibs).toEqual(['ipv4-unicast']);
    expect(s.lab.now).toBeLessThan(200);
  });

  it('takes the call of a peer that does not listen', () => {
    const s = stage({ peers: [{ listens: false }] });
    s.lab.run(1000);
    expect(s.neighbor().state).not.toBe('Established');
    s.peer.call(NODE_ADDRESS);
    s.up();
    expect(s.neighbor()).toMatchObject({ state: 'Established', established: 1 });
  });

  it('callers that connect and hang up do not keep us from calling', () => {
    const s = stage({ peers: [{ listens: false }] });
    s.lab.run(1000);
    s.peer.listen();
    const since = s.lab.now;
    const stray = { onConnected: (socket: SimSocket) => socket.close(), onFailed: () => undefined };
    while (s.neighbor().state !== 'Established' && s.lab.now - since < 6000) {
      s.lab.network.dial(s.peer.host, CALL, stray);
      s.lab.run(300);
    }
    expect(s.neighbor().state).toBe('Established');
    expect(s.reasons('session-refused')).toHaveLength(1);
  });

  it('a caller that stays and says nothing gives way to the call that is answered', () => {
    const s = stage({ peers: [{ listens: false }] });
    s.lab.run(1000);
    s.lab.network.dial(s.peer.host, CALL, {
      onConnected: () => undefined,
      onFailed: () => undefined,
    });
    s.lab.run(6000);
    s.peer.listen();
    s.lab.run(5500);
    expect(s.neighbor().state).toBe('Established');
  });

  it('works with a peer that offers no capabilities and knows only 2-octet AS numbers', () => {
    const s = stage({ peers: [{ as: 65001, capabilities: [] }] }).up();
    expect(s.peer.talk.heard.routes.get(OWN_BLOCK as never)).toMatchObject({
      asPath: [{ type: 2, asns: [64512] }],
    });
    s.peer.talk.announce(['198.51.100.0/24']);
    s.lab.run(100);
    expect(s.paths('198.51.100.0/24')).toMatchObject([{ asPath: '65001', state: 'usable' }]);
  });

  it('goes on without a session while a peer refuses, and has it soon after it listens', () => {
    const s = stage({ peers: [{ listens: false }] });
    s.lab.run(20_000);
    expect(s.reasons('session-refused')).toEqual([
      'Connection refused: nothing listens at the peer on this port, or it does not know us (ECONNREFUSED)',
    ]);
    const since = s.lab.now;
    s.peer.listen();
    s.up();
    expect(s.lab.now - since).toBeLessThan(5500);
  });

  it('a password that cannot be read holds that session down, and only that one', () => {
    const secret = { secretKeyRef: { name: 'bgp', key: 'tor' } };
    const s = stage({
      peers: [{}, { configured: false }],
      more: [peerDocument('locked', '10.0.0.12', 64512, { password: secret })],
      plan: { flawed: true },
    });
    s.lab.run(10_000);
    expect(s.neighbor(0).state).toBe('Established');
    expect(s.neighbor(1)).toMatchObject({
      state: 'Idle',
      downBecause: expect.stringContaining('password'),
    });
    expect(s.peers[1]!.conversations).toEqual([]);
    s.peers[1]!.call(NODE_ADDRESS);
    s.lab.run(100);
    expect(s.peers[1]!.talk).toMatchObject({ ended: 'closed', opens: [] });
  });
});

describe('a session is refused', () => {
  it('who calls us and errs is shown with what it did wrong, and called again after its stay in Idle', () => {
    const s = stage({
      peers: [{ configured: false, as: 65009, listens: false }],
      more: [peerDocument('tor', '10.0.0.11', 65001)],
    });
    s.lab.run(1000);
    s.peer.call(NODE_ADDRESS);
    s.lab.run(100);
    expect(s.neighbor()).toMatchObject({
      state: 'Idle',
      downBecause: expect.stringContaining('Bad Peer AS'),
    });
    s.lab.run(4000);
    expect(s.neighbor().downBecause).toContain('Bad Peer AS');
  });

  it('a wrong AS gets OPEN Message Error, Bad Peer AS, and the reason is shown', () => {
    const s = stage({
      peers: [{ configured: false, as: 65009 }],
      more: [peerDocument('tor', '10.0.0.11', 65001)],
    });
    s.lab.run(1000);
    expect(s.peer.talk.notifications).toMatchObject([
      { code: ErrorCode.Open, subcode: OpenSubcode.BadPeerAs },
    ]);
    expect(s.neighbor().downBecause).toContain('Bad Peer AS');
    expect(s.neighbor().downBecause).toContain('65009');
  });

  it('a peer that errs again and again is called less and less often', () => {
    const s = stage({
      peers: [{ configured: false, as: 65009 }],
      more: [peerDocument('tor', '10.0.0.11', 65001)],
    });
    s.lab.run(300_000);
    const calls = s.peer.conversations.length;
    expect(calls).toBeGreaterThan(5);
    expect(calls).toBeLessThan(20);
  });
});

describe('a session ends', () => {
  it('when nothing is heard for the hold time: NOTIFICATION 4, routes go, and it comes back', () => {
    const s = stage({ peers: [{ holdTime: 9 }] }).up();
    s.peer.talk.announce(['10.244.1.0/26']);
    s.lab.run(100);
    expect(s.has('10.244.1.0/26')).toBe(true);
    const dead = s.peer.talk;
    s.lab.network.partition(s.node.host, s.peer.host);
    s.lab.run(8900);
    expect(s.neighbor().state).toBe('Established');
    s.lab.run(200);
    expect(s.neighbor().state).not.toBe('Established');
    expect(s.has('10.244.1.0/26')).toBe(false);
    expect(s.reasons('session-down')).toEqual([
      'Nothing heard from the peer for 9 s (hold timer expired): it, or the path to it, is down',
    ]);
    s.lab.heal();
    s.lab.run(20_000);
    expect(dead.notifications).toMatchObject([{ code: ErrorCode.HoldTimerExpired }]);
    expect(s.neighbor()).toMatchObject({ state: 'Established', established: 2, flaps: 1 });
  });

  it('a hold time of 0 means no keepalives, and silence is no reason to end', () => {
    const s = stage({ peers: [{ holdTime: 0 }] }).up();
    const { length } = s.peer.talk.keepalivesAt;
    s.lab.run(600_000);
    expect(s.peer.talk.keepalivesAt.length).toBe(length);
    expect(s.neighbor()).toMatchObject({ state: 'Established', holdTime: 0, flaps: 0 });
  });

  it('a reset connection is dialled again', () => {
    const s = stage().up();
    s.peer.talk.socket.reset();
    s.lab.run(10_000);
    expect(s.neighbor()).toMatchObject({ state: 'Established', established: 2, flaps: 1 });
    expect(s.reasons('session-down')[0]).toContain('reset the connection');
  });
});

describe('both dial at once (RFC 4271 §6.8)', () => {
  it('one connection stays, it is that of the higher identifier, and both sides agree, over seeds', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const lab = meshLab({ seed, nodes: 2, latencyMs: { min: 0.1, max: (seed % 5) * 20 + 0.2 } });
      lab.settle();
      const problems = [...check(lab), ...contractKept(lab)];
      expect(problems, `seed ${seed}`).toEqual([]);
      for (const node of lab.running) {
        expect(node.view.neighbors()[0], `seed ${seed}`).toMatchObject({
          established: 1,
          flaps: 0,
        });
        expect(node.connections).toBe(1);
      }
    }
  });

  it('the loser hears Cease, Connection Collision Resolution', () => {
    // The peer's identifier is the higher one: the connection that it dialled stays.
    const s = stage({
      peers: [{ automatic: false, routerId: '10.0.0.99' }],
      latencyMs: { min: 1, max: 1 },
    });
    s.peer.call(NODE_ADDRESS);
    s.lab.run(20);
    const ours = s.peer.conversations.find(({ socket }) => socket.local.port === 179)!;
    const theirs = s.peer.conversations.find(({ socket }) => socket.remote.port === 179)!;
    theirs.open();
    s.lab.run(20);
    ours.open();
    s.lab.run(20);
    expect(ours.notifications).toMatchObject([{ code: ErrorCode.Cease, subcode: 7 }]);
    theirs.keepalive();
    s.lab.run(20);
    expect(s.neighbor().state).toBe('Established');
    expect(theirs.notifications).toEqual([]);
  });

  it('of equal nodes in a mesh of eight all 56 sessions stand after one attempt each', () => {
    const lab = meshLab({ seed: 3, nodes: 8 });
    lab.settle();
    expect(check(lab)).toEqual([]);
    const flaps = lab.running.flatMap((node) => node.view.neighbors().map((peer) => peer.flaps));
    expect(flaps).toEqual(new Array(56).fill(0));
  });
});

describe('many peers', () => {
  it('200 peers that call at once are Established and told all within a second of virtual time', () => {
    const peers = Array.from({ length: 200 }, (_, i) => ({
      address: `10.0.0.${i + 20}`,
      listens: false,
    }));
    const s = stage({ peers, more: [resource('BGPConfiguration', 'node.a', {})] });
    s.lab.run(10);
    for (const peer of s.peers) peer.call(NODE_ADDRESS);
    s.lab.run(990);
    expect(s.peers.filter(({ isEstablished }) => isEstablished).length).toBe(200);
    for (const peer of s.peers) {
      expect(peer.talk.heard.routes.has(OWN_BLOCK as never)).toBe(true);
      expect(peer.talk.heard.endOfRibs).toEqual(['ipv4-unicast']);
    }
    expect(s.node.view.status().neighbors).toEqual({ configured: 200, established: 200 });
  });
});
