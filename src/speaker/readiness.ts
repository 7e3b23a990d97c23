/**
 * Ready means: what I know is in the kernel and told to my peers. Never that all peers are up (DESIGN 4).
 */

import { AFI_SAFIS } from '../net/afi-safi.ts';
import type { Core } from './core.ts';

/** Why the node is not ready, as sentences; empty when it is. */
export function notReadyBecause(core: Core): string[] {
  const reasons: string[] = [];
  if (core.plan === undefined) reasons.push('no configuration has been applied yet');
  else if (core.planWork !== undefined) reasons.push('a configuration is being applied');
  if (core.stopping !== undefined) reasons.push('it is stopping');
  if (core.drain !== undefined) reasons.push('it is drained (godwit undrain ends that)');
  if (core.recovering && core.plan !== undefined)
    reasons.push('it waits for the neighbors to tell their routes after its start');
  const { state, reason } = core.kernelState;
  if (state === 'unavailable') reasons.push(`the kernel cannot be programmed: ${reason ?? ''}`);
  if (state === 'syncing') reasons.push(reason ?? 'the kernel has not been read yet');
  const { pending } = core.programmer.counts();
  if (state === 'synced' && pending > 0)
    reasons.push(`${pending} kernel routes are still to be written`);
  for (const family of AFI_SAFIS) {
    if (!core.ribs[family].isSettled) reasons.push(`${family} routes are still being chosen`);
  }
  for (const listener of core.listeners.values()) {
    if (listener.error !== undefined) reasons.push(`not listening: ${listener.error}`);
  }
  return reasons;
}
