/**
 * Route refresh (RFC 2918), with a beginning and an end where both sides speak RFC 7313: asking, answering, and what the
 * markers of a peer mean.
 */

import { type AfiSafi, afiSafiFrom, factsOf } from '../net/afi-safi.ts';
import { RouteRefreshSubtype } from '../wire/iana.ts';
import { encodeRouteRefresh, type RouteRefresh } from '../wire/route-refresh.ts';
import type { Core } from './core.ts';
import type { Peer } from './peer.ts';
import { refreshBegins, refreshEnds } from './stale-paths.ts';

export function onRefresh(core: Core, peer: Peer, { afi, safi, subtype }: RouteRefresh): void {
  const family = afiSafiFrom(afi, safi);
  // RFC 2918 §4: a family that was not negotiated is ignored.
  const state = family === undefined ? undefined : peer.families.get(family);
  if (state?.group === undefined) return;
  if (subtype === RouteRefreshSubtype.Request) return refresh(core, peer, state.family);
  // RFC 7313 §5: so are markers without their capability, and subtypes that nobody knows.
  if (peer.negotiated?.enhancedRouteRefresh !== true) return;
  if (subtype === RouteRefreshSubtype.BeginningOfRouteRefresh) refreshBegins(core, state);
  else if (subtype === RouteRefreshSubtype.EndOfRouteRefresh) refreshEnds(core, state);
}

function refresh(core: Core, peer: Peer, family: AfiSafi): void {
  // RFC 7313 §4: marked, so that the peer can tell what it has of us and should not have.
  core.ribs[family].refresh(peer.id, peer.negotiated?.enhancedRouteRefresh === true);
}

/** Everything that the peer has been told, once more. @returns Why not; empty when done. */
export function sendAgain(core: Core, peer: Peer): string {
  if (peer.negotiated === undefined) return 'The session is not Established';
  for (const state of peer.families.values()) {
    if (state.group !== undefined) refresh(core, peer, state.family);
  }
  return '';
}

/** RFC 2918 §3: the peer sends its routes again; nothing is withdrawn meanwhile. */
export function askAgain(core: Core, peer: Peer, only?: AfiSafi): string {
  const { negotiated } = peer;
  const connection = peer.up?.connection;
  if (negotiated === undefined || connection === undefined) return 'The session is not Established';
  if (!negotiated.routeRefresh)
    return 'The neighbor does not speak route refresh; use a hard reset';
  if (only !== undefined && !negotiated.families.includes(only)) {
    return `${only} is not negotiated with this neighbor`;
  }
  for (const family of only === undefined ? negotiated.families : [only]) {
    const { afi, safi } = factsOf(family);
    const octets = encodeRouteRefresh({ afi, safi, subtype: RouteRefreshSubtype.Request });
    peer.sent.routeRefresh++;
    core.effect({ type: 'send', connection: connection.id, octets });
  }
  return '';
}
