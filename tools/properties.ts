/** `npm run properties`: the properties of every `*.prop.test.ts`, many more times than by day and with new cases. */

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { refuseArguments, toolArguments } from './arguments.ts';
import { REPOSITORY } from './cache-dir.ts';

const USAGE = `npm run properties -- [options] [NAME…]

Tries the properties of all *.prop.test.ts many times as often as npm run ok does, with new cases each time. What fails is
printed with its seed and path, and the line that tries it again. With NAMEs only the files that have one in their path.
Exit code 1: one failed.

  --factor N  so many times the cases of a day (default 30: some two minutes on two cores)
  --seed N    of the cases (default: of the clock; by day it is always the same)
  --help      this text
`;

const { values, positionals: names } = toolArguments({
  usage: USAGE,
  options: { factor: { type: 'string', default: '30' }, seed: { type: 'string' } },
  allowPositionals: true,
});
const factor = whole('factor', values.factor);
const seed = whole('seed', values.seed ?? String(Date.now() % 2 ** 31));

const files = globSync('src/**/*.prop.test.ts', { cwd: REPOSITORY }).filter(
  (file) => names.length === 0 || names.some((name) => file.includes(name)),
);
if (files.length === 0)
  refuseArguments(`No file of properties has ${names.join(' or ')} in its path`, USAGE);

const again = ['npm run properties --', `--factor ${factor}`, `--seed ${seed}`, ...names].join(' ');
console.log(`properties: ${factor} times the cases of a day, seed ${seed}`);
const vitest = join(REPOSITORY, 'node_modules/vitest/vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'unit', ...files], {
  cwd: REPOSITORY,
  stdio: 'inherit',
  env: {
    ...process.env,
    GODWIT_PROPERTY_FACTOR: String(factor),
    GODWIT_PROPERTY_SEED: String(seed),
  },
});
if (status !== 0) console.log(`again: ${again}`);
process.exitCode = status === 0 ? 0 : 1;

function whole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  return refuseArguments(`--${name} ${text}: write a whole number of at least 1`, USAGE);
}
