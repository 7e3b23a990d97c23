/**
 * Is the load generator the bottleneck? Two shares of each rival's wall time say it: the wall time of the null relay,
 * which is the harness with nothing behind it, and the CPU that the generator itself used against that rival.
 */

import { GENERATOR_CPU, type Summary } from './summary.ts';

/** Above it a rival may have waited for the harness: what it could do alone is not known. */
const SHARE_MAX = 0.5;

/** A line a scenario, with a warning for each rival that comes too near. */
export function checkGenerator(summaries: readonly Summary[]): string[] {
  return summaries.flatMap((cpu) => {
    if (!cpu.figure.endsWith(GENERATOR_CPU)) return [];
    const figure = `${cpu.figure.slice(0, -GENERATOR_CPU.length)} s`;
    const wall = summaries.find((one) => one.scenario === cpu.scenario && one.figure === figure);
    return wall === undefined ? [] : [line(wall, cpu)];
  });
}

function line(wall: Summary, cpu: Summary): string {
  const relay = wall.rivals['relay']?.median;
  const near: string[] = [];
  const shares = Object.entries(wall.rivals)
    .filter(([rival]) => rival !== 'relay')
    .map(([rival, { median }]) => {
      const own = (cpu.rivals[rival]?.median ?? 0) / median;
      const relayed = relay === undefined ? 0 : relay / median;
      if (Math.max(own, relayed) > SHARE_MAX) near.push(rival);
      const parts = relay === undefined ? percent(own) : `${percent(relayed)} / ${percent(own)}`;
      return `${rival} ${parts}`;
    });
  const measure = relay === undefined ? 'generator CPU' : 'relay wall / generator CPU';
  const what = `${wall.scenario}, ${wall.figure.replace(/ s$/, '')}: ${measure} of wall: ${shares.join(', ')}`;
  if (near.length === 0) return `ok   ${what}`;
  return `WARN ${what}: ${near.join(', ')} may wait for the harness`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
