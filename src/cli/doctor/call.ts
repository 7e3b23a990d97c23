/**
 * Calls a neighbor's port and hangs up: whether anybody is there, and if not, how that shows. Only those that the daemon
 * itself never calls: of all others it knows, and a second call from one address would disturb its own.
 */

import { connect } from 'node:net';
import type { NeighborMessage } from '../../api/messages.ts';
import { dial } from '../../io/tcp-dial.ts';
import { type IpAddress, parseIpAddress } from '../../net/ip-address.ts';
import type { CallOutcome } from './facts.ts';

const CALL_MS_MAX = 2000;
/** Called at once; a mesh of a thousand that is down is not told more by the seventeenth. */
const CALLS_MAX = 16;

/** Of those that are passive and not Established. @param vrf  The one that the daemon calls through; empty for none. */
export async function callNeighbors(
  neighbors: readonly NeighborMessage[],
  vrf: string,
): Promise<ReadonlyMap<string, CallOutcome>> {
  const down = neighbors
    .filter(({ state, passive }) => passive && state !== 'Established')
    .slice(0, CALLS_MAX);
  const outcomes = await Promise.all(
    down.map(async ({ address, port }) => [address, await callFrom(vrf, address, port)] as const),
  );
  return new Map(outcomes);
}

function callFrom(vrf: string, host: string, port: number): Promise<CallOutcome> {
  const address = parseIpAddress(host);
  return vrf === '' || address === undefined ? call(host, port) : callThrough(vrf, address, port);
}

/** Outside its VRF the same address may be another machine. */
function callThrough(vrf: string, address: IpAddress, port: number): Promise<CallOutcome> {
  const options = { remote: { address, port }, bindDevice: vrf, connectTimeoutMs: CALL_MS_MAX };
  return new Promise((resolve) => {
    dial(options, {
      onConnected: (connection) => {
        connection.refuse();
        resolve('open');
      },
      onFailed: ({ errno }) => resolve(errno),
    });
  });
}

function call(host: string, port: number): Promise<CallOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CALL_MS_MAX });
    const end = (outcome: CallOutcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', () => end('open'));
    socket.once('timeout', () => end('ETIMEDOUT'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => end(code ?? 'EIO'));
  });
}
