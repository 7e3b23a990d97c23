import { describe, expect, it } from 'vitest';
import { mustPlan, node, resource } from '../../test/support/resources.ts';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { diffPlans } from './plan-diff.ts';
import type { PeerPlan, SpeakerPlan } from './plan-types.ts';

const BASE = mustPlan('a', [
  node('a', '10.0.0.1'),
  node('b', '10.0.0.2'),
  node('c', '10.0.0.3'),
  resource('BlockAffinity', 'x', { node: 'a', cidr: '10.244.1.0/26' }),
]);

/** The changes after peer `Mesh_10_0_0_2` got other values. */
function changesAfter(over: Partial<PeerPlan>): string[] {
  const [first, ...rest] = BASE.peers;
  const next = { ...BASE, peers: [{ ...first!, ...over }, ...rest] };
  return diffPlans(BASE, next).map((change) =>
    'peer' in change ? `${change.change} ${change.peer.name}` : change.change,
  );
}

describe('the difference of two plans', () => {
  it('of equal plans is nothing', () => {
    expect(diffPlans(BASE, structuredClone(BASE))).toEqual([]);
  });

  it('a changed description restarts nothing', () => {
    expect(changesAfter({ origin: 'BGPPeer/b' })).toEqual(['update-peer Mesh_10_0_0_2']);
    expect(changesAfter({ keepaliveTime: 5 })).toEqual(['update-peer Mesh_10_0_0_2']);
    expect(changesAfter({ restartTime: 60 })).toEqual(['update-peer Mesh_10_0_0_2']);
    expect(changesAfter({ passive: true })).toEqual([]); // it is passive already
    expect(changesAfter({ passive: false })).toEqual(['update-peer Mesh_10_0_0_2']);
  });

  it('a changed policy re-runs policy in its direction', () => {
    const policy = { name: 'p', statements: [], otherwise: 'reject' } as const;
    expect(changesAfter({ importPolicy: policy })).toEqual(['reevaluate-import Mesh_10_0_0_2']);
    expect(changesAfter({ exportPolicy: policy })).toEqual(['reevaluate-export Mesh_10_0_0_2']);
    expect(changesAfter({ nextHop: 'self' })).toEqual(['reevaluate-export Mesh_10_0_0_2']);
    expect(changesAfter({ allowLocalAs: 1 })).toEqual(['reevaluate-import Mesh_10_0_0_2']);
  });

  it('what is negotiated or set on the connection restarts that session alone', () => {
    const restarting: Partial<PeerPlan>[] = [
      { localAs: 65000 },
      { remoteAs: 65000 },
      { remotePort: 1179 },
      { localAddress: ip('10.0.0.77') },
      { holdTime: 30 },
      { ttlSecurity: 1 },
      { password: { value: 'x' } },
      { families: ['ipv6-unicast'] },
    ];
    for (const over of restarting)
      expect(changesAfter(over)).toEqual(['restart-peer Mesh_10_0_0_2']);
  });

  it('says why a session is restarted', () => {
    const [first, ...rest] = BASE.peers;
    const next = { ...BASE, peers: [{ ...first!, localAs: 1 }, ...rest] };
    expect(diffPlans(BASE, next)[0]!.reason).toBe(
      'localAs changed: the AS number of this side is part of the OPEN',
    );
  });

  it('a session that is asked for by another resource keeps standing, under its new name', () => {
    const label = { name: 'Global_10_0_0_2', kind: 'global', origin: 'BGPPeer/rr' } as const;
    expect(changesAfter(label)).toEqual(['relabel-peer Global_10_0_0_2']);
    const client = { ...label, rrClient: true, passive: false };
    expect(changesAfter(client)).toEqual([
      'relabel-peer Global_10_0_0_2',
      'update-peer Global_10_0_0_2',
      'reevaluate-export Global_10_0_0_2',
    ]);
    // What would restart it anyway is another session.
    const other = ['remove-peer', 'add-peer Global_10_0_0_2'];
    expect(changesAfter({ ...label, remoteAs: 65_001 })).toEqual(other);
    expect(changesAfter({ ...label, remotePort: 1179 })).toEqual(other);
  });

  it('peers come and go without touching the others', () => {
    const fewer = { ...BASE, peers: BASE.peers.slice(1) };
    expect(diffPlans(BASE, fewer)).toEqual([
      {
        change: 'remove-peer',
        name: 'Mesh_10_0_0_2',
        reason: 'node-to-node mesh with Node/b no longer asks for it',
      },
    ]);
    expect(diffPlans(fewer, BASE)).toEqual([
      { change: 'add-peer', peer: BASE.peers[0], reason: 'node-to-node mesh with Node/b' },
    ]);
  });

  it('a new BGP Identifier restarts every session that stays, a new cluster id none', () => {
    const kinds = (next: SpeakerPlan): string[] => diffPlans(BASE, next).map((item) => item.change);
    expect(kinds({ ...BASE, routerId: ip('9.9.9.9') })).toEqual([
      'local-identity-changed',
      'restart-peer',
      'restart-peer',
    ]);
    expect(kinds({ ...BASE, clusterId: ip('9.9.9.9') })).toEqual([
      'local-identity-changed',
      'reevaluate-import',
      'reevaluate-export',
      'reevaluate-import',
      'reevaluate-export',
    ]);
    expect(kinds({ ...BASE, logLevel: 'debug' })).toEqual(['local-identity-changed']);
  });

  it('pools, listener and blocks change without any session', () => {
    const kernel = { ...BASE.kernel, tunnelDevice: 'tunl1' };
    expect(diffPlans(BASE, { ...BASE, kernel })).toEqual([
      { change: 'kernel-rules-changed', kernel, reason: 'kernel rules changed: tunnelDevice' },
    ]);
    const listen = { port: 1179, addresses: [] };
    expect(diffPlans(BASE, { ...BASE, listen })[0]!.reason).toBe(
      'listen on any address port 1179 instead of any address port 179',
    );
    const other = { ...BASE.originated[0]!, prefix: prefix('10.244.9.0/26') };
    const changes = diffPlans(BASE, { ...BASE, originated: [other] });
    expect(changes.map((item) => item.change)).toEqual(['withdraw', 'originate']);
  });
});
