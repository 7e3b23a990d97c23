import { describe, expect, it } from 'vitest';
import { codesOf } from '../../../test/support/resources.ts';

describe('BGPPeer', () => {
  const wrong: readonly [object, string[]][] = [
    [{}, ['Missing spec.peerIP']],
    [{ peerIP: '10.0.0.1' }, ['Missing spec.asNumber']],
    [{ peerIP: '10.0.0.1', asNumber: 0 }, ['Missing spec.asNumber']],
    [{ peerSelector: 'all()', asNumber: 1 }, ['Exclusive spec.asNumber']],
    [
      { peerSelector: 'all()', peerIP: '10.0.0.1', asNumber: 1 },
      ['Exclusive spec.peerIP', 'Exclusive spec.asNumber'],
    ],
    [{ peerIP: '10.0.0.1', asNumber: 1, ttlSecurity: 255 }, ['BadValue spec.ttlSecurity']],
    [{ peerIP: '10.0.0.1', asNumber: 1, reachableBy: '::1' }, ['BadValue spec.reachableBy']],
    [
      { peerIP: '10.0.0.1', asNumber: 1, keepOriginalNextHop: true, nextHopMode: 'Self' },
      ['Exclusive spec.keepOriginalNextHop'],
    ],
    [{ peerIP: '10.0.0.1', asNumber: 1, maxRestartTime: '2h' }, ['BadValue spec.maxRestartTime']],
    [{ peerIP: '10.0.0.1', asNumber: 1, password: {} }, ['Missing spec.password']],
  ];
  for (const [spec, expected] of wrong) {
    it(`${JSON.stringify(spec)} is refused`, () => {
      expect(codesOf('BGPPeer', spec)).toEqual(expected);
    });
  }

  it('names what is for peers given by peerIP alone beside a peerSelector', () => {
    const spec = { peerSelector: 'all()', localASNumber: 65_001, numAllowedLocalASNumbers: 1 };
    expect(codesOf('BGPPeer', spec)).toEqual([
      'NoEffect spec.localASNumber',
      'NoEffect spec.numAllowedLocalASNumbers',
    ]);
    expect(codesOf('BGPPeer', { ...spec, numAllowedLocalASNumbers: 0 })).toHaveLength(1);
  });
});
