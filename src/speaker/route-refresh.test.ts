/** Route refresh with a beginning and an end (RFC 7313), asked and answered; what it leaves out, and what it forgets. */

import { describe, expect, it } from 'vitest';
import { affinity } from '../sim/resources.ts';
import { RouteRefreshSubtype } from '../wire/iana.ts';
import { NODE_ADDRESS, type Stage, type StagePeer, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';
const B = '10.244.2.0/26';
const V4 = 'ipv4-unicast';
const { BeginningOfRouteRefresh: BEGIN, EndOfRouteRefresh: END } = RouteRefreshSubtype;

function upWith(peer: StagePeer = { enhancedRefresh: true }, settings = {}): Stage {
  const s = stage({ peers: [peer], plan: { settings } }).up();
  s.peer.talk.announce([A, B]);
  s.lab.run(100);
  return s;
}

describe('an answer of ours', () => {
  it('has its beginning before the first UPDATE and its end after the last', () => {
    const s = upWith();
    const { talk } = s.peer;
    const before = talk.heard.updates;
    talk.refresh();
    s.lab.run(1000);
    const after = talk.heard.updates;
    expect(after).toBeGreaterThan(before);
    expect(talk.markers).toEqual([
      { subtype: BEGIN, updates: before },
      { subtype: END, updates: after },
    ]);
    expect(s.neighbor().messages.sent.routeRefresh).toBe(2);
  });

  it('of nothing has both all the same', () => {
    const s = stage({
      peers: [{ enhancedRefresh: true, address: 'fd00::11', routerId: '10.0.0.11' }],
    }).up();
    s.peer.talk.refresh('ipv6-unicast');
    s.lab.run(1000);
    expect(s.peer.talk.markers.map(({ subtype }) => subtype)).toEqual([BEGIN, END]);
  });

  it.each([
    ['the peer', { enhancedRefresh: false }, {}],
    ['a profile', { enhancedRefresh: true }, { enhancedRouteRefresh: false }],
  ] as const)('has neither where %s does not want it', (_who, peer, settings) => {
    const s = upWith(peer, settings);
    s.peer.talk.refresh();
    s.lab.run(1000);
    expect(s.peer.talk.markers).toEqual([]);
    expect(s.peer.talk.heard.updates).toBeGreaterThan(2);
  });

  it('does not begin before End-of-RIB (RFC 7313 §4)', () => {
    const restart = { restartTime: 60, forwarding: [V4] } as const;
    const s = stage({
      restarting: true,
      peers: [{ enhancedRefresh: true, gracefulRestart: restart }],
    }).up();
    s.peer.talk.refresh();
    s.lab.run(100);
    // Something to tell, so that it is asked what is due.
    s.apply([...s.documents, affinity('a', '10.244.9.0/26')]);
    s.lab.run(1000);
    expect(s.peer.talk.heard.routes.size).toBe(2);
    expect(s.peer.talk.heard.endOfRibs).toEqual([]);
    expect(s.peer.talk.markers).toEqual([]);
    s.peer.talk.endOfRib();
    s.lab.run(1000);
    expect(s.peer.talk.heard.endOfRibs).toEqual([V4]);
    expect(s.peer.talk.markers.map(({ subtype }) => subtype)).toEqual([BEGIN, END]);
  });
});

describe('a refresh of the peer', () => {
  it('keeps everything in use, and forgets at its end what was not said again', () => {
    const s = upWith();
    s.peer.talk.refresh(V4, BEGIN);
    s.lab.run(100);
    expect([s.has(A), s.has(B)]).toEqual([true, true]);
    expect(s.neighbor().families[0]).toMatchObject({ stale: 2 });
    s.peer.talk.announce([A]);
    s.peer.talk.refresh(V4, END);
    s.lab.run(100);
    expect([s.has(A), s.has(B)]).toEqual([true, false]);
    expect(s.reasons('stale-swept')).toEqual(['not announced again in a refresh']);
    expect(s.kernel(B)).toEqual([]);
  });

  it('that begins anew, time and again, loses nothing that its last run says', () => {
    const all = Array.from({ length: 8 }, (_, i) => `10.244.${i}.64/26`);
    const s = upWith();
    s.peer.talk.announce(all);
    for (const one of all) {
      s.peer.talk.refresh(V4, BEGIN);
      s.peer.talk.announce([one]);
      s.lab.run(100);
      expect(all.filter((text) => !s.has(text))).toEqual([]);
    }
    expect(s.neighbor().families[0]).toMatchObject({ received: 10, stale: 9 });
    s.peer.talk.announce([...all, A]);
    s.peer.talk.refresh(V4, END);
    s.lab.run(100);
    expect([s.has(A), s.has(B)]).toEqual([true, false]);
    expect(s.neighbor().families[0]).toMatchObject({ received: 9, stale: 0 });
  });

  it('without an end is ended after six minutes', () => {
    const s = upWith();
    s.peer.talk.refresh(V4, BEGIN);
    s.peer.talk.announce([A]);
    s.lab.run(359_000);
    expect(s.has(B)).toBe(true);
    s.lab.run(2000);
    expect([s.has(A), s.has(B)]).toEqual([true, false]);
    expect(s.reasons('stale-swept')).toEqual(['no end of the refresh within 360 s']);
  });

  it('an end without a beginning, and markers that were not agreed on, are ignored (RFC 7313 §4, §5)', () => {
    const s = upWith();
    s.peer.talk.refresh(V4, END);
    s.lab.run(100);
    expect([s.has(A), s.has(B)]).toEqual([true, true]);
    const plain = upWith({ enhancedRefresh: false });
    plain.peer.talk.refresh(V4, BEGIN);
    plain.peer.talk.refresh(V4, END);
    plain.lab.run(100);
    expect([plain.has(A), plain.has(B)]).toEqual([true, true]);
  });

  it('before the End-of-RIB of a peer with graceful restart is ignored (RFC 7313 §4)', () => {
    const restart = { restartTime: 60, forwarding: [V4] } as const;
    const s = upWith({ enhancedRefresh: true, gracefulRestart: restart });
    s.peer.talk.refresh(V4, BEGIN);
    s.peer.talk.refresh(V4, END);
    s.lab.run(100);
    expect(s.has(A)).toBe(true);
    s.peer.talk.endOfRib();
    s.peer.talk.refresh(V4, BEGIN);
    s.peer.talk.refresh(V4, END);
    s.lab.run(100);
    expect(s.has(A)).toBe(false);
  });

  it('that is cut off by a restart loses nothing: what it had put in doubt is kept like the rest', () => {
    const restart = { restartTime: 60, forwarding: [V4] } as const;
    const s = upWith({ enhancedRefresh: true, gracefulRestart: restart });
    s.peer.talk.endOfRib();
    s.peer.talk.refresh(V4, BEGIN);
    s.peer.talk.announce([A]);
    s.lab.run(100);
    s.peer.unlisten();
    s.peer.talk.socket.close();
    s.lab.run(1000);
    expect([s.has(A), s.has(B)]).toEqual([true, true]);
    s.peer.options = { ...s.peer.options, gracefulRestart: { ...restart, restarting: true } };
    s.peer.call(NODE_ADDRESS);
    s.up();
    s.peer.talk.announce([A]);
    // An end whose beginning went with the last session means nothing.
    s.peer.talk.refresh(V4, END);
    s.lab.run(100);
    expect([s.has(A), s.has(B)]).toEqual([true, true]);
    s.peer.talk.endOfRib();
    s.lab.run(100);
    expect([s.has(A), s.has(B)]).toEqual([true, false]);
  });
});
