/**
 * How often a property is tried. By day the same cases every time, so that whoever breaks one is told; at night many times as
 * many, with cases of their own (`npm run properties`).
 */

/** Of fast-check, which names the seed of what failed. */
export interface Runs {
  readonly numRuns: number;
  readonly seed: number;
}

const FACTOR = Number(process.env['GODWIT_PROPERTY_FACTOR'] ?? 1);
const SEED = Number(process.env['GODWIT_PROPERTY_SEED'] ?? 20_261_127);

/** @param byDay  Cases that take some tenths of a second together. */
export function runs(byDay: number): Runs {
  return { numRuns: byDay * FACTOR, seed: SEED };
}
