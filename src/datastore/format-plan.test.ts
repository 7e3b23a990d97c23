/** Plans of whole sets of resources against text that a person has read; UPDATE_GOLDEN=1 rewrites it. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FILE_OPTIONS, yaml } from '../../test/support/resources.ts';
import { formatConfigError } from '../base/errors.ts';
import { formatPlan } from './format-plan.ts';
import { NO_LAST_GOOD, settle } from './last-good.ts';
import { planFor } from './plan.ts';

const DIRECTORY = join(import.meta.dirname, '../../test/fixtures/plans');
const names = readdirSync(DIRECTORY).filter((name) => name.endsWith('.yaml'));

describe('golden plans', () => {
  for (const name of names) {
    it(`${name} gives the plan written beside it`, () => {
      const text = readFileSync(join(DIRECTORY, name), 'utf8');
      const own = /^# node: (\S+)/.exec(text)![1]!;
      const settled = settle(NO_LAST_GOOD, { documents: yaml(text, name), broken: [] });
      const { plan, problems } = planFor(own, settled.resources, FILE_OPTIONS);
      const found = [...settled.problems, ...problems.map(settled.locate)];
      const notes = found
        .map((item) => `# ${item.severity}: ${formatConfigError(item)}\n`)
        .join('');
      const actual = `${notes}${plan === undefined ? '# no plan\n' : formatPlan(plan)}`;
      const golden = join(DIRECTORY, name.replace(/\.yaml$/, '.plan.txt'));
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, actual);
      expect(actual).toBe(readFileSync(golden, 'utf8'));
    });
  }

  it('covers more than one set of resources', () => {
    expect(names.length).toBeGreaterThan(2);
  });
});
