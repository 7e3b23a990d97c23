/** Documents by task: rows are bound to tests that are there, names to what the program has, examples to what it plans. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EVENT_ROWS } from '../src/api/event-text.ts';
import { LOG_ROWS } from '../src/daemon/log-lines.ts';
import { parseYamlFile } from '../src/io/yaml-documents.ts';
import { SCENARIOS } from '../src/sim/scenarios.ts';
import { REPOSITORY } from '../tools/cache-dir.ts';
import { node, planOf } from './support/resources.ts';

const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');

const ALERTS = (
  parse(read('config/prometheus/godwit.rules.yml')) as { groups: { rules: { alert: string }[] }[] }
).groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));

describe('docs/failure-scenarios.md', () => {
  const rows = read('docs/failure-scenarios.md')
    .split('\n')
    .filter((line) => /^\| (?!what breaks|---)/.test(line))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()));

  it('has a row for many things, none with an empty cell', () => {
    expect(rows.length).toBeGreaterThan(35);
    for (const row of rows) expect([row[0], row.length]).toEqual([row[0], 4]);
    for (const cell of rows.flat()) expect(cell).not.toBe('');
  });

  it.each(rows)('%s: names events and alerts that there are: %s', (_what, seen) => {
    const names = [...seen!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
    const known = [...Object.keys(EVENT_ROWS), ...Object.keys(LOG_ROWS), ...ALERTS];
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  });

  it.each(rows)(
    '%s is shown by a test or a scenario that is there',
    (what, _seen, _does, shown) => {
      const scenario = /^`npm run sim -- --scenario (\w+)`$/.exec(shown!)?.[1];
      if (scenario !== undefined) {
        expect(SCENARIOS).toContain(scenario);
        return;
      }
      const [, path, title] = /^`([^`]+\.test\.ts)`: (.+)$/.exec(shown!) ?? [];
      expect([what, path !== undefined && existsSync(join(REPOSITORY, path))]).toEqual([
        what,
        true,
      ]);
      expect([what, read(path!).includes(`'${title}'`)]).toEqual([what, true]);
    },
  );

  it('has each alert that tells of a failure', () => {
    const named = new Set(
      [
        ...rows
          .flat()
          .join(' ')
          .matchAll(/`(Godwit\w+)`/g),
      ].map((m) => m[1]!),
    );
    const others = ['GodwitNotReady', 'GodwitAllSessionsDown', 'GodwitKernelNotProven'];
    const more = ['GodwitKernelSlow'];
    const missing = ALERTS.filter((alert) => !named.has(alert));
    expect(missing.sort()).toEqual([...others, ...more].sort());
  });
});

describe('docs/services.md', () => {
  const text = read('docs/services.md');
  const yaml = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)]
    .map((match) => match[1]!)
    .join('---\n');
  const lists = [...text.matchAll(/^```text\n(.*?)^```$/gms)].map((match) =>
    match[1]!.trim().split('\n'),
  );

  it.each([
    ['node-a', 0],
    ['node-b', 1],
  ] as const)('%s announces what the page says', (name, index) => {
    const parsed = parseYamlFile('services.yaml', yaml);
    if (!parsed.ok) throw new Error(parsed.error.message);
    const nodes = [node('node-a', '10.0.0.1'), node('node-b', '10.0.0.2')];
    const { plan, problems } = planOf(name, [
      ...nodes,
      ...parsed.documents.map(({ value }) => value),
    ]);
    expect(problems).toEqual([]);
    const announced = plan!.originated.filter(({ source }) => source === 'service');
    expect(announced.map(({ prefix }) => prefix).sort()).toEqual(lists[index]);
  });
});

describe('docs of the service', () => {
  const pages = ['docs/install-systemd.md', 'docs/maintenance.md', 'docs/monitoring.md'];
  const named = pages.flatMap((page) =>
    [...read(page).matchAll(/systemctl (?:[a-z]+ )(?:--\w+ )?([\w@.-]+)/g)].map((m) => [
      page,
      m[1]!,
    ]),
  );

  it.each(named)('%s names a unit that there is: %s', (_page, unit) => {
    expect(existsSync(join(REPOSITORY, `config/systemd/${unit}.service`))).toBe(true);
  });

  it('name it somewhere', () => expect(named.length).toBeGreaterThan(3));
});

describe('docs/README.md', () => {
  it('leads to every document', () => {
    const index = read('docs/README.md');
    const pages = readdirSync(join(REPOSITORY, 'docs'), {
      recursive: true,
      encoding: 'utf8',
    }).filter(
      (name) => name.endsWith('.md') && name !== 'README.md' && !/^(decisions|tor)\//.test(name),
    );
    expect(pages.filter((page) => !index.includes(`(${page})`))).toEqual([]);
  });
});
