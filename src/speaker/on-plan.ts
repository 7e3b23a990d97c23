/**
 * Plan inputs: applies the least disruptive changes from the running plan to the next one, each with its reason.
 *
 * The running state depends on the snapshot alone: what a change means is defined by `datastore/plan-diff.ts`.
 */

import { nodeSettingsOf } from '../datastore/peer-settings.ts';
import type { PlanChange } from '../datastore/plan-diff.ts';
import type { OriginatedPrefix, PeerPlan, SpeakerPlan } from '../datastore/plan-types.ts';
import type { SessionEvent } from '../fsm/events.ts';
import { AFI_SAFIS, type AfiSafi, afiSafiOfIpFamily } from '../net/afi-safi.ts';
import type { IpAddress } from '../net/ip-address.ts';
import { prefixAddress, prefixFamily } from '../net/prefix.ts';
import { CeaseSubcode } from '../wire/iana.ts';
import type { Core } from './core.ts';
import { dynamicChanges, makeWayForNamed } from './dynamic-peers.ts';
import type { PlanInput } from './inputs.ts';
import { setInstallGate } from './install-gate.ts';
import { listen } from './listen.ts';
import { rekey, tellListenerPeers } from './listener-peers.ts';
import { askForDropped, checkPrefixes } from './max-prefixes.ts';
import { remakeKernelRoutes, rulesChanged } from './next-hops.ts';
import { Peer } from './peer.ts';
import { exportConfigOf, ribConfigOf } from './peer-config.ts';
import { PLAN_CHANGES_PER_STEP_MAX, PlanWork, type RevisedPlan } from './plan-work.ts';
import { resumeQuarantine } from './quarantine.ts';
import { beginRecovery, recoveryHeardFrom } from './recovery.ts';
import { dropPaths, forgetPaths } from './session-life.ts';
import { reconfigurePeer, startPeer, stopPeer } from './sessions.ts';

export function onPlan(core: Core, input: PlanInput): void {
  switch (input.type) {
    case 'planChanged':
      return takePlan(core, input);
    case 'datastoreLost':
      core.datastore = { state: 'lost', reason: input.reason, since: core.now };
      return core.publish({ event: 'datastore-lost', reason: input.reason });
    case 'datastoreBack':
      core.datastore = { state: 'in-sync', since: core.now };
      return core.publish({ event: 'datastore-back', reason: 'it can be read again' });
  }
}

/** Sessions may start: a plan is in force, and what the kernel kept of ours is known (or there is no kernel). */
export function startPeersWhenReady(core: Core): void {
  if (core.recoveryStarted !== undefined || core.plan === undefined) return;
  // Recovery counts the peers: all of them must be there.
  if (core.planWork !== undefined || core.kernelState.state === 'syncing') return;
  beginRecovery(core);
  core.starting = core.peers.values();
  continueStarting(core);
}

/** Applies some more of the plan that is on its way. */
export function continuePlan(core: Core): void {
  if (core.planWork !== undefined) continueChanges(core, core.planWork);
  else if (core.starting !== undefined) continueStarting(core);
}

export function planIsUnderWay(core: Core): boolean {
  return core.planWork !== undefined || core.starting !== undefined;
}

function takePlan(core: Core, next: RevisedPlan): void {
  if (core.datastore.state === 'waiting') core.datastore = { state: 'in-sync', since: core.now };
  if (core.planWork !== undefined) {
    core.planNext = next;
    return;
  }
  const work = new PlanWork(core.plan, next);
  if (core.plan !== undefined) work.append(dynamicChanges(core, core.plan, next.plan));
  core.planWork = work;
  core.plan = next.plan;
  continueChanges(core, work);
}

function continueChanges(core: Core, work: PlanWork): void {
  for (let taken = 0; taken < PLAN_CHANGES_PER_STEP_MAX; taken++) {
    const change = work.next();
    if (change === undefined) return finishPlan(core, work);
    apply(core, change);
  }
  // Peers that are known must not get in without their keys while the rest is still to come.
  if (work.total <= PLAN_CHANGES_PER_STEP_MAX) tellListenerPeers(core, work.plan.peers);
}

