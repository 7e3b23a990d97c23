import { describe, expect, it } from 'vitest';
import { shownValue } from './shown-value.ts';

describe('a value in a message', () => {
  it('is repeated so that it can be recognised, cut where it is long', () => {
    expect(shownValue(['spec', 'asNumber'], 'abc')).toBe('abc');
    expect(shownValue(['spec', 'asNumber'], [1])).toBe('[1]');
    expect(shownValue(['spec', 'peerIP'], 'x'.repeat(100))).toBe(`${'x'.repeat(79)}…`);
  });

  it('is not repeated where a secret stands, or is written by mistake', () => {
    for (const path of [
      ['datastore', 'password'],
      ['datastore', 'passwordFile'],
      ['datastore', 'tls', 'key'],
      ['spec', 'password', 'secretKeyRef'],
      ['stringData'],
      ['data', 'x'],
      ['datastore', 'authToken'],
    ]) {
      expect([path, shownValue(path, 'hush')]).toEqual([path, undefined]);
    }
  });

  it('loses what is secret inside it', () => {
    expect(shownValue(['spec'], { asNumber: 1, password: { key: 'hush' } })).toBe(
      '{"asNumber":1,"password":"…"}',
    );
    expect(shownValue(['spec'], [{ stringData: { a: 'hush' } }])).not.toContain('hush');
    expect(shownValue(['datastore', 'endpoints', 0], 'http://root:hush@etcd-1:2379')).toBe(
      'http://…@etcd-1:2379',
    );
  });
});
