/**
 * Every public test message through the codec: none may crash it, and where the source says explicitly what should
 * come of a message, or at least four of five other daemons agree, so must we; or the difference is named here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeWith, TEST_DATA } from '../../test/support/requirements.ts';
import { formatMessage } from './format.ts';
import { Framer } from './framer.ts';
import { EXTENDED_MESSAGE_LENGTH_MAX, MESSAGE_LENGTH_MAX } from './header.ts';
import { MessageType } from './iana.ts';
import { decodeOpen } from './open.ts';
import { ProtocolError } from './protocol-error.ts';
import { decodeRouteRefresh } from './route-refresh.ts';
import { EBGP, hex, judge } from './testing/fixtures.ts';
import type { UpdateContext } from './update.ts';

const FOLDER = join(TEST_DATA, 'vectors');
const FILES = ['bgp-core.json', 'bgp-rfc7606.json', 'bgp-otherfamily-fuzz.json'] as const;

interface Vector {
  readonly id: string;
  readonly name: string;
  readonly hex: string;
  readonly options: { as4?: boolean | string; addPath?: unknown; peerType?: 'ebgp' | 'ibgp' };
  readonly sourceExpect: string;
  readonly basis: string;
  readonly consensus?: {
    readonly class: string;
    readonly strong: boolean;
    readonly notificationVotes: Readonly<Record<string, number>>;
  };
}

/** What we make of a message, worst last. */
type Outcome =
  | 'ok'
  | 'incomplete'
  | 'ignored-capability'
  | 'discard'
  | 'treat-as-withdraw'
  | 'reset';

