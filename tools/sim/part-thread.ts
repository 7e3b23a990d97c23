/** The thread of one part: runs its program, then posts what it has found. Started by `threads.ts`. */

import { parentPort, workerData } from 'node:worker_threads';
import { coldStart } from '../../src/sim/cold-start.ts';
import { Exchange, type ThreadData } from './threads.ts';

const data = workerData as ThreadData;
const exchange = new Exchange(data);
const program = coldStart(data.options, { part: data.part, parts: data.ports.length });
let step = program.next();
while (step.done !== true) step = program.next(exchange.swap(step.value));
parentPort!.postMessage(step.value);
