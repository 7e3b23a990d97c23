/** Equal policies are one object: peers that have them share an update group. */

import { describe, expect, it } from 'vitest';
import type { Policy } from '../policy/types.ts';
import { Policies } from './policies.ts';

const accept = (): Policy => ({ name: 'all', statements: [], otherwise: 'accept' });
const reject = (): Policy => ({ name: 'none', statements: [], otherwise: 'reject' });

describe('compiled policies', () => {
  it('are one object for equal policies and another for others', () => {
    const policies = new Policies();
    expect(policies.compiled(accept())).toBe(policies.compiled(accept()));
    expect(policies.compiled(reject())).not.toBe(policies.compiled(accept()));
  });

  it('stay the same object while a plan uses them, and are forgotten when none does', () => {
    const policies = new Policies();
    const kept = policies.compiled(accept());
    const gone = policies.compiled(reject());
    policies.keepOnly([accept()]);
    expect(policies.compiled(accept())).toBe(kept);
    expect(policies.compiled(reject())).not.toBe(gone);
  });
});
