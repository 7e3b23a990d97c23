/**
 * What some daemons cannot do or be told, with the line of their documentation that says so. A feature that needs an
 * ability is n/a for the daemons that stand here with a reason, and for no other.
 */
import type { DaemonName } from './daemon.ts';

type Reasons = Readonly<Partial<Record<DaemonName, string>>>;

export const LACKS = {
  /** To be told to say no 4-octet AS capability. */
  twoOctetAs: {
    gobgpd:
      'GoBGP 3.10, configuration.md: nothing under [neighbors] switches the 4-octet AS capability off',
  },
  /** To be told to say no capability. */
  noCapabilities: {
    gobgpd: 'GoBGP 3.10, configuration.md: nothing under [neighbors] switches capabilities off',
  },
  holdTimeZero: {},
  gtsm: {},
  /** To send ROUTE-REFRESH on demand. */
  asksRefresh: {},
  shutdownText: {},
  /** To send a path to a peer whose AS is in it. */
  sendsLoops: {},
  /** To pass a next hop on as it came. */
  keepNextHop: {},
  /** To pass an attribute on that it does not know, with a length that is wrong. */
  passesMalformed: {},
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
