/** Sessions while the node is drained: none comes up, whoever wants one (`drain.ts` closed them). */

import type { Core } from './core.ts';
import type { Peer } from './peer.ts';

const HELD = 'this node is drained; godwit undrain lets it come up';

/** @returns Whether `peer` may have none; noted. */
export function isHeldByDrain(core: Core, peer: Peer): boolean {
  if (core.drain?.phase !== 'drained') return false;
  peer.holds.set('drain', HELD);
  return true;
}
