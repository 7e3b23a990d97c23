/**
 * BGP Roles (RFC 9234 §4): whether our role and the one in the peer's OPEN fit together.
 *
 * Only between ASes: inside one AS nobody is anybody's customer.
 */

import type { Capability, RoleName } from '../wire/capabilities/capability.ts';
import { CapabilityCode } from '../wire/iana.ts';

/** RFC 9234 §4.2, table 2: the one role that may stand opposite. */
const OPPOSITE: Readonly<Record<RoleName, RoleName>> = {
  provider: 'customer',
  customer: 'provider',
  rs: 'rs-client',
  'rs-client': 'rs',
  peer: 'peer',
};

/** What the other side must be when we are `role`. */
export function oppositeRole(role: RoleName): RoleName {
  return OPPOSITE[role];
}

export interface RoleOffer {
  readonly role: RoleName;
  /** RFC 9234 §4.2: a peer without a role is refused. */
  readonly strict: boolean;
}

/** What is wrong with the roles of the session, as a sentence for people; undefined when nothing is. */
export function roleFault(
  ours: RoleOffer | undefined,
  capabilities: readonly Capability[],
): string | undefined {
  if (ours === undefined) return undefined;
  const theirs = rolesIn(capabilities);
  if (theirs.size > 1) return `It names several roles: ${[...theirs].join(', ')}`;
  const [their] = theirs;
  const wanted = OPPOSITE[ours.role];
  if (their === wanted) return undefined;
  const remedy = `we are its ${ours.role}, so it must be ${wanted}; correct \`role\` of the PeerProfile, or that of the peer`;
  if (their !== undefined) return `It says it is our ${their}: ${remedy}`;
  return ours.strict ? `It names no role, and our role is strict: ${remedy}` : undefined;
}

/** RFC 9234 §4.2: the same role said twice is one; a number that is nobody's fits nothing. */
function rolesIn(capabilities: readonly Capability[]): ReadonlySet<string> {
  const roles = new Set<string>();
  for (const capability of capabilities) {
    if (capability.kind === 'role') roles.add(capability.role);
    else if (capability.kind === 'unknown' && capability.code === CapabilityCode.Role) {
      roles.add('of no assigned role');
    }
  }
  return roles;
}
