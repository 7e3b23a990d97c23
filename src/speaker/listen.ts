/** Where neighbors may call: as the plan says, in its VRF while that is there. */

import type { Core } from './core.ts';

/** @param renew  What listens in a VRF of this name listens in one that is no more. */
export function listen(core: Core, renew = false): void {
  const { plan, vrf, kernelState } = core;
  if (plan === undefined) return;
  // Without its VRF nobody can call; what listens is opened when it comes.
  const waits = vrf !== undefined && vrf.table === undefined;
  if (waits && kernelState.state !== 'unavailable') return;
  const device = plan.kernel.vrf;
  core.effect({
    type: 'listen',
    ...plan.listen,
    ...(device === undefined ? {} : { device }),
    ...(renew ? { renew } : {}),
  });
}
