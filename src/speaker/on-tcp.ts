/** TCP inputs: who calls, which session takes the connection, and what its end means. */

import type { SystemError } from '../base/errors.ts';
import { takeCall } from './collisions.ts';
import type { Core } from './core.ts';
import { admitCaller } from './dynamic-peers.ts';
import { formatIpPort } from './endpoint-text.ts';
import type { ConnectionId, TcpInput } from './inputs.ts';
import { onOctets } from './on-message.ts';
import type { Peer } from './peer.ts';
import { feed } from './sessions.ts';

type InputOf<K extends TcpInput['type']> = Extract<TcpInput, { type: K }>;

export function onTcp(core: Core, input: TcpInput): void {
  switch (input.type) {
    case 'tcpAccepted':
      return onAccepted(core, input);
    case 'listenerChanged':
      return onListener(core, input);
    case 'tcpConnected': {
      const connection = core.connections.get(input.connection);
      if (connection === undefined) return;
      connection.local = input.local.address;
      return feed(core, connection.slot, { type: 'Tcp_CR_Acked' });
    }
    case 'octetsReceived': {
      const connection = core.connections.get(input.connection);
      if (connection !== undefined) onOctets(core, connection, input.octets);
      return;
    }
    case 'tcpFailed':
    case 'tcpClosed':
      return onEnded(core, input.connection, input.error);
    case 'writable': {
      const connection = core.connections.get(input.connection);
      if (connection !== undefined) connection.slot.session.noteProgress(core.now);
      return;
    }
  }
}

/** Whose call `input` is; undefined for a stranger, and where it is no call. */
export function callerOf(core: Core, input: TcpInput): Peer | undefined {
  if (input.type !== 'tcpAccepted') return undefined;
  return core.callers.find(input.remote.address, input.local.address);
}

function onAccepted(core: Core, input: InputOf<'tcpAccepted'>): void {
  const { connection, local, remote } = input;
  const peer = callerOf(core, input) ?? admitCaller(core, remote.address);
  if (peer === undefined || typeof peer === 'string') return refuse(core, input, peer);
  if (peer.heldBecause !== undefined || core.stopping !== undefined) {
    core.effect({ type: 'hangUp', connection, abort: false });
    return;
  }
  takeCall(core, peer, { id: connection, accepted: true, local: local.address });
}

/** @param why  Why a caller that might be a neighbor is none; a stranger has no such reason. */
function refuse(core: Core, input: InputOf<'tcpAccepted'>, why: string | undefined): void {
  const { connection, remote } = input;
  core.effect({ type: 'hangUp', connection, abort: false });
  if (!core.unknownCallers.note(remote.address, core.now, why)) return;
  const reason =
    core.plan === undefined ? 'no configuration has been applied yet' : (why ?? STRANGER);
  core.publish({ event: 'unknown-caller', address: remote.address, port: remote.port, reason });
}

const STRANGER = 'no neighbor has this address; add a BGPPeer with this peerIP if it should be one';

function onEnded(core: Core, id: ConnectionId, error: SystemError | undefined): void {
  const connection = core.connections.get(id);
  if (connection === undefined) return;
  const { slot } = connection;
  core.connections.delete(id);
  slot.connection = undefined;
  feed(core, slot, { type: 'TcpConnectionFails', ...(error === undefined ? {} : { error }) });
}

function onListener(core: Core, input: InputOf<'listenerChanged'>): void {
  const local = formatIpPort(input.local);
  const error =
    input.error === undefined ? undefined : listenerSentence(input.error, input.local.port);
  const known = core.listeners.get(local);
  // Tried again every few seconds; told only when the answer is another one.
  if (known !== undefined && known.error === error) return;
  core.listeners.set(local, { local: input.local, ...(error === undefined ? {} : { error }) });
  if (error === undefined) core.publish({ event: 'listener', local, reason: 'open' });
  else core.publish({ event: 'listener-failed', local, reason: error });
}

function listenerSentence(error: SystemError, port: number): string {
  if (error.errno === 'EADDRINUSE') {
    return `port ${port} is taken by another program (ss -ltnp sport = :${port} names it); stop it or set listenPort in BGPConfiguration. Neighbors are still dialled`;
  }
  if (error.errno === 'EACCES' || error.errno === 'EPERM') {
    return `no permission to listen on port ${port}: run with CAP_NET_BIND_SERVICE or set listenPort above 1023. Neighbors are still dialled`;
  }
  if (error.errno === 'EADDRNOTAVAIL') {
    return 'this address is not on the machine (yet); tried again when addresses change';
  }
  return `${error.call} failed: ${error.errno}${error.detail === undefined ? '' : ` (${error.detail})`}`;
}
