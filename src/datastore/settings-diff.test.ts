/** What a changed setting does to the session it belongs to. */

import { describe, expect, it } from 'vitest';
import { mustPlan, node } from '../../test/support/resources.ts';
import type { PeerSettings } from './peer-settings.ts';
import { diffPlans } from './plan-diff.ts';

const BASE = mustPlan('a', [node('a', '10.0.0.1'), node('b', '10.0.0.2')]);

function changes(before: PeerSettings | undefined, after: PeerSettings | undefined) {
  const withSettings = (settings: PeerSettings | undefined) => ({
    ...BASE,
    peers: BASE.peers.map((peer) => (settings === undefined ? peer : { ...peer, settings })),
  });
  return diffPlans(withSettings(before), withSettings(after)).map(
    ({ change, reason }) => `${change}: ${reason}`,
  );
}

describe('a setting that changes', () => {
  it('restarts the session where the OPEN tells it, with the reason', () => {
    expect(changes(undefined, { role: 'customer' })).toEqual([
      'restart-peer: role changed: the role is agreed on in the OPEN',
    ]);
    expect(changes({ role: 'customer' }, { role: 'customer', roleStrict: true })).toEqual([
      'restart-peer: roleStrict changed: the role of the peer is checked in its OPEN',
    ]);
  });

  it('has received paths judged again where it says which are used', () => {
    for (const after of [{ asSets: 'accept' }, { limits: { communities: 5 } }] as const) {
      expect(changes({}, after).map((text) => text.split(':')[0])).toEqual([
        'update-peer',
        'reevaluate-import',
      ]);
    }
  });

  it('changes nothing when it is written anew with the same values', () => {
    expect(changes({ limits: { communities: 5 } }, { limits: { communities: 5 } })).toEqual([]);
  });
});
