/** Packets are followed at every instant at which a kernel changes: a gap of a millisecond is a gap. */

import { packetsArrive } from './checkers.ts';
import type { Lab } from './lab.ts';

/** Runs `ms`. @returns What was lost on the way, as sentences. */
export function lossesWithin(lab: Lab, ms: number): string[] {
  const end = lab.now + ms;
  const losses: string[] = [];
  let before = '';
  for (let next = lab.clock.next(); next !== undefined && next <= end; next = lab.clock.next()) {
    lab.clock.tick();
    const kernels = [...lab.nodes.values()].map(({ kernel }) => kernel.changes).join();
    if (kernels === before) continue;
    before = kernels;
    losses.push(...packetsArrive(lab));
  }
  return losses;
}
