import { describe, expect, it } from 'vitest';
import { ATTRIBUTES, policySubject } from '../../test/support/run-policy.ts';
import { prefix } from '../net/prefix.ts';
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

/** Whether one condition holds for a subject. */
function holds(condition: Condition, on: PolicySubject): boolean {
  return compilePolicy(policy(statement([condition], 'accept'))).evaluate(on).accept;
}

describe('prefix conditions', () => {
  const of = (
    operator: 'equal' | 'notEqual' | 'in' | 'notIn',
    text: string,
    lengths?: { min: number; max: number },
  ): Condition => ({
    kind: 'prefix',
    operator,
    prefix: prefix(text),
    ...(lengths === undefined ? {} : { lengths }),
  });

  const cases: readonly [string, Condition, string, boolean][] = [
    ['Equal is the prefix itself', of('equal', '10.1.0.0/16'), '10.1.0.0/16', true],
    ['Equal is not what lies inside', of('equal', '10.1.0.0/16'), '10.1.0.0/17', false],
    ['NotEqual is everything else', of('notEqual', '10.1.0.0/16'), '10.1.0.0/17', true],
    ['NotEqual is not the prefix', of('notEqual', '10.1.0.0/16'), '10.1.0.0/16', false],
    ['In is the prefix itself', of('in', '10.1.0.0/16'), '10.1.0.0/16', true],
    ['In is what lies inside', of('in', '10.1.0.0/16'), '10.1.255.255/32', true],
    ['In is not what contains it', of('in', '10.1.0.0/16'), '10.0.0.0/8', false],
    ['In is not the neighbour', of('in', '10.1.0.0/16'), '10.2.0.0/16', false],
    ['In compares odd bits', of('in', '10.1.0.64/26'), '10.1.0.128/26', false],
    ['In of the default route is everything', of('in', '0.0.0.0/0'), '192.0.2.0/24', true],
    ['In never crosses families', of('in', '::/0'), '192.0.2.0/24', false],
    ['NotIn is the negation', of('notIn', '10.1.0.0/16'), '10.2.0.0/16', true],
    ['In compares all of an IPv6 prefix', of('in', 'fd00:1:2:3::/64'), 'fd00:1:2:4::/64', false],
    ['In finds an IPv6 block', of('in', 'fd00:1:2::/48'), 'fd00:1:2:3::40/122', true],
    ['lengths: within', of('in', '10.0.0.0/8', { min: 24, max: 28 }), '10.9.9.0/24', true],
    ['lengths: too short', of('in', '10.0.0.0/8', { min: 24, max: 28 }), '10.9.0.0/16', false],
    ['lengths: too long', of('in', '10.0.0.0/8', { min: 24, max: 28 }), '10.9.9.9/32', false],
    ['lengths: NotIn', of('notIn', '10.0.0.0/8', { min: 24, max: 28 }), '10.9.0.0/16', true],
  ];
  for (const [title, condition, text, expected] of cases) {
    it(title, () => expect(holds(condition, subject(text))).toBe(expected));
  }

  it('insideAny finds a container among many, also where one lies inside another', () => {
    const prefixes = ['10.0.0.0/8', '10.1.0.0/16', '172.16.0.0/12', 'fd00::/8'].map(prefix);
    const any: Condition = { kind: 'insideAny', prefixes };
    expect(holds(any, subject('10.200.0.0/16'))).toBe(true);
    expect(holds(any, subject('172.31.255.0/24'))).toBe(true);
    expect(holds(any, subject('172.32.0.0/24'))).toBe(false);
    expect(holds(any, subject('0.0.0.0/0'))).toBe(false);
    expect(holds(any, subject('fd12::/16'))).toBe(true);
    expect(holds(any, subject('fe00::/16'))).toBe(false);
  });
});

