import { describe, expect, it } from 'vitest';
import { node } from '../../test/support/resources.ts';
import { Metrics } from '../api/metrics.ts';
import { smallCluster, TestDaemon } from '../api/testing/daemon.ts';
import { HistogramCell } from '../base/metrics.ts';
import { metricsText } from './metrics-text.ts';

const CELL = new HistogramCell([1]);
const HOST = {
  cpuSeconds: 1,
  residentOctets: 2,
  heapOctets: 3,
  loopLagSecondsMax: 0,
  loopDelays: CELL,
  loopTurns: CELL,
  steps: [{ input: 'wake', cell: CELL, max: 1 }],
};

describe('The text of metrics', () => {
  it('comes in pieces of little work, however many neighbors there are; the text is the library’s', async () => {
    const others = Array.from({ length: 200 }, (_, i) => node(`n${i}`, `10.0.1.${i + 1}`));
    const daemon = TestDaemon.of([...smallCluster(), ...others]);
    const sources = { view: daemon.view, facts: daemon.facts(), host: HOST };
    const metrics = new Metrics({ mesh: 'each', birdExporter: false });
    const whole = await metrics.collect(sources).metrics();
    const work = metricsText(metrics, sources);
    let pieces = 0;
    let step = await work.next();
    for (; step.done !== true; step = await work.next()) pieces++;
    expect(step.value).toBe(whole);
    const counts = whole.split('\n\n').map((text) => text.trim().split(/\n(?!#)/).length - 1);
    expect(Math.max(...counts)).toBeGreaterThan(2_000);
    // Two a neighbor, to look at it and to tell of it, and 200 samples each, behind what is told of the daemon and of
    // the mesh.
    const ofText = counts.map((count) => Math.max(1, Math.ceil(count / 200)));
    expect(pieces).toBe(2 + 2 * (others.length + 1) + ofText.reduce((sum, count) => sum + count));
  });
});
