/**
 * The thread of `watchdog.ts`: looks for beats, and ends the process when there are none although it works. A process
 * that gets no CPU does not hang.
 */

import { mkdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import { type Action, encodeCase, TARGETS } from './action.ts';
import { HEAD, type WatchdogOptions } from './watchdog.ts';

const LOOK_MS = 1000;

const { shared, folder, seed, patience } = workerData as WatchdogOptions & {
  readonly shared: SharedArrayBuffer;
};
const head = new Int32Array(shared, 0, HEAD.WORDS);
let last = -1;
let usedAtBeat = 0;

setInterval(() => {
  const beat = Atomics.load(head, HEAD.BEAT);
  const { user, system } = process.cpuUsage();
  const used = (user + system) / 1000;
  if (beat !== last) usedAtBeat = used;
  last = beat;
  if (used - usedAtBeat >= patience) bite();
}, LOOK_MS);

function bite(): void {
  const octets = new Uint8Array(shared, HEAD.WORDS * 4, head[HEAD.LENGTH]!).slice();
  const target = TARGETS[head[HEAD.TARGET]!] ?? 'tables';
  const actions: Action[] = [
    { op: 'message', peer: head[HEAD.PEER]!, octets, cut: 0 },
    { op: 'settle' },
  ];
  const problem = `Nothing has ended for ${patience / 1000} s`;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${target}-${seed}-hang.json`);
  writeFileSync(file, encodeCase({ target, problem, actions }));
  writeSync(
    1,
    `FOUND in ${target}: ${problem}; the last message: npm run fuzz -- --case ${file}\n`,
  );
  // The thread that hangs takes no notice of anything softer.
  process.kill(process.pid, 'SIGKILL');
}
