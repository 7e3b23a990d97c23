/**
 * Runs the way of a session and of its UPDATEs before the first peer is heard: code that has run some thousand times
 * is compiled, and a node that starts hears all of its peers at once, in its first second (docs/performance.md).
 *
 * Through a speaker of its own, which is thrown away; what is shared is only the compiled code, so it must be the same
 * code, met by objects of the same make: whatever is built otherwise here than in the daemon is compiled twice.
 * Invariant: touches nothing outside, and ends some milliseconds after `WARM_UP_MS`.
 */

import { AFI_SAFIS } from '../../net/afi-safi.ts';
import type { ConnectionId } from '../../speaker/inputs.ts';
import { KEEPALIVE } from '../../wire/keepalive.ts';
import { FEED, MESH, openOf, SINK, type WarmPeer, warmPlan } from './warm-plan.ts';
import { WarmSpeaker } from './warm-speaker.ts';
import { type WarmVariant, warmUpdates } from './warm-updates.ts';

/**
 * Rounds: enough, on a machine that has nothing else to do, that the compiler is content (about 0.4 s); fewer leave code of the
 * first table to be compiled while it loads (docs/performance.md).
 */
const ROUNDS = 40;
/**
 * Rounds after which a speaker gives way to the next one. With one alone V8 would build its very closures and the first shapes
 * of its objects into the code, and throw that away when the real speaker comes.
 */
const SPEAKERS_END_AT = [4, 8, ROUNDS];
/** Milliseconds of the wall at most: a start waits for them, also on a machine that is busy. */
const WARM_UP_MS = 1000;
/** Octets fed at once, as a socket gives them. */
const READ_OCTETS = 16_384;
/** UPDATEs of the first round: enough that every table grows once; the others are small, so that there are many. */
const LARGE_UPDATES = 1024;
const SMALL_UPDATES = 256;

/** @returns Rounds run: in each, two peers announce, change and withdraw the same table, and one of them goes. */
export function warmUp(now: () => number, options: { kernelEnabled: boolean }): number {
  const end = now() + WARM_UP_MS;
  let rounds = 0;
  for (const last of SPEAKERS_END_AT) {
    const speaker = new WarmSpeaker(options.kernelEnabled);
    speaker.step({ type: 'planChanged', plan: warmPlan(), revision: 1 });
    const feed = establish(speaker, FEED);
    establish(speaker, SINK);
    for (let large = true; rounds < last && now() < end; rounds++, large = false) {
      runRound(speaker, feed, large ? LARGE_UPDATES : SMALL_UPDATES);
    }
  }
  return rounds;
}

function runRound(speaker: WarmSpeaker, feed: ConnectionId, updates: number): void {
  // A session that comes and goes, as a mesh that starts has hundreds.
  const passing = establish(speaker, MESH);
  for (const family of AFI_SAFIS) {
    const send = (connection: ConnectionId, variant: WarmVariant): void =>
      receive(speaker, connection, warmUpdates(variant, family, updates));
    send(feed, 'announce');
    send(passing, 'again');
    send(feed, 'again');
    send(passing, 'announce');
    send(feed, 'withdraw');
  }
  speaker.step({ type: 'tcpClosed', connection: passing });
  speaker.settle();
}

function establish(speaker: WarmSpeaker, peer: WarmPeer): ConnectionId {
  const connection = speaker.accept(peer.address);
  speaker.receive(connection, openOf(peer));
  speaker.receive(connection, KEEPALIVE);
  return connection;
}

function receive(speaker: WarmSpeaker, connection: ConnectionId, octets: Uint8Array): void {
  for (let at = 0; at < octets.length; at += READ_OCTETS) {
    speaker.receive(connection, octets.subarray(at, at + READ_OCTETS));
  }
  speaker.settle();
}
