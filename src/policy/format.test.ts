import { describe, expect, it } from 'vitest';
import { prefix } from '../net/prefix.ts';
import { formatAction, formatCondition, formatStatement } from './format.ts';

describe('policies in words', () => {
  it('each condition', () => {
    const inside = prefix('10.0.0.0/8');
    const lengths = { min: 24, max: 28 };
    expect(formatCondition({ kind: 'prefix', operator: 'notIn', prefix: inside, lengths })).toBe(
      'prefix not inside 10.0.0.0/8 with length 24 to 28',
    );
    expect(formatCondition({ kind: 'insideAny', prefixes: [inside] })).toBe(
      'prefix inside 10.0.0.0/8',
    );
    expect(formatCondition({ kind: 'source', source: 'bgp', negate: true })).toBe(
      'source is not bgp',
    );
    expect(formatCondition({ kind: 'community', value: 0xfde80001 })).toBe(
      'carries community 65000:1',
    );
    expect(formatCondition({ kind: 'largeCommunity', value: [1, 2, 3] })).toBe(
      'carries large community 1:2:3',
    );
    expect(formatCondition({ kind: 'asPathPrefix', asns: [1, 2] })).toBe('AS_PATH starts with 1 2');
    expect(formatCondition({ kind: 'localPref', operator: 'above', value: 5 })).toBe(
      'LOCAL_PREF is above 5',
    );
    expect(formatCondition({ kind: 'peerType', peerType: 'ebgp' })).toBe('peer is eBGP');
  });

  it('each action', () => {
    expect(formatAction({ kind: 'prepend', asns: [1, 2] })).toBe('prepend 1 2');
    expect(formatAction({ kind: 'addCommunities', values: [65536] })).toBe('add communities 1:0');
    expect(formatAction({ kind: 'addLargeCommunities', values: [[1, 2, 3]] })).toBe(
      'add large communities 1:2:3',
    );
    expect(formatAction({ kind: 'setPreference', value: 200 })).toBe('set preference 200');
  });

  it('a statement, always and with conditions', () => {
    expect(formatStatement({ name: 'n', conditions: [], actions: [], verdict: 'reject' })).toBe(
      'n: always → reject',
    );
    const acting = {
      name: 'n',
      conditions: [{ kind: 'interface', pattern: 'e*' }],
      actions: [{ kind: 'setLocalPref', value: 1 }],
    } as const;
    expect(formatStatement(acting)).toBe('n: interface matches e* → set LOCAL_PREF 1, go on');
  });
});
