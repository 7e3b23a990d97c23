/** Commands of the operator: each is answered, empty when done or with a sentence that says why not. */

import { unreachable } from '../base/assert.ts';
import type { SessionEvent } from '../fsm/events.ts';
import { CeaseSubcode } from '../wire/iana.ts';
import type { Core } from './core.ts';
import { drain, undrain } from './drain.ts';
import type { Command, CommandInput } from './inputs.ts';
import { askForProof } from './kernel-proof.ts';
import type { Peer } from './peer.ts';
import { clearQuarantine } from './quarantine.ts';
import { askAgain, sendAgain } from './route-refresh.ts';
import { dropPaths } from './session-life.ts';
import { startPeer, stopPeer } from './sessions.ts';

export function onCommand(core: Core, input: CommandInput): void {
  if (input.command.command === 'proveKernel') return askForProof(core, input.id);
  const error = execute(core, input.command);
  core.effect({ type: 'reply', id: input.id, ...(error === '' ? {} : { error }) });
}

function execute(core: Core, command: Exclude<Command, { command: 'proveKernel' }>): string {
  switch (command.command) {
    case 'shutdown':
      return shutdown(core, command.mode, command.message);
    case 'resetNeighbor':
      return withPeer(core, command.name, (peer) =>
        command.soft ? softReset(core, peer) : hardReset(core, peer),
      );
    case 'disableNeighbor':
      return withPeer(core, command.name, (peer) => disable(core, peer, command.reason));
    case 'enableNeighbor':
      return withPeer(core, command.name, (peer) => enable(core, peer));
    case 'clearQuarantine':
      return withPeer(core, command.name, (peer) => clearQuarantine(core, peer));
    case 'refreshRoutes':
      return withPeer(core, command.name, (peer) => askAgain(core, peer, command.family));
    case 'resendRoutes':
      return withPeer(core, command.name, (peer) => sendAgain(core, peer));
    case 'drain':
      return drain(core, command.limit, command.message);
    case 'undrain':
      return undrain(core);
    default:
      return unreachable(command);
  }
}

function withPeer(core: Core, name: string, act: (peer: Peer) => string): string {
  const peer = core.peers.get(name);
  return peer === undefined ? `There is no neighbor ${name}` : act(peer);
}

function hardReset(core: Core, peer: Peer): string {
  // RFC 4486 §4: Administrative Reset.
  stopPeer(core, peer, { type: 'AutomaticStop', subcode: CeaseSubcode.AdministrativeReset });
  startPeer(core, peer);
  return peer.heldBecause === undefined ? '' : `The session stays down: ${peer.heldBecause}`;
}

function softReset(core: Core, peer: Peer): string {
  const error = askAgain(core, peer);
  sendAgain(core, peer);
  return error;
}

const DISABLED = 'held down by the operator';

function disable(core: Core, peer: Peer, reason: string | undefined): string {
  if (peer.holds.has('operator')) return `It is down already: ${peer.heldBecause!}`;
  peer.phaseSince = core.now;
  peer.holds.set('operator', reason === undefined ? DISABLED : `${DISABLED}: ${reason}`);
  // RFC 9003 §2: Administrative Shutdown with the operator's words.
  stopPeer(core, peer, {
    type: 'ManualStop',
    ...(reason === undefined ? {} : { message: reason }),
  });
  // Nobody is to be waited for any more (RFC 4724 §4.2): the operator wants it away now.
  dropPaths(core, peer);
  return '';
}

function enable(core: Core, peer: Peer): string {
  if (!peer.holds.has('operator') && peer.heldBecause === undefined) return 'It is not held down';
  peer.phaseSince = core.now;
  peer.holds.set('operator', undefined);
  startPeer(core, peer);
  return peer.heldBecause === undefined ? '' : `It stays down: ${peer.heldBecause}`;
}

/**
 * Stopping (DESIGN 3.3). A restart closes TCP without NOTIFICATION towards peers that negotiated graceful restart, so
 * that they keep our routes (RFC 4724 §4.1), and says Cease 6/2 to the others. Leaving says Cease 6/2 to all. Kernel
 * routes stay either way.
 */
function shutdown(core: Core, mode: 'restart' | 'leave', message: string | undefined): string {
  if (core.stopping !== undefined) return 'It is stopping already';
  core.stopping = mode;
  core.publish({ event: 'stopping', mode, reason: message ?? 'asked to stop' });
  for (const peer of core.peers.values()) stopPeer(core, peer, farewell(peer, mode, message));
  core.effect({ type: 'stopped', mode });
  return '';
}

function farewell(
  peer: Peer,
  mode: 'restart' | 'leave',
  message: string | undefined,
): SessionEvent {
  const silent = mode === 'restart' && peer.negotiated?.gracefulRestart !== undefined;
  return { type: 'ManualStop', silent, ...(message === undefined ? {} : { message }) };
}
