/**
 * Each common mistake in one line: what is wrong, why, and what to do. Golden texts, as `show neighbors` has them. That of
 * a peer that stops reading is in `transmit.test.ts`, that of a maximum of prefixes in `max-prefixes.test.ts`.
 */

import { describe, expect, it } from 'vitest';
import type { PeerPlan, SpeakerPlan } from '../datastore/plan-types.ts';
import { CeaseSubcode } from '../wire/iana.ts';
import { ceaseNotification } from '../wire/notification.ts';
import { peerDocument, type Stage, settingsOfPeers, stage } from './testing/stage.ts';

const NODE_AS = 64512;

const everyPeer = (change: Partial<PeerPlan>) => (plan: SpeakerPlan) => ({
  ...plan,
  peers: plan.peers.map((peer) => ({ ...peer, ...change })),
});

/** The line of the first neighbor, once an attempt has failed. */
function whyOf(s: Stage, ms = 60_000): string | undefined {
  s.lab.run(ms);
  return s.neighbor().downBecause;
}

const kernelDropped = (s: Stage, name: 'notFound' | 'unexpected' | 'failure'): void => {
  const none = { notFound: 0, unexpected: 0, failure: 0 };
  s.node.submit({ type: 'md5Counters', ...none });
  s.node.submit({ type: 'md5Counters', ...none, [name]: 3 });
};

describe('why a neighbor is down', () => {
  it('wrong password: silence, and what the kernel drops', () => {
    const change = everyPeer({ password: { value: 'secret' } });
    const s = stage({ plan: { change } });
    expect(whyOf(s)).toBe(
      'No answer to our call within 5 s: the peer is down, or a firewall or route drops TCP; or the passwords differ: a wrong TCP-MD5 key is silence',
    );
    kernelDropped(s, 'failure');
    expect(whyOf(s, 1)).toBe(
      'No answer to our call within 5 s: the peer is down, or a firewall or route drops TCP; the kernel drops segments whose TCP-MD5 signature does not match: compare the passwords of both sides',
    );
  });

  it('a password on the other side alone', () => {
    const s = stage({ peers: [{ listens: false }] });
    s.lab.run(10_000);
    kernelDropped(s, 'unexpected');
    expect(whyOf(s, 1)).toMatch(
      /; the kernel drops segments that are signed \(TCP-MD5\) where no password is configured: if the neighbor has one, set it in the BGPPeer$/,
    );
  });

  it('segments that were dropped before a peer’s words were read are no matter of that peer', () => {
    const more = [peerDocument('tor', '10.0.0.11', 65_009)];
    const s = stage({ peers: [{ as: 65001, remoteAs: NODE_AS, configured: false }], more });
    kernelDropped(s, 'unexpected');
    expect(whyOf(s, 1000)).toMatch(/Bad Peer AS/);
    expect(whyOf(s, 1)).not.toContain('TCP-MD5');
  });

  it('segments that were dropped since then may be', () => {
    const s = stage().up();
    s.peer.talk.notify(ceaseNotification(CeaseSubcode.OtherConfigurationChange));
    s.lab.run(100);
    s.lab.network.partition(s.node.host, s.peer.host);
    kernelDropped(s, 'unexpected');
    expect(whyOf(s, 1)).toContain('TCP-MD5');
  });

  it('a Secret that cannot be read', () => {
    const change = everyPeer({ password: { missing: 'Secret/kube-system/a (it does not exist)' } });
    expect(whyOf(stage({ plan: { change } }))).toBe(
      'the password in Secret/kube-system/a (it does not exist) cannot be read; a session without it would be unauthenticated',
    );
  });

  it('wrong AS, whoever notices', () => {
    const ours = stage({
      peers: [{ as: 65001, remoteAs: NODE_AS }],
      plan: { change: everyPeer({ remoteAs: 65009 }) },
    });
    expect(whyOf(ours, 2000)).toBe(
      'We refused the peer with OPEN Message Error (2), Bad Peer AS (2). It says AS 65001, configured is AS 65009: correct asNumber of its BGPPeer or Node, or what it says of itself',
    );
    const theirs = stage({ peers: [{ as: 65001, remoteAs: NODE_AS, automatic: false }] });
    theirs.lab.run(1000);
    theirs.peer.talk.notify({ code: 2, subcode: 2, data: new Uint8Array(0) });
    expect(whyOf(theirs, 100)).toBe(
      'Peer says OPEN Message Error (2), Bad Peer AS (2): it expects another AS than our 64512; correct it there, or set localASNumber of the BGPPeer',
    );
  });

  it('wrong TTL: the call is answered by silence where GTSM is asked for', () => {
    const s = stage({
      peers: [{ listens: false }],
      plan: { change: everyPeer({ ttlSecurity: 1 }) },
    });
    s.lab.network.partition(s.node.host, s.peer.host);
    expect(whyOf(s)).toMatch(
      /^No answer to our call .*; or its packets arrive with a TTL below 255 and are dropped \(ttlSecurity 1\): it must send 255, within that many hops$/,
    );
  });

  it('wrong TTL where the call itself is answered, and nothing after', () => {
    const s = stage({
      peers: [{ as: 65001, remoteAs: NODE_AS, automatic: false }],
      plan: { change: everyPeer({ ttlSecurity: 1, remoteAs: 65001 }) },
    });
    expect(whyOf(s, 4000)).toBe('Not started yet');
    expect(whyOf(s, 20_000)).toMatch(
      /^Connected for \d+ s, and no OPEN has come from the peer: its BGP daemon hangs, or its packets do not get here; or its packets arrive with a TTL below 255 and are dropped \(ttlSecurity 1\): it must send 255, within that many hops$/,
    );
  });

  it('role mismatch', () => {
    const s = stage({
      peers: [
        {
          as: 65001,
          remoteAs: NODE_AS,
          capabilities: [
            { kind: 'multiprotocol', afi: 1, safi: 1 },
            { kind: 'fourOctetAs', asn: 65001 },
            { kind: 'role', role: 'peer' },
          ],
        },
      ],
      plan: { change: settingsOfPeers({ role: 'customer' }) },
    });
    expect(whyOf(s, 2000)).toBe(
      'We refused the peer with OPEN Message Error (2), Role Mismatch (11). It says it is our peer: we are its customer, so it must be provider; correct `role` of the PeerProfile, or that of the peer',
    );
  });
});
