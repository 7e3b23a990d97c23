/**
 * Runs the way of a session and of its UPDATEs before the first peer is heard: code that has run some thousand times
 * is compiled, and a node that starts hears all of its peers at once, in its first second (docs/performance.md).
 *
 * Through speakers of its own; what is shared is only the compiled code, so it must be the same code, met by objects of
 * the same make: whatever is built otherwise here than in the daemon is compiled twice (decision 0033).
 * Invariant: touches nothing outside, and ends some milliseconds after `WARM_UP_MS`.
 */

import { AFI_SAFIS, type AfiSafi } from '../../net/afi-safi.ts';
import type { ConnectionId } from '../../speaker/inputs.ts';
import { KEEPALIVE } from '../../wire/keepalive.ts';
import { FEED, MESH, openOf, SINK, type WarmPeer, warmPlan } from './warm-plan.ts';
import { WarmSpeaker } from './warm-speaker.ts';
import { warmTables } from './warm-tables.ts';
import { forgetUpdates, type WarmVariant, warmUpdates } from './warm-updates.ts';

/**
 * Rounds after which a speaker gives way to the next one. With one alone V8 would build its very closures and the first shapes
 * of its objects into the code, and throw that away when the real speaker comes.
 */
const SPEAKERS_END_AT = [4, 8, 20];
/** Not at the end of a speaker: the next one has to be there, or the forms of its objects go with it. */
const ROUNDS_PER_COLLECTION = 4;
/** Milliseconds of the wall at most: a start waits for them, also on a machine that is busy. */
const WARM_UP_MS = 1800;
/** Octets fed at once, as a socket gives them. */
const READ_OCTETS = 16_384;
const SMALL_UPDATES = 256;
/**
 * UPDATEs of a speaker's last round: enough that every table grows once. The others are small, so that there are many, and
 * come first: before it is compiled the code takes ten times as long.
 */
const LARGE_UPDATES = 512;
/** Of the speaker that is kept: tables that have grown stay so, and it is wanted for the forms of its objects only. */
const KEPT_UPDATES = 8;

export interface WarmUp {
  /** In each, two peers announce, change and withdraw the same table, and one of them goes. */
  readonly rounds: number;
  /**
   * The last speaker, to be kept as long as the code is wanted: V8 names the forms of objects in compiled code weakly, and throws
   * the code away when the last object of a form is collected.
   */
  readonly speaker: WarmSpeaker;
}

export interface WarmUpOptions {
  readonly kernelEnabled: boolean;
  /**
   * Called every few rounds: columns of peers and tables that are gone are garbage of the
   * old generation, a megabyte a round, which V8 is in no hurry to collect.
   */
  readonly collect?: () => void;
}

export function warmUp(now: () => number, options: WarmUpOptions): WarmUp {
  const end = now() + WARM_UP_MS;
  warmTables();
  let rounds = 0;
  for (const last of SPEAKERS_END_AT) {
    const { speaker, feed } = begin(options, LARGE_UPDATES);
    for (; rounds < last && now() < end; rounds++) {
      runRound(speaker, feed, rounds === last - 1 ? LARGE_UPDATES : SMALL_UPDATES);
      if (rounds % ROUNDS_PER_COLLECTION === 1) options.collect?.();
    }
  }
  const { speaker, feed } = begin(options, KEPT_UPDATES);
  runRound(speaker, feed, KEPT_UPDATES);
  forgetUpdates();
  return { rounds, speaker };
}

/** A speaker with a session that feeds it, after a tour of `updates` UPDATEs, and one that it feeds. */
function begin({ kernelEnabled }: WarmUpOptions, updates: number): Begun {
  const speaker = new WarmSpeaker(kernelEnabled);
  speaker.step({ type: 'planChanged', plan: warmPlan(), revision: 1 });
  tourOfOneFamily(speaker, updates);
  const feed = establish(speaker, FEED);
  establish(speaker, SINK);
  return { speaker, feed };
}

interface Begun {
  readonly speaker: WarmSpeaker;
  readonly feed: ConnectionId;
}

function runRound(speaker: WarmSpeaker, feed: ConnectionId, updates: number): void {
  // A session that comes and goes, as a mesh that starts has hundreds.
  const passing = establish(speaker, MESH);
  for (const family of AFI_SAFIS) {
    const send = (connection: ConnectionId, variant: WarmVariant): void =>
      receive(speaker, connection, warmUpdates(variant, family, updates));
    send(feed, 'announce');
    send(feed, 'again');
    send(feed, 'withdraw'); // nothing is left
    send(passing, 'again');
    send(feed, 'announce');
    send(passing, 'moved');
    send(feed, 'withdraw'); // the next best path takes its place, through another next hop
  }
  speaker.scrape();
  speaker.step({ type: 'tcpClosed', connection: passing });
  speaker.settle();
}

/** Most nodes speak IPv4 alone: the tables of IPv6 then have no update group, which is met by what tidies both. */
function tourOfOneFamily(speaker: WarmSpeaker, updates: number): void {
  const feed = establish(speaker, FEED, ['ipv4-unicast']);
  for (const variant of ['announce', 'withdraw'] as const) {
    receive(speaker, feed, warmUpdates(variant, 'ipv4-unicast', updates));
  }
  speaker.step({ type: 'tcpClosed', connection: feed });
  speaker.settle();
}

function establish(
  speaker: WarmSpeaker,
  peer: WarmPeer,
  families: readonly AfiSafi[] = AFI_SAFIS,
): ConnectionId {
  const connection = speaker.accept(peer.address);
  speaker.receive(connection, openOf(peer, families));
  speaker.receive(connection, KEEPALIVE);
  return connection;
}

function receive(speaker: WarmSpeaker, connection: ConnectionId, octets: Uint8Array): void {
  for (let at = 0; at < octets.length; at += READ_OCTETS) {
    speaker.receive(connection, octets.subarray(at, at + READ_OCTETS));
  }
  speaker.settle();
}
