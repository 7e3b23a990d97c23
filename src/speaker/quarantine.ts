/**
 * A bug of ours that one peer's input brings out: what the peer sent is kept for the report, its session is reset, and
 * it is held down, longer each time (DESIGN 3.4). Nobody else is concerned.
 */

import { AssertionError } from '../base/assert.ts';
import type { Millis } from '../base/units.ts';
import { CeaseSubcode } from '../wire/iana.ts';
import type { Core } from './core.ts';
import type { Effect } from './effects.ts';
import type { ConnectionId } from './inputs.ts';
import { type Connection, type Peer, timerKeys } from './peer.ts';
import type { QuarantineRecord } from './quarantine-records.ts';
import { forgetPaths } from './session-life.ts';
import { abandonSessions, startPeer, stopPeer } from './sessions.ts';

/** What happened: the error, and what was being handled. */
export interface Breakage {
  readonly error: unknown;
  readonly connection?: Connection | undefined;
  /** Borrowed; absent where no octets were at hand. */
  readonly octets?: Uint8Array;
}

/** An error met while input of `peer` was handled; a stranger has none, and the error goes on. */
export function contain(core: Core, peer: Peer | undefined, breakage: Breakage): void {
  const { error } = breakage;
  // What all peers share cannot be trusted any more: the loop ends the process (exit 70).
  if (peer === undefined || (error instanceof AssertionError && error.shared)) throw error;
  quarantine(core, peer, breakage);
}

function quarantine(core: Core, peer: Peer, breakage: Breakage): void {
  const { error } = breakage;
  const { name } = peer.plan;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  core.effect(evidenceOf(core, peer, { ...breakage, reason }));
  const record = core.quarantines.begin(name, reason, core.now);
  peer.quarantines++;
  hold(core, peer, record);
  stop(core, peer);
  forgetPaths(core, peer);
  core.publish({ event: 'peer-quarantined', peer: name, reason, seconds: record.seconds });
  save(core);
}

/** A peer that the plan brings while its stay is not over: after a restart, or when it was removed meanwhile. */
export function resumeQuarantine(core: Core, peer: Peer): void {
  const record = core.quarantines.current(peer.plan.name, core.now);
  if (record !== undefined) hold(core, peer, record);
}

export function releaseQuarantine(core: Core, peer: Peer): void {
  release(core, peer, 'its time is over');
}

/** By hand. @returns why not; empty when done. */
export function clearQuarantine(core: Core, peer: Peer): string {
  if (!peer.holds.has('quarantine')) return 'It is not in quarantine';
  core.quarantines.end(peer.plan.name, core.now);
  core.timers.clear(timerKeys(peer.id).held);
  release(core, peer, 'cleared by the operator');
  save(core);
  return peer.heldBecause === undefined ? '' : `It stays down: ${peer.heldBecause}`;
}

/** RFC 4486 §4: Out of Resources. A session that the bug has left broken is dropped without a word. */
function stop(core: Core, peer: Peer): void {
  try {
    stopPeer(core, peer, { type: 'AutomaticStop', subcode: CeaseSubcode.OutOfResources });
  } catch (error) {
    if (error instanceof AssertionError && error.shared) throw error;
    // The first error is the one that is reported; this one follows from it.
    abandonSessions(core, peer);
  }
}

function hold(core: Core, peer: Peer, { reason, times, seconds, until }: QuarantineRecord): void {
  const { name } = peer.plan;
  const often = times === 1 ? '' : ` (time ${times})`;
  const remedy = `report the file in evidence/ of state.dir; godwit clear quarantine ${name} ends it`;
  const text = `quarantined after an internal error for ${seconds} s${often}: ${reason}; ${remedy}`;
  peer.holds.set('quarantine', text);
  core.timers.set(timerKeys(peer.id).held, until);
}

function release(core: Core, peer: Peer, reason: string): void {
  peer.holds.set('quarantine', undefined);
  core.publish({ event: 'quarantine-ended', peer: peer.plan.name, reason });
  startPeer(core, peer);
}

function save(core: Core): void {
  core.effect({ type: 'saveQuarantines', quarantines: core.quarantines.stored(core.now) });
}

type Evidence = Extract<Effect, { type: 'keepEvidence' }>;

function evidenceOf(core: Core, peer: Peer, what: Breakage & { reason: string }): Evidence {
  const { error, octets, reason } = what;
  const connection = what.connection ?? peer.up?.connection;
  const { plan } = peer;
  const handled = octets === undefined ? [] : [{ at: core.now, octets: octets.slice() }];
  const stack = error instanceof Error ? error.stack : undefined;
  const ours = connection?.local ?? plan.localAddress;
  return {
    type: 'keepEvidence',
    peer: plan.name,
    reason,
    ...(stack === undefined ? {} : { stack }),
    // Of the configuration only what concerns this peer: the rest is nobody's business who reads the report.
    plan: { ...core.plan!, peers: [plan] },
    ...(ours === undefined ? {} : { localAddress: ours }),
    ...(connection?.open === undefined ? {} : { open: connection.open }),
    chunks: [...before(core, peer, connection?.id), ...handled],
  };
}

type Said = { readonly at: Millis; readonly octets: Uint8Array };

function before(core: Core, peer: Peer, id: ConnectionId | undefined): Said[] {
  const same = core.trails.of(peer.id).filter(({ connection }) => connection === id);
  return same.map(({ at, octets }) => ({ at, octets }));
}
