/**
 * Fast external fall-over: a session ends with the link that its peer is on, instead of with its hold time.
 *
 * Only external peers that are directly connected: what is reached through a gateway may have another way. TCP is closed
 * without a word, so graceful restart goes by its rules; paths over the dead link lose by their next hop meanwhile.
 */

import { settingsOf } from '../datastore/peer-settings.ts';
import type { Link } from '../netlink/link.ts';
import type { Core } from './core.ts';
import type { Peer } from './peer.ts';
import { feed } from './sessions.ts';

/** The link that a peer is on; undefined behind a gateway, and while nothing is known of the kernel. */
export function linkOf(core: Core, peer: Peer): number | undefined {
  if (!peer.ebgp || core.kernelState.state !== 'synced') return undefined;
  const way = core.kernelView.resolve(peer.plan.remoteAddress);
  if (!way.reachable) return undefined;
  const [hop, ...others] = way.hops;
  const isDirect = hop !== undefined && others.length === 0 && hop.gateway === undefined;
  return isDirect ? hop.interfaceIndex : undefined;
}

export function onLinkChange(core: Core, link: Link, removed: boolean): void {
  if (!removed && link.up && link.carrier) return;
  for (const peer of core.peers.values()) {
    if (peer.link !== link.index || !settingsOf(peer.plan).fallOver) continue;
    const slot = peer.up;
    peer.link = undefined;
    if (slot === undefined) continue;
    const message = `link ${link.name} to the neighbor is ${removed ? 'gone' : 'down'} (fallOver)`;
    feed(core, slot, { type: 'AutomaticStop', silent: true, message });
  }
}
