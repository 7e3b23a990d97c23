/** Roles, OTC and what import refuses, from the settings of a peer to its neighbors' tables (RFC 9234 §5, RFC 9774). */

import { describe, expect, it } from 'vitest';
import type { PeerSettings, Role } from '../datastore/peer-settings.ts';
import { prefix } from '../net/prefix.ts';
import { OWN_BLOCK, type Stage, settingsOfPeers, stage } from './testing/stage.ts';

const A = '203.0.113.0/24';
const NODE_AS = 64512;

/** A node with two external peers, 65001 and 65002, in least privilege but with what they say passed on. */
function between(...settings: readonly PeerSettings[]): Stage {
  const peers = [1, 2].map((i) => ({ as: 65000 + i, remoteAs: NODE_AS }));
  return stage({ peers, plan: { outside: 'calico', change: openTo(...settings) } }).up();
}

/** Export policies accept all: what roles forbid is to be seen alone. */
function openTo(...settings: readonly PeerSettings[]) {
  const given = settingsOfPeers(...settings);
  return (plan: Parameters<typeof given>[0]) => {
    const changed = given(plan);
    const exportPolicy = { name: 'export', statements: [], otherwise: 'accept' } as const;
    return { ...changed, peers: changed.peers.map((peer) => ({ ...peer, exportPolicy })) };
  };
}

const role = (name: Role): PeerSettings => ({ role: name });

/** What the second peer hears of a route that the first announces. */
function heard(s: Stage, change: Parameters<Stage['peer']['talk']['announce']>[1] = {}) {
  s.peer.talk.announce([A], change);
  s.lab.run(500);
  return s.peers[1]!.talk.heard.routes.get(prefix(A));
}

describe('a route of a provider', () => {
  it('gets its AS as OTC and reaches customers', () => {
    const s = between(role('customer'), role('provider'));
    expect(heard(s)?.otc).toBe(65001);
    expect(s.paths(A)[0]?.other).toContain('OTC 65001');
  });

  it('reaches no other provider, peer or route server, whatever policy says', () => {
    for (const other of ['customer', 'peer', 'routeServerClient'] as const) {
      expect(heard(between(role('customer'), role(other))), other).toBeUndefined();
    }
  });

  it('keeps the OTC that it came with', () => {
    expect(heard(between(role('customer'), role('provider')), { otc: 65077 })?.otc).toBe(65077);
  });
});

describe('a route of a customer', () => {
  it('reaches everybody, marked towards peers and customers, unmarked towards providers', () => {
    const marks = (['customer', 'provider', 'peer', 'routeServer'] as const).map(
      (other) => heard(between(role('provider'), role(other)))?.otc,
    );
    expect(marks).toEqual([undefined, NODE_AS, NODE_AS, NODE_AS]);
  });

  it('with OTC is a leak: it is kept, shown with its reason, and not used', () => {
    const s = between(role('provider'), role('provider'));
    expect(heard(s, { otc: 65009 })).toBeUndefined();
    expect(s.has(A)).toBe(false);
    expect(s.paths(A)[0]).toMatchObject({
      state: 'rejected',
      because: 'route leak: ONLY_TO_CUSTOMER from a customer (RFC 9234)',
    });
    expect(s.neighbor().families[0]).toMatchObject({ received: 1, accepted: 0, rejected: 1 });
    expect(s.node.view.counters().importRefusals).toEqual({ 'otc-leak': 1 });
    expect(s.reasons('routes-not-used')).toHaveLength(1);
  });
});

describe('own routes', () => {
  it('go to a provider without OTC, and to a customer with it', () => {
    const s = between(role('customer'), role('provider'));
    const otcs = s.peers.map(({ talk }) => talk.heard.routes.get(prefix(OWN_BLOCK))?.otc);
    expect(otcs).toEqual([undefined, NODE_AS]);
  });
});

describe('what import refuses', () => {
  const asSet = {
    asPath: [
      { type: 2, asns: [65001] },
      { type: 1, asns: [65010] },
    ],
  } as const;

  it('are AS_SETs by default; the knob takes them at once, without the session', () => {
    const s = between({}, {});
    expect(heard(s, asSet)).toBeUndefined();
    expect(s.paths(A)[0]?.because).toContain('AS_SET (RFC 9774)');
    s.apply(s.documents, { outside: 'calico', change: openTo({ asSets: 'accept' }) });
    s.lab.run(500);
    expect(s.has(A)).toBe(true);
    expect(s.neighbor().established).toBe(1);
  });

  it('are paths beyond the limits', () => {
    const s = between({ limits: { asPathLength: 2, communities: 2 } });
    heard(s, { asPath: [{ type: 2, asns: [65001, 65002, 65003] }] });
    expect(s.paths(A)[0]?.because).toBe('AS_PATH longer than limits.asPathLength 2');
    heard(s, { communities: [1, 2, 3] });
    expect(s.paths(A)[0]?.because).toBe('more communities than limits.communities 2');
    heard(s, { communities: [1, 2] });
    expect(s.has(A)).toBe(true);
    expect(s.node.view.counters().importRefusals).toEqual({ 'as-path-length': 1, communities: 1 });
  });
});

describe('a role that changes', () => {
  it('restarts the session, since the OPEN tells it; a mismatch says what would be right', () => {
    const provider = { kind: 'role', role: 'provider' } as const;
    const s = stage({
      peers: [
        {
          as: 65001,
          remoteAs: NODE_AS,
          capabilities: [
            { kind: 'multiprotocol', afi: 1, safi: 1 },
            { kind: 'fourOctetAs', asn: 65001 },
            provider,
          ],
        },
      ],
      plan: { change: settingsOfPeers(role('customer')) },
    }).up();
    s.apply(s.documents, { change: settingsOfPeers(role('peer')) });
    s.lab.run(5000);
    expect(s.peer.talk.notifications.at(-1)).toMatchObject({ code: 2, subcode: 11 });
    expect(s.neighbor().downBecause).toBe(
      'We refused the peer with OPEN Message Error (2), Role Mismatch (11). It says it is our provider: we are its peer, so it must be peer; correct `role` of the PeerProfile, or that of the peer',
    );
  });
});
