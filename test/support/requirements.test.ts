/** In which class a test that cannot run is reported, and that real probes answer with a reason. */

import { describe, expect, it } from 'vitest';
import { markTitle, readMark } from './marks.ts';
import { NOT_APPLICABLE } from './not-applicable.ts';
import { judge, requires } from './requirements.ts';

describe('requirements', () => {
  it('a test that lacks nothing runs', () => {
    expect(judge([])).toEqual({ runs: true });
    expect(requires()).toEqual({ runs: true });
  });

  it('is n/a only when the machine stands behind every lack, in its own words', () => {
    const noIpip = { reason: 'ip said no', machine: 'this kernel has no ipip' };
    const noBird = { reason: 'no bird2', machine: undefined };
    expect(judge([noIpip])).toEqual({
      runs: false,
      kind: 'n/a here',
      reason: 'this kernel has no ipip',
    });
    expect(judge([noIpip, noBird])).toEqual({
      runs: false,
      kind: 'skipped',
      reason: 'this kernel has no ipip; no bird2',
    });
  });

  it('probes say root exactly when we are', () => {
    const verdict = requires('root');
    if (process.getuid?.() === 0) expect(verdict).toEqual({ runs: true });
    else expect(verdict).toEqual({ runs: false, kind: 'skipped', reason: 'not root' });
  });

  it('the reviewed list names each requirement once', () => {
    const names = NOT_APPLICABLE.map(({ requirement }) => requirement);
    expect(new Set(names).size).toBe(names.length);
  });

  it('a mark is read back from whichever title carries it', () => {
    const mark = { kind: 'skipped', reason: 'no bird2: run `npm run peers` [now]' } as const;
    expect(readMark(['outer', markTitle('BIRD', mark), 'inner'])).toEqual(mark);
    expect(readMark(['a title with [brackets]', 'skipped: but unmarked'])).toBeUndefined();
  });
});