function finishPlan(core: Core, work: PlanWork): void {
  const { plan, revision } = work;
  core.planWork = undefined;
  core.planRevision = revision;
  core.planSince = core.now;
  const settings = nodeSettingsOf(plan);
  for (const family of AFI_SAFIS) core.ribs[family].setMultipath(settings);
  setInstallGate(core);
  core.kernelView.setViaDefaultRoute(settings.nextHopViaDefaultRoute);
  // The keys before the listener: no peer that has one is to get in without it meanwhile.
  if (work.total > 0) {
    const policies = plan.peers.flatMap((peer) => [peer.importPolicy, peer.exportPolicy]);
    core.policies.keepOnly([...policies, ...core.dynamic.policies()]);
    tellListenerPeers(core);
    setGateways(core, plan);
    if (work.has('listen-changed')) {
      core.listeners.clear();
      listen(core);
    }
    const { changedAt } = work;
    if (changedAt !== undefined) core.lags.begin(changedAt, core.programmer.totals.requests);
    const reason = work.summary();
    core.publish({ event: 'plan-applied', revision, changes: work.total, reason });
  }
  const next = core.planNext;
  core.planNext = undefined;
  if (next !== undefined) return takePlan(core, next);
  startPeersWhenReady(core);
  recoveryHeardFrom(core);
}

function continueStarting(core: Core): void {
  for (let started = 0; started < PLAN_CHANGES_PER_STEP_MAX; started++) {
    const { value: peer, done } = core.starting!.next();
    if (done === true) {
      core.starting = undefined;
      return;
    }
    startPeer(core, peer);
  }
}

function apply(core: Core, change: PlanChange): void {
  switch (change.change) {
    case 'local-identity-changed':
    case 'listen-changed':
      return; // see `finishPlan`
    case 'node-settings-changed':
      return;
    case 'listen-ranges-changed':
      return core.dynamic.setRanges(change.listenRanges ?? [], core.now);
    case 'kernel-rules-changed':
      rulesChanged(core, change.kernel);
      core.learned.remake();
      return remakeKernelRoutes(core);
    case 'learn-changed':
      return core.learned.setPlan(change.learn);
    case 'remove-peer':
      return removePeer(core, change.name, change.reason);
    case 'add-peer':
      return addPeer(core, change.peer, change.reason);
    case 'relabel-peer':
      return relabelPeer(core, change);
    case 'restart-peer':
      return restartPeer(core, change.peer, change.reason);
    case 'update-peer':
    case 'reevaluate-import':
    case 'reevaluate-export':
      return updatePeer(core, change);
    case 'originate':
      return originate(core, change.originated);
    case 'withdraw':
      return withdraw(core, change.originated);
  }
}

function addPeer(core: Core, plan: PeerPlan, reason: string): void {
  makeWayForNamed(core, plan);
  const id = core.freePeerId();
  if (id === undefined) {
    const refused = 'a speaker has at most 65,534 neighbors: use route reflectors';
    return core.publish({ event: 'resource-rejected', resource: plan.origin, reason: refused });
  }
  const peer = new Peer(id, plan, core.now);
  peer.holds.set('secret', missingSecret(plan));
  resumeQuarantine(core, peer);
  core.addPeer(peer);
  core.unknownCallers.forget(plan.remoteAddress);
  core.publish({ event: 'peer-added', peer: plan.name, address: plan.remoteAddress, reason });
  startPeer(core, peer);
}

function missingSecret(plan: PeerPlan): string | undefined {
  if (plan.password === undefined || 'value' in plan.password) return undefined;
  return `the password in ${plan.password.missing} cannot be read; a session without it would be unauthenticated`;
}

function removePeer(core: Core, name: string, reason: string): void {
  const peer = core.peers.get(name);
  if (peer === undefined) return;
  // RFC 4486 §4: Peer De-configured.
  stopPeer(core, peer, stop(CeaseSubcode.PeerDeConfigured, reason));
  forgetPaths(core, peer);
  core.dynamic.remove(peer);
  core.removePeer(peer);
  core.publish({ event: 'peer-removed', peer: name, address: peer.plan.remoteAddress, reason });
}

