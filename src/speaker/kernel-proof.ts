/** Proofs of the kernel: asked for by an operator or due, read by the shell, answered when they end. */

import type { Core } from './core.ts';

/** Operators that wait for one answer; more are a loop of somebody's. */
const WAITING_MAX = 64;

/** `proveKernel`: answered by `driveProof`, or at once with why there is nothing to prove. */
export function askForProof(core: Core, id: number): void {
  const refused = whyNot(core);
  if (refused !== undefined) return core.effect({ type: 'reply', id, error: refused });
  core.proofsAwaited.push(id);
  core.programmer.requestProof();
}

/** Starts what is due, and answers those who waited for what has ended. */
export function driveProof(core: Core): void {
  const { programmer, now } = core;
  if (programmer.takeProofRequest(now)) {
    if (core.plan !== undefined) core.effect({ type: 'kernelProof', table: programmer.table });
  }
  const ended = programmer.takeProofEnd();
  if (ended === undefined) return;
  for (const id of core.proofsAwaited.splice(0)) {
    core.effect({ type: 'reply', id, ...(ended === '' ? {} : { error: ended }) });
  }
}

function whyNot(core: Core): string | undefined {
  if (!core.options.kernelEnabled) return 'kernel.enabled is false: there is nothing to prove';
  const { state, reason } = core.programmer.counts();
  if (state === 'unavailable') return `The kernel is out of reach: ${reason ?? ''}`;
  if (core.plan === undefined) return 'There is no plan yet, so nothing is wanted of the kernel';
  if (core.stopping !== undefined) return 'It is stopping';
  if (core.proofsAwaited.length >= WAITING_MAX) return 'Too many wait for a proof already';
  return undefined;
}
