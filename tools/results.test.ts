/** How a run is counted: what is a failure, what is skipped, and what the last line says. */

import { describe, expect, it } from 'vitest';
import { markTitle } from '../test/support/marks.ts';
import { addResults, countResults, readResults, summarize } from './results.ts';

function caseOf(title: string, status: string, ...ancestorTitles: string[]) {
  return { title, status, ancestorTitles, fullName: [...ancestorTitles, title].join(' ') };
}

function report(...assertionResults: ReturnType<typeof caseOf>[]) {
  const failed = assertionResults.some(({ status }) => status === 'failed');
  const status = failed ? 'failed' : 'passed';
  return {
    success: !failed,
    testResults: [{ name: 'a.test.ts', status, message: '', assertionResults }],
  };
}

describe('counting test cases', () => {
  it('counts what passed, failed and was skipped, each with its reason', () => {
    const noIpip = markTitle('tunnels', { kind: 'n/a here', reason: 'no ipip [module]' });
    const noBird = markTitle('BIRD', { kind: 'skipped', reason: 'no bird2' });
    const results = countResults(
      'unit',
      report(
        caseOf('a', 'passed'),
        caseOf('b', 'failed', 'group'),
        caseOf('c', 'skipped', noIpip),
        caseOf('d', 'skipped', 'outer', noBird),
        caseOf('e', 'todo'),
      ),
    );
    expect(results).toEqual({
      passed: 1,
      failed: [{ name: 'group b', reason: 'see above' }],
      skipped: [
        { name: `outer ${noBird} d`, reason: 'no bird2' },
        { name: 'e', reason: 'todo without a reason' },
      ],
      notApplicable: [{ name: `${noIpip} c`, reason: 'no ipip [module]' }],
    });
    expect(summarize(results)).toEqual([
      'failed: group b: see above',
      'skipped (1): no bird2',
      'skipped (1): todo without a reason',
      'n/a here (1): no ipip [module]',
      '1 passed, 1 failed, 2 skipped',
    ]);
  });

  it('says of a property how to repeat it', () => {
    const message = [
      'Error: Property failed after 74 tests',
      '{ seed: 7, path: "73:1", endOnFailure: true }',
      'Counterexample: [1]',
      'Shrunk 4 time(s)',
    ].join('\n');
    const one = { ...caseOf('holds', 'failed'), failureMessages: [message] };
    const [line] = summarize(countResults('unit', report(one)));
    expect(line).toBe(`failed: holds: ${message.split('\n').slice(0, 3).join(' ')}`);
  });

  it('says of a failure the first line of what it said itself', () => {
    const why = { failureMessages: ['Error: Waited 20 ms for rain\n    at a.test.ts:1:1'] };
    const results = countResults('unit', report({ ...caseOf('b', 'failed'), ...why }));
    expect(results.failed).toEqual([{ name: 'b', reason: 'Error: Waited 20 ms for rain' }]);
  });

  it('counts a file that could not be loaded as a failure', () => {
    const broken = { name: 'b.test.ts', status: 'failed', message: 'no such module' };
    const results = countResults('unit', {
      success: false,
      testResults: [{ ...broken, assertionResults: [] }],
    });
    expect(results.failed).toEqual([{ name: 'b.test.ts', reason: 'no such module' }]);
  });

  it('counts an error outside any test, and a report that is missing, as failures', () => {
    const outside = { ...report(caseOf('a', 'passed')), success: false };
    expect(countResults('unit', outside).failed).toHaveLength(1);
    expect(readResults('unit', 'no/such/report.json').failed).toHaveLength(1);
  });

  it('adds runs', () => {
    const one = countResults('unit', report(caseOf('a', 'passed')));
    const two = countResults('system', report(caseOf('b', 'failed')));
    expect(summarize(addResults(one, two, one)).at(-1)).toBe('2 passed, 1 failed, 0 skipped');
  });
});
