/** What two OPENs make of each other: RFC 4271 §6.2, 4724, 4760, 5492, 6286, 6793, 7313, 7607, 7911, 8654, 8950. */

import { describe, expect, it } from 'vitest';
import type { Capability } from '../wire/capabilities/capability.ts';
import { AS_TRANS, OpenSubcode } from '../wire/iana.ts';
import type { OpenMessage } from '../wire/open.ts';
import { ANY_EXTERNAL_AS, negotiate } from './negotiate.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import type { Offer, SessionConfig } from './session-config.ts';

const V4 = { afi: 1, safi: 1 } as const;
const V6 = { afi: 2, safi: 1 } as const;

const config = (change: Partial<SessionConfig> = {}): SessionConfig => ({
  localAs: 64512,
  remoteAs: 64513,
  routerId: 0x0a000001,
  families: ['ipv4-unicast', 'ipv6-unicast'],
  ...change,
});

const open = (change: Partial<OpenMessage> = {}): OpenMessage => ({
  version: 4,
  myAs: 64513,
  holdTime: 90,
  bgpIdentifier: 0x0a000002,
  capabilities: [
    { kind: 'multiprotocol', ...V4 },
    { kind: 'multiprotocol', ...V6 },
    { kind: 'fourOctetAs', asn: 64513 },
  ],
  ...change,
});

function agreed(ours: SessionConfig, theirs: OpenMessage): NegotiatedSession {
  const outcome = negotiate(ours, theirs);
  if (!outcome.ok) throw new Error(`Refused: ${outcome.detail}`);
  return outcome.session;
}

function refused(ours: SessionConfig, theirs: OpenMessage): { subcode: number; data: number[] } {
  const outcome = negotiate(ours, theirs);
  if (outcome.ok) throw new Error('Accepted');
  expect(outcome.notification.code).toBe(2);
  expect(outcome.detail).not.toBe('');
  return { subcode: outcome.notification.subcode, data: [...outcome.notification.data] };
}

const offering = (offer: Partial<Offer>): SessionConfig => config({ offer });
const saying = (...capabilities: Capability[]): OpenMessage =>
  open({ capabilities: [...open().capabilities, ...capabilities] });

describe('RFC 4271 §6.2 OPEN message error handling', () => {
  it('refuses an AS that is not the configured one: Bad Peer AS', () => {
    expect(refused(config({ remoteAs: 65000 }), open()).subcode).toBe(OpenSubcode.BadPeerAs);
  });

  it('refuses a hold time of one or two seconds: Unacceptable Hold Time', () => {
    for (const holdTime of [1, 2]) {
      expect(refused(config(), open({ holdTime })).subcode).toBe(OpenSubcode.UnacceptableHoldTime);
    }
    expect(agreed(config(), open({ holdTime: 3 })).holdTime).toBe(3);
  });

  it('refuses what is below a configured least hold time; 0, no keepalives, is not below it', () => {
    const ours = config({ timers: { minHoldTime: 30 } });
    expect(refused(ours, open({ holdTime: 29 })).subcode).toBe(OpenSubcode.UnacceptableHoldTime);
    expect(agreed(ours, open({ holdTime: 30 })).holdTime).toBe(30);
    expect(agreed(ours, open({ holdTime: 0 })).holdTime).toBe(0);
    expect(refused(config({ timers: { minHoldTime: 0 } }), open({ holdTime: 2 })).subcode).toBe(
      OpenSubcode.UnacceptableHoldTime,
    );
  });

  it('takes any AS but ours where the peer is external', () => {
    const ours = config({ remoteAs: ANY_EXTERNAL_AS });
    expect(agreed(ours, open())).toMatchObject({ remoteAs: 64513, peerType: 'ebgp' });
    const inOurs = open({ myAs: 64512, capabilities: [] });
    expect(refused(ours, inOurs).subcode).toBe(OpenSubcode.BadPeerAs);
    // RFC 7607 §2: AS 0 is nobody's, whatever is configured.
    expect(refused(ours, open({ myAs: 0 })).subcode).toBe(OpenSubcode.BadPeerAs);
  });

  it('takes the smaller hold time (§4.2), and none when either says 0', () => {
    expect(agreed(config(), open({ holdTime: 240 }))).toMatchObject({
      holdTime: 90,
      keepaliveTime: 30,
    });
    expect(agreed(config(), open({ holdTime: 30 }))).toMatchObject({
      holdTime: 30,
      keepaliveTime: 10,
    });
    const none = { holdTime: 0, keepaliveTime: 0 };
    expect(agreed(config(), open({ holdTime: 0 }))).toMatchObject(none);
    expect(agreed(config({ timers: { holdTime: 0 } }), open())).toMatchObject(none);
  });

  it('keeps a configured keepalive time where it is below a third of the hold time (§4.4)', () => {
    const five = config({ timers: { keepaliveTime: 5 } });
    expect(agreed(five, open()).keepaliveTime).toBe(5);
    expect(agreed(five, open({ holdTime: 9 })).keepaliveTime).toBe(3);
  });
});

