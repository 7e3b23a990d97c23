/**
 * What vitest's JSON report says, counted in test cases: passed, failed, skipped, n/a here.
 * Invariant: a report that is missing, or a file that could not be loaded, counts as a failure.
 */

import { existsSync, readFileSync } from 'node:fs';
import { readMark } from '../test/support/marks.ts';

export interface Case {
  readonly name: string;
  readonly reason: string;
}
export interface Results {
  readonly passed: number;
  readonly failed: readonly Case[];
  readonly skipped: readonly Case[];
  readonly notApplicable: readonly Case[];
}

interface Report {
  /** False also for errors outside any test. */
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

const REASON_CHARACTERS_MAX = 300;
/** Of a property: that it failed, seed and path, the counterexample. Without them a seed of chance is lost. */
const PROPERTY_LINES = 3;
const PROPERTY_CHARACTERS_MAX = 1500;

export const NO_RESULTS: Results = { passed: 0, failed: [], skipped: [], notApplicable: [] };

/** Reads what `vitest --reporter=json --outputFile.json=path` wrote; `run` names it in failures. */
export function readResults(run: string, path: string): Results {
  if (!existsSync(path)) {
    return { ...NO_RESULTS, failed: [{ name: run, reason: 'vitest wrote no report' }] };
  }
  return countResults(run, JSON.parse(readFileSync(path, 'utf8')) as Report);
}

export function countResults(run: string, report: Report): Results {
  let passed = 0;
  const failed: Case[] = [];
  const skipped: Case[] = [];
  const notApplicable: Case[] = [];
  for (const file of report.testResults) {
    const cases = file.assertionResults;
    if (file.status === 'failed' && !cases.some(({ status }) => status === 'failed')) {
      failed.push({ name: file.name, reason: file.message || 'the file could not be run' });
    }
    for (const { status, fullName, ancestorTitles, title, failureMessages } of cases) {
      if (status === 'passed') passed++;
      else if (status === 'failed') {
        failed.push({ name: fullName, reason: reasonOf(failureMessages?.[0]) ?? 'see above' });
      } else {
        const mark = readMark([...ancestorTitles, title]);
        const reason = mark?.reason ?? `${status} without a reason`;
        const list = mark?.kind === 'n/a here' ? notApplicable : skipped;
        list.push({ name: fullName, reason });
      }
    }
  }
  // An error outside any test (an unhandled rejection, a bad option) fails the run all the same.
  if (!report.success && failed.length === 0) {
    failed.push({ name: run, reason: 'an error outside any test: see above' });
  }
  return { passed, failed, skipped, notApplicable };
}

/** Who reads only the end of a long output is to know why as well. */
function reasonOf(message: string | undefined): string | undefined {
  if (message?.includes('Property failed') === true) {
    const lines = message.split('\n', PROPERTY_LINES);
    return lines.join(' ').slice(0, PROPERTY_CHARACTERS_MAX);
  }
  return message?.split('\n', 1)[0]?.slice(0, REASON_CHARACTERS_MAX);
}

export function addResults(...all: readonly Results[]): Results {
  return {
    passed: all.reduce((sum, results) => sum + results.passed, 0),
    failed: all.flatMap((results) => results.failed),
    skipped: all.flatMap((results) => results.skipped),
    notApplicable: all.flatMap((results) => results.notApplicable),
  };
}

/** The lines that end a run; the last is `N passed, N failed, N skipped`. */
export function summarize(results: Results): string[] {
  const lines: string[] = [];
  const list = (heading: string, cases: readonly Case[]): void => {
    const byReason = new Map<string, number>();
    for (const { reason } of cases) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
    for (const [reason, count] of byReason) lines.push(`${heading} (${count}): ${reason}`);
  };
  for (const { name, reason } of results.failed) lines.push(`failed: ${name}: ${reason}`);
  list('skipped', results.skipped);
  list('n/a here', results.notApplicable);
  const { passed, failed, skipped } = results;
  lines.push(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  return lines;
}
