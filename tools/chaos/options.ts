/** What `npm run chaos` can be told, and its help. */

import { parseArgs } from 'node:util';

export const HELP = `npm run chaos -- [options]

A real godwitd on a real kernel, in network namespaces, while somebody at random deletes, changes and shadows its
routes, takes their keys, flushes tables, overflows its event socket, pulls links, makes, renames and removes tunl0,
moves blocks, and kills it. At every quiet point the kernel holds what the neighbor announces, no route of others was
touched, and the log explains each repair. Exit code 1: it was not so, with the line that repeats it.

  --seed N      the same seed acts in the same order (default 1)
  --minutes N   how long (default 1); may be a fraction
  --help        this text
`;

export interface Options {
  readonly seed: number;
  readonly minutes: number;
  readonly help: boolean;
}

/** @throws {TypeError} with a sentence for who wrote the arguments. */
export function optionsFrom(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  const seed = Number(values.seed);
  const minutes = Number(values.minutes);
  if (!Number.isInteger(seed) || seed < 0) throw new TypeError('--seed is a whole number');
  if (!(minutes > 0 && minutes <= 1440)) throw new TypeError('--minutes is a number up to 1440');
  return { seed, minutes, help: values.help };
}
