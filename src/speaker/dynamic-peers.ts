/**
 * Peers that nobody names: a caller from a listen range of a PeerProfile becomes one, within the limits of the range,
 * and is one until its session has ended and nothing of it is kept.
 *
 * Invariant: every refusal is counted by its reason, and the caller is listed with it among the unknown callers.
 */

import type { Millis } from '../base/units.ts';
import { type PlanChange, peerChanges } from '../datastore/plan-diff.ts';
import type { ListenRange, PeerPlan, SpeakerPlan } from '../datastore/plan-types.ts';
import type { IpAddress } from '../net/ip-address.ts';
import { CeaseSubcode } from '../wire/iana.ts';
import type { Core } from './core.ts';
import type { RangeState, Refusal } from './dynamic-ranges.ts';
import { Peer } from './peer.ts';
import { resumeQuarantine } from './quarantine.ts';
import { forgetPaths } from './session-life.ts';
import { startPeer, stopPeer } from './sessions.ts';

/** Over which `rateMax` is counted. */
const RATE_PERIOD: Millis = 60_000;

/** A caller that no peer has: a new peer, why there is none, or undefined where no range holds its address. */
export function admitCaller(core: Core, address: IpAddress): Peer | string | undefined {
  const { dynamic, now } = core;
  const state = dynamic.rangeOf(address);
  if (state === undefined) return undefined;
  const { range } = state;
  // Sessions do not start before what the kernel kept is known; whoever calls will call again.
  if (core.recoveryStarted === undefined || core.stopping !== undefined) return 'not ready yet';
  refill(state, now);
  const id = core.freePeerId();
  const refusal = refusalOf(state, id !== undefined);
  if (refusal !== undefined || id === undefined) {
    const [reason, text] = refusal ?? (['room', NO_ROOM] as const);
    dynamic.refused[reason]++;
    return text;
  }
  const peer = new Peer(id, planOfMember(range, address), now);
  resumeQuarantine(core, peer);
  core.addPeer(peer);
  dynamic.add(peer, state);
  core.unknownCallers.forget(address);
  const { name, origin } = peer.plan;
  core.publish({ event: 'peer-added', peer: name, address, reason: `it called: ${origin}` });
  startPeer(core, peer);
  return peer;
}

const NO_ROOM = 'a speaker has at most 65,534 neighbors';

function refill(state: RangeState, now: Millis): void {
  const { rateMax } = state.range;
  const come = ((now - state.refilled) * rateMax) / RATE_PERIOD;
  state.tokens = Math.min(rateMax, state.tokens + come);
  state.refilled = now;
}

function refusalOf(
  { range, peers, tokens }: RangeState,
  hasRoom: boolean,
): readonly [Refusal, string] | undefined {
  const { prefix, profile, peersMax, rateMax, peer } = range;
  const where = `range ${prefix} of PeerProfile/${profile}`;
  // RFC 5925: its keys are by address here, and who will call from a range is not known before.
  if (peer.settings?.authentication === 'ao') {
    return ['secret', `${where} asks for TCP-AO, which listen ranges do not have; use md5`];
  }
  if (peer.password !== undefined && 'missing' in peer.password) {
    return ['secret', `the password of ${where}, in ${peer.password.missing}, cannot be read`];
  }
  if (peers >= peersMax) return ['full', `${where} has its ${peersMax} neighbors; raise peersMax`];
  if (tokens < 1) {
    return ['rate', `${where} has had ${rateMax} new neighbors within a minute; raise rateMax`];
  }
  return hasRoom ? undefined : ['room', NO_ROOM];
}

function planOfMember({ peer }: ListenRange, remoteAddress: IpAddress): PeerPlan {
  return { ...peer, name: `Dynamic_${remoteAddress.replace(/[.:]/g, '_')}`, remoteAddress };
}

/** At the end of a step: peers that have nothing any more go. */
export function releasePeers(core: Core): void {
  for (const peer of core.dynamic.takeTouched()) {
    if (core.dynamic.has(peer) && isOver(core, peer)) {
      removeDynamic(core, peer, 'its session has ended and nothing of it is kept');
    }
  }
}

/** A peer that is held down, or waits out an error, stays: it would be back at once otherwise, as if nothing were. */
function isOver(core: Core, peer: Peer): boolean {
  if (peer.heldBecause !== undefined) return false;
  for (const { session, connection } of peer.sessions) {
    if (connection !== undefined || session.refusesCalls(core.now)) return false;
  }
  for (const state of peer.families.values()) if (state.stale !== undefined) return false;
  return true;
}

function removeDynamic(core: Core, peer: Peer, reason: string): void {
  const { name, remoteAddress: address } = peer.plan;
  // RFC 4486 §4: Peer De-configured.
  stopPeer(core, peer, { type: 'AutomaticStop', subcode: CeaseSubcode.PeerDeConfigured });
  forgetPaths(core, peer);
  core.dynamic.remove(peer);
  core.removePeer(peer);
  core.publish({ event: 'peer-removed', peer: name, address, reason });
}

/** A BGPPeer now names this address: what it says counts. */
export function makeWayForNamed(core: Core, { name, remoteAddress }: PeerPlan): void {
  if (core.dynamic.count === 0) return;
  const peer = core.callers.find(remoteAddress, remoteAddress);
  if (peer === undefined || peer.plan.name === name || !core.dynamic.has(peer)) return;
  removeDynamic(core, peer, `${name} is this neighbor from now on`);
}

/** What the step from one plan to the next means for the peers that are there by a range. */
export function* dynamicChanges(
  core: Core,
  old: SpeakerPlan,
  next: SpeakerPlan,
): Generator<PlanChange> {
  const changes = peerChanges(old, next);
  for (const peer of [...core.dynamic.peers]) {
    if (!core.dynamic.has(peer)) continue;
    const { name, remoteAddress, origin } = peer.plan;
    const state = core.dynamic.rangeOf(remoteAddress);
    if (state === undefined) {
      yield { change: 'remove-peer', name, reason: `${origin} no longer asks for it` };
      continue;
    }
    core.dynamic.move(peer, state);
    yield* changes(peer.plan, planOfMember(state.range, remoteAddress));
  }
}
