import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const flags = readFileSync(join(ROOT, 'bin/node-flags'), 'utf8').trim().split(' ');

/** Bits of `%GetOptimizationStatus`: compiled by Maglev, or by TurboFan. */
const COMPILED = (1 << 5) | (1 << 6);

/** The daemon's own words for what it is asked at a scrape. */
const SCRAPE = `
  const view = new Speaker({ seed: 2, kernelEnabled: true, restarting: false, now: 1.5 }).view;
  const cell = new HistogramCell([1]);
  const host = {
    cpuSeconds: 0, residentOctets: 0, heapOctets: 0, loopLagSecondsMax: 0, loopDelays: cell, loopTurns: cell, steps: [],
  };
  const metrics = new Metrics();
  for (let i = 0; i < 2; i++) metrics.collect({ view, facts: { version: '', problems: 0 }, host });
`;

type Compiled = Readonly<Record<string, boolean>>;

/**
 * Of methods that every prefix goes through, by name: whether they are compiled after a warm-up and a collection, and after
 * somebody has asked for metrics then.
 */
function compiledAfter(kept: 'kept' | 'dropped'): { collection: Compiled; scrape: Compiled } {
  const program = `
    import { Metrics } from './src/api/metrics.ts';
    import { HistogramCell } from './src/base/metrics.ts';
    import { PrefixTable } from './src/net/prefix-table.ts';
    import { AdjRibIn } from './src/rib/adj-rib-in.ts';
    import { Graves } from './src/rib/graves.ts';
    import { Rib } from './src/rib/rib.ts';
    import { UpdatePacker } from './src/rib/update-packer.ts';
    import { Speaker } from './src/speaker/speaker.ts';
    import { warmUp } from './src/daemon/warm-up/warm-up.ts';
    const began = performance.now();
    // On a machine that is busy as many rounds as on one that is not.
    const warmth = warmUp(() => began, { kernelEnabled: true });
    globalThis.warmth = ${kept === 'kept' ? 'warmth' : 'warmth.rounds'};
    setTimeout(() => {
      gc();
      const compiled = (method) => (%GetOptimizationStatus(method) & ${COMPILED}) !== 0;
      const all = () => ({
        warm: compiled(PrefixTable.prototype.warm),
        announce: compiled(AdjRibIn.prototype.announce),
        settle: compiled(Rib.prototype.settle),
        // Whether these are compiled by then depends on V8's version.
        flush: compiled(UpdatePacker.prototype.flush),
        reap: compiled(Graves.prototype.reap),
      });
      const collection = all();
      ${SCRAPE}
      console.log(JSON.stringify({ collection, scrape: all() }));
    }, 100);
  `;
  const answer = execFileSync(
    process.execPath,
    [...flags, '--allow-natives-syntax', '--input-type=module', '--eval', program],
    { cwd: ROOT, encoding: 'utf8' },
  );
  return JSON.parse(answer);
}

describe('What the warm-up has compiled', () => {
  it('stays when the whole heap is collected and when metrics are asked for, as long as its last speaker is kept', () => {
    const { collection, scrape } = compiledAfter('kept');
    expect(collection).toMatchObject({ warm: true, announce: true, settle: true });
    expect(scrape).toEqual(collection);
  }, 30_000);

  it('goes with that speaker, which is why the daemon keeps it', () => {
    expect(Object.values(compiledAfter('dropped').collection)).toContain(false);
  }, 30_000);
});
