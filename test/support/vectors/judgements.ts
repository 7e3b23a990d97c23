/**
 * Where what we make of a public test message is not what its source says, or what most other daemons do, or where
 * nobody says anything: the outcome, and the clause that decides. One line each; a line that no message needs any more
 * fails the tests that use the list.
 */

import type { Outcome } from './public-vectors.ts';

export interface Judgement {
  readonly outcome: Outcome;
  /** Begins with the clause. */
  readonly because: string;
  /** From senders of this type alone; from the others nothing is wrong. */
  readonly only?: 'ebgp';
}

function judged(
  outcome: Outcome,
  because: string,
  names: readonly string[],
): [string, Judgement][] {
  return names.map((name) => [name, { outcome, because }]);
}

const CONFEDERATION = {
  outcome: 'treat-as-withdraw',
  because: 'RFC 5065 §5: confederation segments from an external peer',
  only: 'ebgp',
} as const;

/** Differences that show in the codec already, and so in a session as well. By name of the vector. */
export const DIFFERENCES: ReadonlyMap<string, Judgement> = new Map([
  // The source only encodes these, and never looks whether the next hop is an address.
  ...judged('treat-as-withdraw', 'RFC 4271 §6.3: a loopback NEXT_HOP is no host address', [
    'exabgp-api-check-L10', // 127.0.0.2
    'exabgp-api-healthcheck-withdraw-L5',
    'exabgp-api-multiple-api-L9',
    'exabgp-api-nexthop-self-L17',
    'exabgp-api-nexthop-self-L8',
  ]),
  ...judged('treat-as-withdraw', 'RFC 4271 §6.3, RFC 4291 §2.5.3: ::1 is no next hop', [
    'exabgp-api-check-L8',
    'exabgp-conf-ipself6-L4',
  ]),
  ...judged('treat-as-withdraw', 'RFC 4271 §6.3, RFC 4291 §2.7: ff02:… is multicast, no next hop', [
    'frr-mp-IPv6-2-t14',
  ]),
  // The source tests a parser of paths, not of UPDATEs.
  ['frr-aspath-confed2', CONFEDERATION],
  ...judged('treat-as-withdraw', 'RFC 7607 §2: AS 0 in AS_PATH', ['frr-aspath-BGP_AS_ZERO']),
  ...judged('treat-as-withdraw', 'RFC 7606 §3(c): ORIGIN and NEXT_HOP without Transitive', [
    'biord-TestDecodePathAttr-L97',
    'biord-TestDecodePathAttrs-L20',
  ]),
  ...judged('treat-as-withdraw', 'RFC 8092 §6: LARGE_COMMUNITY of 0 octets', [
    'biord-TestDecodeLargeCommunity-L745',
  ]),
  ...judged('ok', 'RFC 4760 §8: of a family that was not negotiated the NLRI are not read', [
    'frr-mp-IPv4-VPNv4-bogus-plen-t14',
  ]),
  ...judged(
    'ok',
    'RFC 4760 §3: NEXT_HOP is ignored where there are MP attributes and no IPv4 NLRI',
    [
      'pcap-tcpdump-bgp-rt-prefix-f9-5', // 0.0.0.0 beside an MP_UNREACH_NLRI
      'pcap-tcpdump-bgp-rt-prefix-f11-6',
    ],
  ),
  ...judged('ok', 'RFC 4271 §5: attribute 39 is in no RFC, so it is unknown and passed on', [
    'rfc7606-attr_discard-nhc-tlv-overrun-ibgp',
    'rfc7606-attr_discard-nhc-tlv-overrun-ebgp',
    'rfc7606-attr_discard-nhc-bad-afi-safi-ibgp',
    'rfc7606-attr_discard-nhc-bad-afi-safi-ebgp',
  ]),
  ...judged('ok', 'RFC 5492 §3: an unknown capability is ignored, whatever it holds', [
    'frr-cap-DynCapMPCoverflow-L699',
    'frr-cap-DynCapPadded-L684',
  ]),
  ...judged('reset', 'RFC 4271 §6.2: a capability that exceeds its parameter', [
    'frr-cap-DynCap-L670',
  ]),
  ...judged('ignored-capability', 'RFC 2918 §2: Route Refresh has length 0', [
    'frr-cap-padded-L74',
  ]),
  // Headers that the source made for its own encoder.
  ...judged('reset', 'RFC 4271 §6.1: an OPEN or UPDATE of 19 octets', [
    'scapy-bgp-L66',
    'scapy-bgp-L69',
  ]),
  ...judged('ok', 'RFC 7313 §5: a subtype that nobody knows is ignored, however long', [
    'bio-rd-decoder_test-L223',
  ]),
]);

