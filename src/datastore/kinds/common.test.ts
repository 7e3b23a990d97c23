import { describe, expect, it } from 'vitest';
import { problemsOf, resource } from '../../../test/support/resources.ts';

describe('what several kinds share', () => {
  const peer = (spec: object): string[] =>
    problemsOf(resource('BGPPeer', 'p', { peerIP: '10.0.0.9', asNumber: 1, ...spec })).map(
      (item) => `${item.path}: ${item.message}. ${item.remedy}`,
    );

  it('a selector that cannot be read names the character', () => {
    expect(peer({ nodeSelector: "rack = 'a'" })).toEqual([
      "spec.nodeSelector: Not a selector: Unexpected =: equality is written == (character 6). Write e.g. rack == 'a' && has(gpu)",
    ]);
  });

  it('AS 0 is no AS number (RFC 7607 §2)', () => {
    expect(peer({ localASNumber: 0 })[0]).toContain('spec.localASNumber: Not an AS number');
  });

  it('a restart time has 12 bits (RFC 4724 §3)', () => {
    expect(peer({ maxRestartTime: '4095s' })).toEqual([]);
    expect(peer({ maxRestartTime: '4096s' })[0]).toContain('Write at most 4095s');
  });

  it('a reference to a Secret needs name and key', () => {
    expect(peer({ password: { secretKeyRef: { name: 's' } } })).toEqual([
      'spec.password.secretKeyRef.key: Missing. Key inside the Secret',
    ]);
    expect(peer({ password: { secretKeyRef: { name: 's', key: 'k' } } })).toEqual([]);
  });

  it('host bits are an error in a pool and a warning in a filter', () => {
    const rule = { action: 'Accept', cidr: '10.0.0.1/8', matchOperator: 'In' };
    const [found] = problemsOf(resource('BGPFilter', 'f', { importV4: [rule] }));
    expect(found).toMatchObject({ severity: 'warning', remedy: 'Write 10.0.0.0/8' });
    const [refused] = problemsOf(resource('IPPool', 'p', { cidr: '10.0.0.1/8' }));
    expect(refused).toMatchObject({ severity: 'error', remedy: 'Write 10.0.0.0/8' });
  });
});