describe('RFC 6286 §2.2 BGP Identifier', () => {
  it('refuses 0', () => {
    expect(refused(config(), open({ bgpIdentifier: 0 })).subcode).toBe(
      OpenSubcode.BadBgpIdentifier,
    );
  });

  it('refuses our own from an internal peer, and takes it from an external one', () => {
    const bgpIdentifier = 0x0a000001;
    const inside = open({ myAs: 64512, bgpIdentifier, capabilities: [] });
    expect(refused(config({ remoteAs: 64512 }), inside).subcode).toBe(OpenSubcode.BadBgpIdentifier);
    expect(agreed(config(), open({ bgpIdentifier })).peerType).toBe('ebgp');
  });

  it('takes any other 32-bit number, unsigned', () => {
    expect(agreed(config(), open({ bgpIdentifier: 0xffffffff })).remoteIdentifier).toBe(4294967295);
  });
});

describe('RFC 6793 §4 four-octet AS numbers', () => {
  it('reads the AS from the capability', () => {
    const asn = 4200000002;
    const theirs = open({ myAs: AS_TRANS, capabilities: [{ kind: 'fourOctetAs', asn }] });
    expect(agreed(config({ remoteAs: asn }), theirs)).toMatchObject({ remoteAs: asn, as4: true });
  });

  it('reads the AS from the field of a peer without the capability', () => {
    const theirs = open({ capabilities: [] });
    expect(agreed(config(), theirs)).toMatchObject({ remoteAs: 64513, as4: false });
  });

  it('refuses AS_TRANS as the number in the capability (§9)', () => {
    const theirs = open({ capabilities: [{ kind: 'fourOctetAs', asn: AS_TRANS }] });
    expect(refused(config({ remoteAs: AS_TRANS }), theirs).subcode).toBe(OpenSubcode.BadPeerAs);
  });

  it('speaks two octets where we do not offer four, whatever the peer says', () => {
    const ours = offering({ fourOctetAs: false });
    expect(agreed(ours, open())).toMatchObject({ as4: false, remoteAs: 64513 });
  });
});

describe('RFC 7607 §2 AS 0', () => {
  it('is Bad Peer AS in the field and in the capability', () => {
    const badAs = { subcode: OpenSubcode.BadPeerAs, data: [] };
    expect(refused(config({ remoteAs: 0 }), open({ myAs: 0, capabilities: [] }))).toEqual(badAs);
    const theirs = open({ capabilities: [{ kind: 'fourOctetAs', asn: 0 }] });
    expect(refused(config({ remoteAs: 0 }), theirs)).toEqual(badAs);
  });
});

describe('RFC 4760 §8 and RFC 5492 §3 address families', () => {
  it('uses those that both named', () => {
    const theirs = open({ capabilities: [{ kind: 'multiprotocol', ...V6 }] });
    expect(agreed(config(), theirs).families).toEqual(['ipv6-unicast']);
  });

  it('takes a peer that names none for one of IPv4 unicast', () => {
    const theirs = open({ capabilities: [{ kind: 'routeRefresh' }] });
    expect(agreed(config(), theirs).families).toEqual(['ipv4-unicast']);
  });

  it('ignores families that it does not know', () => {
    const theirs = saying({ kind: 'multiprotocol', afi: 25, safi: 70 });
    expect(agreed(config(), theirs).families).toEqual(['ipv4-unicast', 'ipv6-unicast']);
  });

  it('refuses a peer without a common family, naming what is missing: Unsupported Capability', () => {
    const ours = config({ families: ['ipv6-unicast'] });
    const theirs = open({ capabilities: [{ kind: 'multiprotocol', ...V4 }] });
    expect(refused(ours, theirs)).toEqual({
      subcode: OpenSubcode.UnsupportedCapability,
      data: [1, 4, 0, 2, 0, 1], // capability 1, 4 octets: AFI 2, reserved, SAFI 1
    });
    expect(refused(ours, open({ capabilities: [] })).data).toEqual([1, 4, 0, 2, 0, 1]);
  });
});

