/**
 * UPDATEs are pulled: a connection with something due is named once, and polled when its socket takes octets.
 * A slow peer costs marks in the RIB, never a queue here.
 */

import type { Octets } from '../base/units.ts';
import { AFI_SAFIS } from '../net/afi-safi.ts';
import { MessageType } from '../wire/iana.ts';
import type { Core } from './core.ts';
import type { ConnectionId } from './inputs.ts';

/** Where the type stands in a message (RFC 4271 §4.1). */
const TYPE_AT = 18;

/** Names every Established connection that has something due and has not been named since it was last empty. */
export function tellWriters(core: Core): void {
  for (const family of AFI_SAFIS) {
    const rib = core.ribs[family];
    rib.takeOwed((id) => {
      const connection = core.peerById(id)?.up?.connection;
      if (connection === undefined || connection.writePending || !rib.hasPending(id)) return;
      connection.writePending = true;
      connection.slot.peer.owedSince = core.now;
      core.effect({ type: 'wantsWrite', connection: connection.id });
    });
  }
}

/** Work is left, but a poll's share of it found nothing for this peer: come again, others first. */
const NOTHING_YET = new Uint8Array(0);

/** See `Speaker.pollTransmit`. */
export function pollTransmit(core: Core, id: ConnectionId, budget: Octets): Uint8Array | undefined {
  const connection = core.connections.get(id);
  if (connection === undefined) return undefined;
  const { slot } = connection;
  const { peer } = slot;
  if (slot.session.state !== 'Established') return undefined;
  let more = false;
  for (const family of AFI_SAFIS) {
    if (peer.families.get(family)?.group === undefined) continue;
    const octets = core.ribs[family].poll(peer.id, budget);
    if (octets === undefined) {
      if (core.ribs[family].hasPending(peer.id)) more = true;
      continue;
    }
    peer.octetsSent += octets.length;
    peer.toldAt = core.clock();
    // The markers of a refresh (RFC 7313) come alone.
    if (octets[TYPE_AT] === MessageType.RouteRefresh) peer.sent.routeRefresh++;
    else peer.sent.update += countMessages(octets);
    return octets;
  }
  if (more) return NOTHING_YET;
  connection.writePending = false;
  peer.owedSince = undefined;
  core.lags.told(peer, peer.toldAt ?? core.clock());
  return undefined;
}

/** `octets` are whole messages. */
function countMessages(octets: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < octets.length; count++) at += (octets[at + 16]! << 8) | octets[at + 17]!;
  return count;
}
