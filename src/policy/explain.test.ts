import { describe, expect, it } from 'vitest';
import { ATTRIBUTES, policySubject } from '../../test/support/run-policy.ts';
import { explainPolicy } from './explain.ts';
import type { PolicySubject } from './subject.ts';
import type { Action, Condition, Policy, Statement } from './types.ts';

function subject(text: string, over: Partial<PolicySubject> = {}): PolicySubject {
  return policySubject(text, { attributes: ATTRIBUTES, peerType: 'ebgp', ...over });
}

function statement(
  conditions: readonly Condition[],
  verdict?: 'accept' | 'reject',
  actions: readonly Action[] = [],
): Statement {
  const name = verdict ?? 'act';
  return { name, conditions, actions, ...(verdict === undefined ? {} : { verdict }) };
}

function policy(...statements: readonly Statement[]): Policy {
  return { name: 'test', statements, otherwise: 'reject' };
}

describe('explanation', () => {
  it('names the clause that decided and why those before it did not', () => {
    const explained = explainPolicy(
      policy(
        statement([{ kind: 'source', source: 'block' }], 'reject'),
        statement([], undefined, [{ kind: 'setLocalPref', value: 5 }]),
        statement([{ kind: 'localPref', operator: 'below', value: 6 }], 'accept'),
        statement([], 'reject'),
      ),
      subject('10.0.0.0/24'),
    );
    expect(explained.accept).toBe(true);
    expect(explained.decidedBy).toBe('accept');
    expect(explained.steps).toEqual([
      { statement: 'reject', applied: false, because: 'not: source is block', did: [] },
      { statement: 'act', applied: true, because: undefined, did: ['set LOCAL_PREF 5'] },
      { statement: 'accept', applied: true, because: undefined, did: ['accept'] },
    ]);
  });
});
