/** The planner's thread: messages to `daemon/planner.ts`, nothing else. Started by `daemon/planner-link.ts`. */

import { parentPort, workerData } from 'node:worker_threads';
import { Planner, type PlannerOptions, type ToPlanner } from '../daemon/planner.ts';

const planner = new Planner(workerData as PlannerOptions, (message) => {
  parentPort!.postMessage(message);
});
parentPort!.on('message', (message: ToPlanner) => planner.onMessage(message));
await planner.start();