/** Differences of a session, which negotiates less than the codec can read. */
export const SESSION_DIFFERENCES: ReadonlyMap<string, Judgement> = new Map([
  ...judged('reset', 'RFC 7911 §4: ADD-PATH is not offered, so Path Identifiers are not NLRI', [
    'exabgp-conf-path-information-L9',
  ]),
  ...judged('reset', 'RFC 8950 §4: an IPv6 next hop of IPv4 NLRI is not offered', [
    'exabgp-extended-nexthop-L3',
  ]),
  ...judged('reset', 'RFC 5492 §3: no family in common, so nothing to talk about', [
    'frr-cap-MP3-L131',
  ]),
]);

/** What nobody says anything about, and is neither accepted nor refused for its structure alone. */
export const JUDGEMENTS: ReadonlyMap<string, Judgement> = new Map([
  ...judged('treat-as-withdraw', 'RFC 7606 §7.2: a segment of no AS numbers, or beyond its end', [
    'frr-aspath-zero-size-overflow-valid-segment',
    'frr-aspath-zero-size-overflow',
    'BGP-BgpMessageParserFuzzTest-L95', // AS numbers of 2 octets where 4 were negotiated
    'BGP-BgpMessageParserTestData-L484',
    'BGP-BgpMessageParserTestData-L769',
    'BGP-BgpMessageParserTestData-L822',
    'BGP-FiberBgpParserTest-L43-3',
    'routecore-update-L1901',
  ]),
  ['BGP-BgpMessageParserTest-L1312', CONFEDERATION],
  // BGPsec_PATH stands in place of AS_PATH only where that was negotiated (RFC 8205 §4).
  ...judged('treat-as-withdraw', 'RFC 7606 §3(d): no AS_PATH', [
    'routecore-update-L2124',
    'pcap-tcpdump-bgp-bgpsec-f18-8',
    'pcap-tcpdump-bgp-bgpsec-f18-9',
    'pcap-tcpdump-bgp-bgpsec-f18-10',
    'pcap-tcpdump-bgp-bgpsec-f18-11',
    'pcap-tcpdump-bgp-bgpsec-f18-14',
    'pcap-tcpdump-bgp-bgpsec-f35-23',
    'pcap-tcpdump-bgp-bgpsec-f35-25',
    'pcap-tcpdump-bgp-bgpsec-f35-27',
  ]),
  ...judged('treat-as-withdraw', 'RFC 7606 §3(d): IPv4 NLRI without NEXT_HOP', [
    'BGP-BgpMessageParserTestData-L630',
  ]),
]);

/**
 * RFC 7606 §5.2: attributes, none of them MP_UNREACH_NLRI, that announce nothing, and one of which is malformed. The
 * NOTIFICATION is that of the first fault that is more than attribute discard.
 */
export const IDLE_ATTRIBUTE_ERRORS: ReadonlyMap<string, string> = new Map([
  ['BGP-BgpMessageParserTestData-L28', '3/5'], // the last attribute exceeds the list
  ['pcap-tcpdump-bgp-aigp-oobr-f1-7', '3/2'], // attribute 0, flagged well-known
  ['pcap-tcpdump-bgp-aigp-oobr-f1-411', '3/5'], // the last attribute exceeds the list
  ['pcap-tcpdump-bgp-as-path-oobr-f1-2', '3/5'], // likewise
  ['pcap-tcpdump-bgp-as-path-oobr-f4-11', '3/5'], // likewise
  ['pcap-tcpdump-bgp-ub-f1-5', '3/2'], // attribute 113, flagged well-known
  ['pcap-tcpdump-bgp-ub-f1-15', '3/4'], // LARGE_COMMUNITY without its flags
  ['pcap-tcpdump-bgp-ub-f1-16', '3/2'], // attribute 0, flagged well-known
]);