/** Session, paths and counters stay: they are the peer's, by whatever name. */
function relabelPeer(core: Core, change: Extract<PlanChange, { change: 'relabel-peer' }>): void {
  const { from, peer: plan, reason } = change;
  const peer = core.peers.get(from);
  if (peer === undefined) return;
  // A quarantine is remembered by name, also over restarts: such a peer goes, and another one comes.
  if (core.quarantines.current(from, core.now) !== undefined) {
    removePeer(core, from, reason);
    return addPeer(core, plan, reason);
  }
  core.peers.delete(from);
  peer.plan = plan;
  core.peers.set(plan.name, peer);
  core.publish({ event: 'peer-changed', peer: plan.name, change: change.change, reason });
}

function restartPeer(core: Core, plan: PeerPlan, reason: string): void {
  const peer = core.peers.get(plan.name);
  if (peer === undefined) return;
  core.publish({ event: 'peer-changed', peer: plan.name, change: 'session restarts', reason });
  // RFC 4486 §4: Other Configuration Change.
  stopPeer(core, peer, stop(CeaseSubcode.OtherConfigurationChange, reason));
  makeWayForNamed(core, plan);
  core.callers.remove(peer);
  peer.plan = plan;
  core.callers.add(peer);
  core.unknownCallers.forget(plan.remoteAddress);
  peer.holds.set('secret', missingSecret(plan));
  // RFC 4724 §4.2: what a peer of another kind has left behind is not kept for this one.
  dropPaths(core, peer);
  startPeer(core, peer);
}

function updatePeer(
  core: Core,
  change: Extract<
    PlanChange,
    { change: 'update-peer' | 'reevaluate-import' | 'reevaluate-export' }
  >,
): void {
  const peer = core.peers.get(change.peer.name);
  if (peer === undefined) return;
  const before = peer.plan;
  peer.plan = change.peer;
  rekey(core, peer, before);
  const { name } = peer.plan;
  core.publish({ event: 'peer-changed', peer: name, change: change.change, reason: change.reason });
  if (change.change === 'update-peer') reconfigurePeer(core, peer);
  for (const state of peer.families.values())
    if (state.group !== undefined) checkPrefixes(core, state);
  // Weights and blackholes are decided where routes are made for the kernel.
  if (change.change === 'reevaluate-import') remakeKernelRoutes(core);
  const slot = peer.up;
  for (const state of peer.families.values()) {
    const rib = core.ribs[state.family];
    // Also where export alone is concerned: a client's own paths go to others by another rule (RFC 4456 §6); and for
    // settings of a profile, of which the table knows best which of them matter to it.
    if (state.inRib) {
      rib.updatePeer(peer.id, ribConfigOf(core, peer, state.family));
      askForDropped(core, state);
    }
    if (state.group !== undefined && slot !== undefined && change.change === 'reevaluate-export') {
      state.group = rib.join(peer.id, exportConfigOf(core, slot, state.family));
    }
  }
}

/** The reason is for our own people: RFC 9003 has no text in these subcodes. */
function stop(subcode: CeaseSubcode, reason: string): SessionEvent {
  return { type: 'AutomaticStop', subcode, message: reason };
}

function originate(core: Core, item: OriginatedPrefix): void {
  const family = familyOf(item);
  core.origins.set(`${item.prefix} ${item.source}`, item);
  core.ribs[family].originate(item.prefix, { source: item.source });
}

function withdraw(core: Core, item: OriginatedPrefix): void {
  core.origins.delete(`${item.prefix} ${item.source}`);
  core.ribs[familyOf(item)].retract(item.prefix, item.source);
}

/** Of host routes to peers: next hops are resolved by them, as Calico's BIRD resolves them by its static routes. */
function setGateways(core: Core, { originated }: SpeakerPlan): void {
  const gateways = new Map<IpAddress, IpAddress>();
  for (const { prefix, gateway } of originated) {
    if (gateway !== undefined) gateways.set(prefixAddress(prefix), gateway);
  }
  core.kernelView.setGateways(gateways);
}

function familyOf({ prefix }: OriginatedPrefix): AfiSafi {
  return afiSafiOfIpFamily(prefixFamily(prefix));
}