/** By name of the vector: why we differ from its source, or from the other daemons. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  // RFC 4271 §6.3: a loopback or unspecified next hop is not the address of a host. The source only encodes them.
  'exabgp-api-check-L8': 'RFC 4271 §6.3: next hop ::1',
  'exabgp-api-check-L10': 'RFC 4271 §6.3: next hop 127.0.0.2',
  'exabgp-api-healthcheck-withdraw-L5': 'RFC 4271 §6.3: next hop 127.0.0.1',
  'exabgp-api-multiple-api-L9': 'RFC 4271 §6.3: next hop 127.0.0.1',
  'exabgp-api-nexthop-self-L17': 'RFC 4271 §6.3: next hop 127.0.0.1',
  'exabgp-api-nexthop-self-L8': 'RFC 4271 §6.3: next hop 127.0.0.1',
  'exabgp-conf-ipself6-L4': 'RFC 4271 §6.3: next hop ::1',
  'frr-mp-IPv6-2-t14': 'RFC 4271 §6.3: next hop ff02:… is multicast',
  // The source tests a parser of paths, not of UPDATEs.
  'frr-aspath-confed2': 'RFC 5065 §5: confederation segments from an external peer are malformed',
  'frr-aspath-BGP_AS_ZERO': 'RFC 7607 §2: AS 0 in AS_PATH is treat-as-withdraw',
  'biord-TestDecodePathAttr-L97':
    'RFC 7606 §3(c): ORIGIN without the Transitive bit; AS_PATH missing',
  'biord-TestDecodePathAttrs-L20':
    'RFC 7606 §3(c): well-known attributes without the Transitive bit',
  'biord-TestDecodeLargeCommunity-L745': 'RFC 8092 §6: an empty LARGE_COMMUNITY is malformed',
  'frr-mp-IPv4-VPNv4-bogus-plen-t14':
    'RFC 4760 §6: NLRI of a family that was not negotiated are ignored',
  'rfc7606-attr_discard-nhc-tlv-overrun-ibgp':
    'RFC 4271 §5: attribute 39 has no RFC yet, passed on as unknown',
  'rfc7606-attr_discard-nhc-tlv-overrun-ebgp':
    'RFC 4271 §5: attribute 39 has no RFC yet, passed on as unknown',
  'rfc7606-attr_discard-nhc-bad-afi-safi-ibgp':
    'RFC 4271 §5: attribute 39 has no RFC yet, passed on as unknown',
  'rfc7606-attr_discard-nhc-bad-afi-safi-ebgp':
    'RFC 4271 §5: attribute 39 has no RFC yet, passed on as unknown',
  // Capabilities.
  'frr-cap-DynCapMPCoverflow-L699':
    'RFC 5492 §4: the codes are unknown to us, so their form says nothing',
  'frr-cap-DynCapPadded-L684':
    'RFC 5492 §4: the codes are unknown to us, so their form says nothing',
  'frr-cap-DynCap-L670':
    'RFC 4271 §6.2: a capability exceeds its parameter; four daemons reset too',
  'frr-cap-padded-L74':
    'RFC 2918 §2: Route Refresh has length 0; the capability is ignored, the session stays',
  // Headers that the source made for its own encoder.
  'scapy-bgp-L66': 'RFC 4271 §6.1: an OPEN of 19 octets',
  'scapy-bgp-L69': 'RFC 4271 §6.1: an UPDATE of 19 octets',
  'scapy-bgp-L749':
    'RFC 7313 §5: outbound route filters (RFC 5291) are not offered, so the length is wrong',
};

function allowed(vector: Vector): { outcomes: readonly Outcome[]; because: string } | undefined {
  if (vector.basis === 'explicit') {
    const because = `its source says ${vector.sourceExpect}`;
    if (vector.sourceExpect === 'attribute-discard') return { outcomes: ['discard'], because };
    if (vector.sourceExpect === 'treat-as-withdraw')
      return { outcomes: ['treat-as-withdraw'], because };
    if (vector.sourceExpect === 'session-reset') return { outcomes: ['reset'], because };
    if (vector.sourceExpect === 'ok') return { outcomes: ['ok', 'discard'], because };
    if (/^error($| )/.test(vector.sourceExpect)) {
      return { outcomes: ['ignored-capability', 'discard', 'treat-as-withdraw', 'reset'], because };
    }
    return undefined;
  }
  const { consensus } = vector;
  if (consensus === undefined || !consensus.strong) return undefined;
  // A NOTIFICATION ends every session; that says nothing about its form.
  if (vector.hex.slice(36, 38) === '03') return undefined;
  const because = `other daemons agree on ${consensus.class}`;
  // Bad Peer AS and Unsupported Capability are about their configuration, not about the octets.
  if ((consensus.notificationVotes['2/2'] ?? 0) + (consensus.notificationVotes['2/7'] ?? 0) > 0)
    return undefined;
  if (consensus.class === 'announced') return { outcomes: ['ok', 'discard'], because };
  if (consensus.class === 'accepted') return { outcomes: ['ok', 'ignored-capability'], because };
  if (consensus.class === 'not-announced')
    return { outcomes: ['ok', 'incomplete', 'treat-as-withdraw'], because };
  if (consensus.class === 'reset') return { outcomes: ['reset'], because };
  return undefined;
}

function contextOf({ options, name }: Vector): UpdateContext {
  const addPath = options.addPath !== undefined && options.addPath !== false;
  return {
    as4: options.as4 !== false,
    peerType: options.peerType ?? EBGP.peerType,
    addPathReceive: { 'ipv4-unicast': addPath, 'ipv6-unicast': addPath },
    extendedNextHop: name.includes('extended-nexthop'),
  };
}

function outcomeOf(vector: Vector): Outcome {
  const framer = new Framer();
  if (vector.hex.length / 2 > MESSAGE_LENGTH_MAX) framer.lengthMax = EXTENDED_MESSAGE_LENGTH_MAX;
  const context = contextOf(vector);
  let outcome: Outcome = 'incomplete';
  try {
    framer.feed(hex(vector.hex), (type, message) => {
      // Showing a message must never fail where handling it does not.
      formatMessage(message, context);
      outcome = outcomeOfMessage(type, message, context);
      return true;
    });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    outcome = 'reset';
  }
  return outcome;
}

function outcomeOfMessage(type: MessageType, message: Uint8Array, context: UpdateContext): Outcome {
  if (type === MessageType.Open) {
    const { capabilities } = decodeOpen(message);
    const isIgnored = capabilities.some(
      (one) => one.kind === 'unknown' && one.reason !== undefined,
    );
    return isIgnored ? 'ignored-capability' : 'ok';
  }
  if (type === MessageType.RouteRefresh) decodeRouteRefresh(message);
  if (type !== MessageType.Update) return 'ok';
  const { action, faults } = judge(message, context);
  if (action === 'accept') return faults.length > 0 ? 'discard' : 'ok';
  return action === 'session-reset' ? 'reset' : action;
}

describeWith(['test-data'], 'public test messages', () => {
  const read = (file: string): Vector[] =>
    JSON.parse(readFileSync(join(FOLDER, file), 'utf8')).vectors;
  const found: Record<string, string> = {};
  for (const file of FILES) {
    it(`${file}: nothing but a ProtocolError leaves the codec`, () => {
      const vectors = read(file);
      expect(vectors.length).toBeGreaterThan(50);
      for (const vector of vectors) {
        const outcome = outcomeOf(vector);
        const expected = allowed(vector);
        if (expected !== undefined && !expected.outcomes.includes(outcome)) {
          found[vector.name] = `${outcome}, but ${expected.because}`;
        }
      }
    });
  }

  it('differs from its sources and from other daemons exactly where a clause says so', () => {
    const unnamed = Object.entries(found).filter(([name]) => !(name in DIFFERENCES));
    expect(unnamed).toEqual([]);
    expect(Object.keys(DIFFERENCES).filter((name) => !(name in found))).toEqual([]);
  });
});
