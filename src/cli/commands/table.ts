/** Every command of `godwit`. Help, completion and the reference in docs/ are made from this list. */

import type { Command } from '../command.ts';
import { cleanup } from './cleanup.ts';
import { completion } from './completion.ts';
import { drain, undrain } from './drain.ts';
import { init } from './init.ts';
import { clearQuarantine, disableNeighbor, enableNeighbor, resetNeighbor } from './neighbor.ts';
import { plan } from './plan.ts';
import { recordStart, recordStatus, recordStop } from './record.ts';
import { release } from './release.ts';
import { showEvents, watch } from './show-events.ts';
import { showKernel } from './show-kernel.ts';
import { showNeighbors } from './show-neighbors.ts';
import { showProblems } from './show-problems.ts';
import { showRoutes } from './show-routes.ts';
import { showStatus } from './show-status.ts';
import { shut } from './shut.ts';

export const COMMANDS: readonly Command[] = [
  showStatus,
  showNeighbors,
  showRoutes,
  showKernel,
  showProblems,
  showEvents,
  watch,
  resetNeighbor,
  clearQuarantine,
  disableNeighbor,
  enableNeighbor,
  plan,
  release,
  recordStart,
  recordStop,
  recordStatus,
  drain,
  undrain,
  shut,
  cleanup,
  init,
  completion,
];
