/** Roles (RFC 9234): from what a profile says we are to a peer to what each side needs to know. */

import { type Role, settingsOf } from '../datastore/peer-settings.ts';
import { oppositeRole, type RoleOffer } from '../fsm/roles.ts';
import type { RoleName } from '../wire/capabilities/capability.ts';
import type { Peer } from './peer.ts';

const NAMES: Readonly<Record<Role, RoleName>> = {
  provider: 'provider',
  customer: 'customer',
  peer: 'peer',
  routeServer: 'rs',
  routeServerClient: 'rs-client',
};

/** What our OPEN says; undefined where no role is configured. */
export function roleOfferOf({ plan }: Peer): RoleOffer | undefined {
  const { role, roleStrict } = settingsOf(plan);
  return role === undefined ? undefined : { role: NAMES[role], strict: roleStrict };
}

/**
 * What the peer is to us. RFC 9234 §5: our configuration counts, also where the peer says nothing of itself; within an
 * AS nobody has a role.
 */
export function peerRoleOf(peer: Peer): RoleName | undefined {
  const offer = peer.ebgp ? roleOfferOf(peer) : undefined;
  return offer === undefined ? undefined : oppositeRole(offer.role);
}