describe('other conditions', () => {
  const on = subject('10.0.0.0/24');

  it('source is where the route comes from, or anywhere else', () => {
    expect(holds({ kind: 'source', source: 'bgp' }, on)).toBe(true);
    expect(holds({ kind: 'source', source: 'bgp', negate: true }, on)).toBe(false);
    expect(holds({ kind: 'source', source: 'block', negate: true }, on)).toBe(true);
  });

  it('interface is a shell pattern and never holds without an interface', () => {
    const pattern = (text: string): Condition => ({ kind: 'interface', pattern: text });
    const through = (interfaceName: string): PolicySubject => ({ ...on, interfaceName });
    expect(holds(pattern('*.calico'), through('vxlan.calico'))).toBe(true);
    expect(holds(pattern('*.calico'), through('vxlanXcalico'))).toBe(false);
    expect(holds(pattern('eth?'), through('eth0'))).toBe(true);
    expect(holds(pattern('eth?'), through('eth10'))).toBe(false);
    expect(holds(pattern('*'), on)).toBe(false);
  });

  it('peerType, LOCAL_PREF and communities are read from session and attributes', () => {
    expect(holds({ kind: 'peerType', peerType: 'ebgp' }, on)).toBe(true);
    expect(holds({ kind: 'peerType', peerType: 'ibgp' }, on)).toBe(false);
    expect(holds({ kind: 'localPref', operator: 'equal', value: 200 }, on)).toBe(true);
    expect(holds({ kind: 'localPref', operator: 'above', value: 200 }, on)).toBe(false);
    expect(holds({ kind: 'localPref', operator: 'below', value: 201 }, on)).toBe(true);
    expect(holds({ kind: 'community', value: 0xfde80001 | 0 }, on)).toBe(true);
    expect(holds({ kind: 'community', value: 0xfde80002 }, on)).toBe(false);
    expect(holds({ kind: 'largeCommunity', value: [1, 2, 3] }, on)).toBe(true);
    expect(holds({ kind: 'largeCommunity', value: [1, 2, 4] }, on)).toBe(false);
  });

  it('a path without LOCAL_PREF counts as 100', () => {
    const bare = subject('10.0.0.0/24', { attributes: new Uint8Array() });
    expect(holds({ kind: 'localPref', operator: 'equal', value: 100 }, bare)).toBe(true);
  });

  it('asPathPrefix compares in order, and a set is one place that any member fills', () => {
    const starts = (...asns: number[]): boolean => holds({ kind: 'asPathPrefix', asns }, on);
    expect(starts(65001)).toBe(true);
    expect(starts(65001, 65002)).toBe(true);
    expect(starts(65002)).toBe(false);
    expect(starts(65001, 65002, 65011)).toBe(true);
    expect(starts(65001, 65002, 65010, 65003)).toBe(true);
    expect(starts(65001, 65002, 65009)).toBe(false);
    expect(starts(65001, 65002, 65010, 65003, 65004)).toBe(false);
  });
});

describe('a compiled policy', () => {
  it('the first statement with a verdict whose conditions all hold ends it', () => {
    const compiled = compilePolicy(
      policy(
        statement([{ kind: 'source', source: 'block' }], 'reject'),
        statement([], undefined, [{ kind: 'setPreference', value: 7 }]),
        statement([{ kind: 'peerType', peerType: 'ebgp' }], 'accept'),
        statement([], 'reject'),
      ),
    );
    const verdict = compiled.evaluate(subject('10.0.0.0/24'));
    expect(verdict).toMatchObject({ accept: true, statement: 2, preference: 7 });
  });

  it('without a verdict the otherwise holds, as statement −1', () => {
    const verdict = compilePolicy(policy()).evaluate(subject('10.0.0.0/24'));
    expect(verdict).toMatchObject({ accept: false, statement: -1 });
  });

  it('knows whether it looks at prefixes and interfaces', () => {
    const plain = compilePolicy(policy(statement([{ kind: 'peerType', peerType: 'ebgp' }])));
    expect([plain.dependsOnPrefix, plain.dependsOnInterface]).toEqual([false, false]);
    const inside: Condition = { kind: 'insideAny', prefixes: [prefix('10.0.0.0/8')] };
    expect(compilePolicy(policy(statement([inside]))).dependsOnPrefix).toBe(true);
    const through: Condition = { kind: 'interface', pattern: '*' };
    expect(compilePolicy(policy(statement([through]))).dependsOnInterface).toBe(true);
  });

  it('does not depend on what stands behind a statement that decides for every route', () => {
    const inside: Condition = { kind: 'prefix', operator: 'in', prefix: prefix('10.0.0.0/8') };
    const through: Condition = { kind: 'interface', pattern: 'eth*' };
    const rest = [statement([inside], 'reject'), statement([through], 'reject')];
    const decided = compilePolicy(policy(statement([], 'accept'), ...rest));
    expect([decided.dependsOnPrefix, decided.dependsOnInterface]).toEqual([false, false]);
    expect(decided.evaluate(subject('10.1.0.0/16'))).toMatchObject({ accept: true, statement: 0 });
    // One that only acts decides nothing: what follows counts.
    const acted = compilePolicy(policy(statement([]), ...rest));
    expect([acted.dependsOnPrefix, acted.dependsOnInterface]).toEqual([true, true]);
    expect(acted.evaluate(subject('10.1.0.0/16'))).toMatchObject({ accept: false, statement: 1 });
  });
});
