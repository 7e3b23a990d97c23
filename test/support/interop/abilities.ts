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
