/** What `npm run fuzz` can be told, and its help. */

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { TARGETS, type TargetName } from './action.ts';

export const HELP = `npm run fuzz -- [options]

Damaged messages against framer, decoder, sessions, tables, re-encoding, and everything that is shown of them, until
the time is over, the messages are made, or something is found. Exit code 1: something was found, and written to a
file with the one line that repeats it. What is looked for: docs/fuzzing.md

  --minutes N       how long (default 1; with --messages: as long as it takes)
  --messages N      how many messages, e.g. 100000000
  --seed N          the same seed makes the same messages again (default 1)
  --jobs N          so many processes side by side, with seeds of their own (default: one a core, 4 at most)
  --target NAME     only one of: ${TARGETS.join(', ')}
  --case FILE       play what an earlier run has found
  --help            this text
`;

/** Each takes some 300 MiB. */
const JOBS_MAX = 4;

export interface Options {
  readonly minutes: number;
  readonly messages: number;
  readonly seed: number;
  readonly jobs: number;
  readonly target: TargetName | undefined;
  readonly case: string | undefined;
  readonly help: boolean;
}

/** @throws {TypeError} with a sentence for who wrote the arguments. */
export function optionsFrom(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      messages: { type: 'string' },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string' },
      target: { type: 'string' },
      case: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { target } = values;
  const isEndless = values.messages !== undefined;
  return {
    minutes: positive('minutes', values.minutes, isEndless ? Number.POSITIVE_INFINITY : 1),
    messages: positive('messages', values.messages, Number.POSITIVE_INFINITY),
    seed: positive('seed', values.seed, 1),
    jobs: positive('jobs', values.jobs, Math.min(JOBS_MAX, availableParallelism())),
    target: target === undefined ? undefined : targetFrom(target),
    case: values.case,
    help: values.help,
  };
}

function positive(name: string, written: string | undefined, otherwise: number): number {
  if (written === undefined) return otherwise;
  const value = Number(written);
  if (Number.isFinite(value) && value > 0) return value;
  throw new TypeError(`--${name} ${written}: write a number above 0`);
}

function targetFrom(written: string): TargetName {
  const target = TARGETS.find((name) => name === written);
  if (target !== undefined) return target;
  throw new TypeError(`--target ${written}: it is one of ${TARGETS.join(', ')}`);
}
