/**
 * Next hops by what the kernel says, and all prefixes again when the kernel's picture or the rules move.
 */

import { KernelPolicy } from '../fib/kernel-policy.ts';
import type { KernelRules } from '../fib/kernel-rules.ts';
import { AFI_SAFIS } from '../net/afi-safi.ts';
import type { NextHopId } from '../rib/ids.ts';
import type { Core } from './core.ts';
import { useVrf } from './vrf.ts';

export function rulesChanged(core: Core, rules: KernelRules): void {
  // Without a kernel nothing is desired of one: routes are chosen and announced only.
  if (!core.options.kernelEnabled) return;
  useVrf(core, rules);
  core.programmer.setRules(rules);
  if (core.kernelPolicy === undefined) {
    core.kernelPolicy = new KernelPolicy({ view: core.kernelView, shapes: core.shapes, rules });
    // What is ours in the kernel can be told only now that the pools are known.
    core.programmer.begin({ restart: core.options.restarting });
  } else core.kernelPolicy.setRules(rules);
}

/** All prefixes of both families are decided again, in slices of the coming steps. */
export function remakeKernelRoutes(core: Core): void {
  for (const family of AFI_SAFIS) core.kernelRoutes[family].remake();
}

/**
 * Next hops by what the kernel says: new ones are resolved before their paths compete; after a change of the
 * kernel's picture all of them are asked again, and the RIB marks what depends on those that changed.
 */
export function resolveNextHops(core: Core): void {
  const generation = core.kernelPolicy?.generation;
  if (generation !== undefined && generation !== core.kernelGeneration) {
    core.kernelGeneration = generation;
    resolveAllNextHops(core);
    // Routes through a tunnel depend on its device as well, which no next hop shows.
    remakeKernelRoutes(core);
  }
  resolveNewNextHops(core);
}

/** Before their paths compete: one that is resolved later costs a scan of all paths. */
export function resolveNewNextHops(core: Core): void {
  if (core.nextHops.hasNew) core.nextHops.takeNew((id) => resolve(core, id));
}

export function resolveAllNextHops(core: Core): void {
  core.nextHops.forEach((id) => {
    resolve(core, id);
  });
}

function resolve(core: Core, id: NextHopId): void {
  const { nextHops } = core;
  if (core.kernelState.state === 'disabled' || core.kernelState.state === 'unavailable') {
    // Nothing is known of the kernel: as a route reflector off the forwarding path, take every next hop.
    nextHops.resolve(id, { reachable: true, metric: 0, handle: 0 });
    return;
  }
  const resolution = core.kernelView.resolve(nextHops.addressOf(id));
  if (!resolution.reachable) {
    nextHops.resolve(id, { reachable: false, metric: 0, handle: 0 });
    return;
  }
  const { metric, hops } = resolution;
  const text = hops.map((hop) => `${hop.gateway ?? ''}%${hop.interfaceIndex}*${hop.weight}`).join();
  nextHops.resolve(id, { reachable: true, metric, handle: core.resolutions.handleOf(text) });
}