describe('capabilities of which both sides must approve', () => {
  it('are used only when offered and received', () => {
    const kinds = ['routeRefresh', 'enhancedRouteRefresh', 'extendedMessage'] as const;
    for (const kind of kinds) {
      const on = offering({ [kind]: true });
      const off = offering({ [kind]: false });
      expect(agreed(on, saying({ kind }))[kind]).toBe(true);
      expect(agreed(on, open())[kind]).toBe(false);
      expect(agreed(off, saying({ kind }))[kind]).toBe(false);
    }
  });

  it('RFC 7911 §4: send where the peer receives and receive where it sends, per family', () => {
    const ours = offering({ addPath: { 'ipv4-unicast': 'both', 'ipv6-unicast': 'receive' } });
    const addPath = (v4: 'send' | 'receive' | 'both'): OpenMessage =>
      saying({ kind: 'addPath', families: [{ ...V4, mode: v4 }] });
    const off = { send: false, receive: false };
    const cases = [
      ['send', { send: false, receive: true }],
      ['receive', { send: true, receive: false }],
      ['both', { send: true, receive: true }],
    ] as const;
    for (const [mode, expected] of cases) {
      expect(agreed(ours, addPath(mode)).addPath).toEqual({
        'ipv4-unicast': expected,
        'ipv6-unicast': off,
      });
    }
    expect(agreed(config(), addPath('both')).addPath['ipv4-unicast']).toEqual(off);
    const both = saying({ kind: 'addPath', families: [{ ...V6, mode: 'both' }] });
    expect(agreed(ours, both).addPath['ipv6-unicast']).toEqual({ send: false, receive: true });
  });

  it('RFC 8950 §4: an IPv6 next hop for a family only where both listed it', () => {
    const ours = offering({ extendedNextHop: ['ipv4-unicast'] });
    const entries = [{ ...V4, nextHopAfi: 2 }];
    const theirs = saying({ kind: 'extendedNextHop', entries });
    expect(agreed(ours, theirs).extendedNextHop).toEqual(['ipv4-unicast']);
    expect(agreed(config(), theirs).extendedNextHop).toEqual([]);
    expect(agreed(ours, open()).extendedNextHop).toEqual([]);
  });
});

describe('RFC 4724 §3 graceful restart', () => {
  const ours = offering({
    gracefulRestart: { restartTime: 120, restarting: false, forwarding: [] },
  });
  const theirs = (families: readonly { afi: number; safi: number; forwarding: boolean }[]) =>
    ({
      kind: 'gracefulRestart',
      restarting: true,
      notification: true,
      restartTime: 75,
      families,
    }) as const;

  it('names only families that the session carries, with their F bits', () => {
    const session = agreed(
      { ...ours, families: ['ipv4-unicast'] },
      saying(
        theirs([
          { ...V4, forwarding: true },
          { ...V6, forwarding: true },
        ]),
      ),
    );
    expect(session.gracefulRestart).toEqual({
      restartTime: 75,
      restarting: true,
      families: new Map([['ipv4-unicast', true]]),
      notification: false, // RFC 8538: we did not set the N bit
    });
  });

  it('counts the last of several instances', () => {
    const first = theirs([{ ...V6, forwarding: true }]);
    const session = agreed(ours, saying(first, theirs([{ ...V4, forwarding: false }])));
    expect([...session.gracefulRestart!.families]).toEqual([['ipv4-unicast', false]]);
  });

  it('is not in force unless both offered it', () => {
    expect(agreed(config(), saying(theirs([]))).gracefulRestart).toBeUndefined();
    expect(agreed(ours, open()).gracefulRestart).toBeUndefined();
  });
});

describe('RFC 9494 §3.1 long-lived graceful restart', () => {
  const gracefulRestart = { restartTime: 120, restarting: false, forwarding: [] };
  const ours = offering({ gracefulRestart, longLived: { staleTime: 0 } });
  const short = {
    kind: 'gracefulRestart',
    restarting: false,
    notification: false,
    restartTime: 75,
    families: [],
  } as const;
  const long = {
    kind: 'longLivedGracefulRestart',
    families: [
      { ...V4, forwarding: true, staleTime: 600 },
      { ...V6, forwarding: false, staleTime: 60 },
    ],
  } as const;

  it('names only families that the session carries, whatever the short one names', () => {
    const only = { ...ours, families: ['ipv4-unicast'] } as const;
    expect(agreed(only, saying(short, long)).longLived).toEqual({
      families: new Map([['ipv4-unicast', { staleTime: 600, forwarding: true }]]),
    });
  });

  it('counts as not received without the short one beside it, on either side (§4.5)', () => {
    expect(agreed(ours, saying(long)).longLived).toBeUndefined();
    expect(agreed(offering({ longLived: { staleTime: 0 } }), saying(short, long)).longLived).toBe(
      undefined,
    );
    expect(agreed(offering({ gracefulRestart }), saying(short, long)).longLived).toBeUndefined();
  });
});

describe('what peers of one configuration agree on', () => {
  const shared = config();
  const capabilities = [...open().capabilities];

  it('is shared by those that say the same, but for who they are', () => {
    const one = agreed(shared, open({ capabilities, bgpIdentifier: 1 }));
    const other = agreed(shared, open({ capabilities, bgpIdentifier: 2 }));
    expect([one.remoteIdentifier, other.remoteIdentifier]).toEqual([1, 2]);
    expect(other.families).toBe(one.families);
    expect({ ...other, remoteIdentifier: 1 }).toEqual(one);
  });

  it('is looked at anew when anything that they say differs', () => {
    const said = open({ capabilities });
    agreed(shared, said);
    expect(agreed(shared, { ...said, holdTime: 30 }).holdTime).toBe(30);
    expect(agreed(shared, said).holdTime).toBe(90);
    const fewer = capabilities.filter((_, i) => i !== 1);
    expect(agreed(shared, { ...said, capabilities: fewer }).families).toEqual(['ipv4-unicast']);
    expect(refused(shared, { ...said, bgpIdentifier: 0 }).subcode).toBe(
      OpenSubcode.BadBgpIdentifier,
    );
  });
});
