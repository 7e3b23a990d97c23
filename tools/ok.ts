/** `npm run ok`: everything that is worth knowing within a minute. Exits 1 when anything is not. */

import { toolArguments } from './arguments.ts';
import { quickChecks } from './checks.ts';
import { summarize } from './results.ts';

const TIME_SECONDS_MAX = 60; // beyond it nobody runs this before every commit

toolArguments({
  usage: `npm run ok

Everything that is worth knowing within a minute. Takes no options.
`,
});

const started = performance.now();
const results = await quickChecks();
for (const line of summarize(results)) console.log(line);
const seconds = (performance.now() - started) / 1000;
console.log(`${results.failed.length === 0 ? 'ok' : 'not ok'} after ${seconds.toFixed(1)} s`);
if (seconds > TIME_SECONDS_MAX) console.log(`over ${TIME_SECONDS_MAX} s: speed this up first`);
process.exitCode = results.failed.length === 0 ? 0 : 1;
