/**
 * Calls a neighbor's port and hangs up: whether anybody is there, and if not, how that shows. Only those that the daemon
 * itself never calls: of all others it knows, and a second call from one address would disturb its own.
 */

import { connect } from 'node:net';
import type { NeighborMessage } from '../../api/messages.ts';
import type { CallOutcome } from './facts.ts';

const CALL_MS_MAX = 2000;
/** Called at once; a mesh of a thousand that is down is not told more by the seventeenth. */
const CALLS_MAX = 16;

/** Of those that are passive and not Established. */
export async function callNeighbors(
  neighbors: readonly NeighborMessage[],
): Promise<ReadonlyMap<string, CallOutcome>> {
  const down = neighbors
    .filter(({ state, passive }) => passive && state !== 'Established')
    .slice(0, CALLS_MAX);
  const outcomes = await Promise.all(
    down.map(async ({ address, port }) => [address, await call(address, port)] as const),
  );
  return new Map(outcomes);
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
