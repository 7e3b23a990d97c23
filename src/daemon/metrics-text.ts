/**
 * Prometheus' text of a registry in pieces: with five hundred neighbors told one by one it is a megabyte, and prom-client
 * makes it in one turn of the loop, 60 ms in which no peer is heard.
 */

import type { Metric } from 'prom-client';
import Registry from 'prom-client/lib/registry.js';
import type { MetricSources, Metrics } from '../api/metrics.ts';

/** Samples whose text is made between two yields: half a millisecond of them. */
const SAMPLES_PER_PIECE = 200;

/** What `metrics.collect(sources).metrics()` gives, to the octet; who asks may let others have their turn at each yield. */
export async function* metricsText(
  metrics: Metrics,
  sources: MetricSources,
): AsyncGenerator<undefined, string> {
  const registry = yield* metrics.fill(sources);
  const texts: string[] = [];
  for (const { name } of registry.getMetricsAsArray()) {
    texts.push(yield* textOf(registry.getSingleMetric(name)!));
  }
  return `${texts.join('\n\n')}\n`;
}

async function* textOf(metric: Metric): AsyncGenerator<undefined, string> {
  const { values, ...head } = await metric.get();
  const pieces: string[] = [];
  for (let at = 0; at === 0 || at < values.length; at += SAMPLES_PER_PIECE) {
    const some = values.slice(at, at + SAMPLES_PER_PIECE);
    const registry = new Registry();
    // A registry asks of a metric no more than this.
    const part = { name: head.name, get: async () => ({ ...head, values: some }) };
    registry.registerMetric(part as unknown as Metric);
    const text = (await registry.metrics()).trimEnd();
    pieces.push(at === 0 ? text : withoutHead(text));
    yield;
  }
  return pieces.join('\n');
}

/** HELP and TYPE, a line each, stand before the first sample of a metric only. */
function withoutHead(text: string): string {
  return text.slice(text.indexOf('\n', text.indexOf('\n') + 1) + 1);
}
