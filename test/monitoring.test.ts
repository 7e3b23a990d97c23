/** Alerts and dashboards speak of metrics that the daemon has, and promtool finds nothing wrong with either. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { METRICS } from '../src/api/metrics.ts';
import type { MetricSpec } from '../src/base/metrics.ts';
import { REPOSITORY } from '../tools/cache-dir.ts';
import { run } from '../tools/fabric/process.ts';
import { describeWith } from './support/requirements.ts';

const RULES = 'config/prometheus/godwit.rules.yml';
const RULE_TESTS = 'config/prometheus/godwit.rules.test.yml';
const DASHBOARD = 'config/grafana/godwit.json';

const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');

const SAMPLES = new Set(
  Object.entries<MetricSpec>(METRICS).flatMap(([name, { type }]) =>
    type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name],
  ),
);

function unknownNames(expression: string): string[] {
  const names = expression.match(/\b(?:godwit|bgp)_[a-z0-9_]+/g) ?? [];
  return names.filter((name) => !SAMPLES.has(name));
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Panel {
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number };
  readonly targets: readonly { readonly expr: string }[];
}

const rules = (parse(read(RULES)) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const { panels } = JSON.parse(read(DASHBOARD)) as { readonly panels: readonly Panel[] };

describe('alert rules', () => {
  it.each(rules)('$alert speaks of metrics that there are', ({ expr }) => {
    expect(unknownNames(expr)).toEqual([]);
  });

  it.each(rules)('$alert says what happened where', ({ annotations }) => {
    expect(annotations['summary']).toContain('$labels.instance');
  });
});

describe('the dashboard', () => {
  it.each(panels)('panel "$title" shows metrics that there are', ({ targets }) => {
    expect(targets.flatMap(({ expr }) => unknownNames(expr))).toEqual([]);
  });

  it('has no two panels in one place', () => {
    const places = panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`);
    expect(new Set(places).size).toBe(places.length);
    expect(panels.every(({ gridPos }) => gridPos.x + gridPos.w <= 24)).toBe(true);
  });
});

describeWith(['promtool'], 'promtool', () => {
  it.each([
    ['check', RULES],
    ['test', RULE_TESTS],
  ])('has no complaint: %s rules %s', async (verb, path) => {
    const { code, stdout, stderr } = await run(
      ['promtool', verb, 'rules', join(REPOSITORY, path)],
      {
        timeoutMs: 30_000,
      },
    );
    expect({ code, said: stdout + stderr }).toMatchObject({ code: 0 });
  });
});
