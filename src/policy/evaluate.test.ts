import { describe, expect, it } from 'vitest';
import { ATTRIBUTES, policySubject } from '../../test/support/run-policy.ts';
import { compilePolicy } from './compile.ts';
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

describe('the state of an evaluation', () => {
  it('later statements see what earlier ones did', () => {
    const compiled = compilePolicy(
      policy(
        statement([], undefined, [
          { kind: 'setLocalPref', value: 900 },
          { kind: 'addCommunities', values: [77] },
          { kind: 'addLargeCommunities', values: [[9, 9, 9]] },
          { kind: 'prepend', asns: [65100, 65101] },
        ]),
        statement(
          [
            { kind: 'localPref', operator: 'equal', value: 900 },
            { kind: 'community', value: 77 },
            { kind: 'largeCommunity', value: [9, 9, 9] },
            { kind: 'asPathPrefix', asns: [65100, 65101, 65001] },
          ],
          'accept',
        ),
      ),
    );
    expect(compiled.evaluate(subject('10.0.0.0/24')).accept).toBe(true);
  });

  it('prepending twice puts the later in front, and communities are not doubled', () => {
    const actions: readonly Action[] = [
      { kind: 'prepend', asns: [1, 2] },
      { kind: 'prepend', asns: [3] },
      { kind: 'addCommunities', values: [0xfde80001, 5, 5] },
      {
        kind: 'addLargeCommunities',
        values: [
          [1, 2, 3],
          [4, 5, 6],
          [4, 5, 6],
        ],
      },
    ];
    const verdict = compilePolicy(policy(statement([], 'accept', actions))).evaluate(
      subject('10.0.0.0/24'),
    );
    expect(verdict.prepend).toEqual([3, 1, 2]);
    expect(verdict.addCommunities).toEqual([5]);
    expect(verdict.addLargeCommunities).toEqual([[4, 5, 6]]);
  });

  it('nothing of one evaluation is left in the next', () => {
    const acting = statement([{ kind: 'source', source: 'bgp' }], 'accept', [
      { kind: 'setLocalPref', value: 1 },
      { kind: 'setPreference', value: 2 },
      { kind: 'prepend', asns: [3] },
      { kind: 'addCommunities', values: [4] },
    ]);
    const compiled = compilePolicy(policy(acting));
    compiled.evaluate(subject('10.0.0.0/24'));
    const verdict = compiled.evaluate(subject('10.0.0.0/24', { source: 'block' }));
    expect(verdict).toMatchObject({
      accept: false,
      statement: -1,
      localPref: undefined,
      preference: undefined,
      prepend: [],
      addCommunities: [],
    });
  });
});
