import { describe, expect, it } from 'vitest';
import { profile } from '../../test/support/any-profile.ts';
import { mustPlan, node, resource } from '../../test/support/resources.ts';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import type { PeerSettings } from './peer-settings.ts';
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

  it('a changed setting is taken over as its class says', () => {
    const cases: readonly [PeerSettings, string[]][] = [
      [{ timers: { holdTime: 9 } }, ['restart-peer']],
      [{ role: 'customer' }, ['restart-peer']],
      [{ roleStrict: true }, ['restart-peer']],
      [{ authentication: 'ao' }, ['restart-peer']],
      [{ addPath: { receive: false } }, ['restart-peer']],
      [{ addPath: { send: 'none' } }, ['restart-peer']],
      [{ addPath: { send: { best: 2 } } }, ['reevaluate-export']],
      [{ asOverride: true }, ['reevaluate-export']],
      [{ maxPrefixesOut: 5 }, ['reevaluate-export']],
      [{ asSets: 'accept' }, ['reevaluate-import']],
      [{ limits: { communities: 5 } }, ['reevaluate-import']],
      [
        { localAsMigration: { noPrepend: true, replaceAs: true } },
        ['reevaluate-import', 'reevaluate-export'],
      ],
      [{ extendedMessages: true }, ['update-peer']],
      [{ longLivedStaleTime: 60 }, ['update-peer']],
      [{ timers: { connectRetry: 9, idleHoldMax: 60 } }, ['update-peer']],
      [{ fallOver: false, asOverride: true }, ['update-peer', 'reevaluate-export']],
      [{ fallOver: false, role: 'peer' }, ['restart-peer']],
    ];
    for (const [settings, kinds] of cases) {
      expect(changesAfter({ settings })).toEqual(kinds.map((kind) => `${kind} Mesh_10_0_0_2`));
    }
  });

  it('a default that is now written, or written by another, changes nothing of the session', () => {
    const settings = { role: undefined, roleStrict: false, timers: { holdTime: 90 } } as const;
    const written = settings as unknown as PeerSettings;
    expect(changesAfter({ settings: written })).toEqual(['update-peer Mesh_10_0_0_2']);
    expect(changesAfter({ settingsFrom: { role: 'PeerProfile/x' } })).toEqual([
      'update-peer Mesh_10_0_0_2',
    ]);
  });

  it('says which setting restarts a session and why', () => {
    const [first, ...rest] = BASE.peers;
    const settings = { role: 'customer', fallOver: false } as const;
    const next = { ...BASE, peers: [{ ...first!, settings }, ...rest] };
    expect(diffPlans(BASE, next)[0]).toMatchObject({
      reason: 'role changed: the roles are compared in the OPEN',
      fields: ['role', 'fallOver'],
    });
  });

  it('settings of the node and listen ranges change without any named session', () => {
    const settings = { maximumPaths: 4 };
    expect(diffPlans(BASE, { ...BASE, settings })).toEqual([
      {
        change: 'node-settings-changed',
        settings,
        fields: ['maximumPaths'],
        reason: 'maximumPaths of the node changed',
      },
    ]);
    const range = profile('p', { listenRanges: [{ prefix: '10.9.0.0/16', asNumber: 1 }] });
    const { listenRanges } = mustPlan('a', [node('a', '10.0.0.1'), range]);
    const changes = diffPlans(BASE, { ...BASE, listenRanges: listenRanges! });
    expect(changes.map((item) => item.reason)).toEqual([
      'listen ranges changed: none → 10.9.0.0/16',
    ]);
  });
});
