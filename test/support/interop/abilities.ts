/**
 * What some daemons cannot do or be told, with the line of their documentation that says so. A feature that needs an
 * ability is n/a for the daemons that stand here with a reason, and for no other.
 */
import type { DaemonName } from './daemon.ts';

type Reasons = Readonly<Partial<Record<DaemonName, string>>>;

const LACKS = {
  /** To be told to say no 4-octet AS capability. */
  twoOctetAs: {
    gobgpd:
      'GoBGP 3.10, configuration.md: nothing under [neighbors] switches the 4-octet AS capability off',
  },
  /** To be told to say no capability. */
  noCapabilities: {
    gobgpd: 'GoBGP 3.10, configuration.md: nothing under [neighbors] switches capabilities off',
  },
  /** To offer a hold time of 0. */
  holdTimeZero: {
    gobgpd:
      'GoBGP 3.10 takes `hold-time = 0` for not set and offers 90; configuration.md has no other word for it',
    openbgpd:
      'OpenBGPD 7.7 refuses it: "holdtime must be between 3 and 65535"; bgpd.conf(5), holdtime min: "must be at least 3"',
  },
  gtsm: {},
  /** To send ROUTE-REFRESH on demand. */
  asksRefresh: {
    gobgpd:
      'GoBGP 3.10 answers ROUTE-REFRESH and has no command that sends it: `softresetin` (cli-command-syntax.md, 2.2) applies policy to what it holds',
  },
  /** To send its routes again when asked by ROUTE-REFRESH. */
  answersRefresh: {
    openbgpd:
      'OpenBGPD 7.7 promises it (bgpd.conf(5), announce refresh) and logs for any peer "route refresh: AID IPv4 unicast not negotiated"',
  },
  /** RFC 7911, to send several paths. */
  sendsPaths: {},
  /** RFC 7911, to take several paths. */
  takesPaths: {},
  /** RFC 7313. */
  enhancedRefresh: {
    gobgpd: 'GoBGP 3.10 never says the capability; configuration.md has no switch for it',
  },
  /** RFC 8538. */
  notificationBit: {
    bird2: 'BIRD 2.0.12, bird-6.html, supported standards: no RFC 8538',
    bird1: 'BIRD 1.6.8, bird-6.html, BGP: of graceful restart RFC 4724 alone',
    openbgpd: 'OpenBGPD 7.7, bgpd(8), STANDARDS: no RFC 8538',
  },
  /** To show the R bit and the F bit of its peer (RFC 4724 §3). */
  showsRestartBits: {
    bird1:
      'BIRD 1.6.8: `show protocols all` says `restart-able` of its neighbor, and neither of the two bits',
  },
  /** RFC 9494, asking to be remembered. */
  longLived: {
    openbgpd: 'OpenBGPD 7.7, bgpd(8), STANDARDS: no RFC 9494',
  },
  /** RFC 9234. */
  roles: {
    bird1:
      'BIRD 1.6.8, bird-6.html, BGP: none of its options says a role (BIRD 2.0.11 was the first)',
    gobgpd: 'GoBGP 3.10, configuration.md: nothing under [neighbors] says a role',
  },
  /** Both families over one session. */
  bothFamilies: {
    openbgpd:
      'OpenBGPD 7.7 on Linux announces IPv6 on a session over IPv4 with the next hop `::`, which is no address of a host, whatever `set nexthop` (bgpd.conf(5)) says; godwit counts it as withdrawn (RFC 7606)',
    bird1:
      'BIRD 1.6.8, bird-1.html: one daemon a family (`bird` and `bird6`), and a session carries that of its daemon',
  },
  /** RFC 8654. */
  extendedMessages: {
    gobgpd: 'GoBGP 3.10 never says the capability; configuration.md has no switch for it',
    openbgpd: 'OpenBGPD 7.7, bgpd(8), STANDARDS: no RFC 8654',
  },
  /** To pass a path on that has an AS_SET. */
  passesAsSets: {},
  /** To refuse a connection without a password on Linux where it has been given one. */
  refusesUnsigned: {
    openbgpd:
      'OpenBGPD 7.7 on Linux calls with its key and takes calls without one: its listener has no key, whatever bgpd.conf(5), tcp md5sig, says',
  },
  shutdownText: {},
  /** To send a path to a peer whose AS is in it. */
  sendsLoops: {
    gobgpd:
      'GoBGP 3.10 never sends a peer a path with the AS of that peer; configuration.md has no switch for it',
  },
  /** To send a route of its own that carries NO_ADVERTISE. */
  sendsNoAdvertise: {
    frr: 'FRR 8.4, bgp.html, no-advertise: "All routes carry this value must not be advertise to other BGP peers", its own too',
    openbgpd:
      'OpenBGPD 7.7 keeps a network of its own to itself that has NO_ADVERTISE, which bgpd.conf(5), community, names among the well-knowns',
  },
  /** To obey NO_EXPORT and NO_ADVERTISE. */
  obeysWellKnowns: {
    gobgpd:
      'GoBGP 3.10 passes routes with well-known communities on as any other; its documents name no-export once, as a value to add (cli-command-syntax.md, 1.2)',
  },
  /** To pass a next hop on as it came. */
  keepNextHop: {},
  /** To pass an attribute on that it does not know, with a length that is wrong. */
  passesMalformed: {
    frr: 'FRR 8.4 judges for itself what godwit judges: of IPv6 extended communities of 7 octets, which the others pass on, it makes a withdrawal (bgp.html has no switch for it)',
  },
  /** To keep its routes over its own restart, and say so. */
  restarts: {
    openbgpd:
      'OpenBGPD 7.7, bgpd.conf(5), announce restart: "Currently only the End-of-RIB marker is supported"',
  },
  /** To keep the routes of a peer that restarts. */
  helpsRestarts: {},
} as const satisfies Readonly<Record<string, Reasons>>;

export type Ability = keyof typeof LACKS;

/** Why this daemon has no such cell; undefined when it has one. */
export function whyNotApplicable(
  daemon: DaemonName,
  needs: readonly Ability[] = [],
): string | undefined {
  const reasons = needs.map((ability) => (LACKS[ability] as Reasons)[daemon]);
  return reasons.find((reason) => reason !== undefined);
}
