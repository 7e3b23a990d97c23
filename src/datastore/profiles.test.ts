/** Which profile says what of which session, and what becomes of it in the plan. */

import { describe, expect, it } from 'vitest';
import { profile } from '../../test/support/any-profile.ts';
import { mustPlan, node, peerNamed, planOf, resource } from '../../test/support/resources.ts';
import type { PeerPlan, SpeakerPlan } from './plan-types.ts';

const CLUSTER = [
  node('a', '10.0.0.1', { ipv6Address: 'fd00::1/64' }, { rack: 'x' }),
  node('b', '10.0.0.2'),
  resource('BGPPeer', 'tor', { peerIP: '10.0.0.254', asNumber: 64601 }, { tier: 'tor' }),
  resource('BGPPeer', 'rr', { node: 'a', peerIP: '10.0.1.7', asNumber: 64512 }),
];
const MESH = 'Mesh_10_0_0_2';
const TOR = 'Global_10_0_0_254';
const RR = 'Node_10_0_1_7';

function planWith(...profiles: readonly unknown[]): SpeakerPlan {
  return mustPlan('a', [...CLUSTER, ...profiles]);
}

/** Names of the sessions that a profile with this selection selects. */
function selected(spec: object): string[] {
  const plan = planWith(profile('p', { ...spec, settings: { role: 'customer' } }));
  return plan.peers.filter((peer) => peer.settings !== undefined).map((peer) => peer.name);
}

describe('a profile selects', () => {
  const cases: readonly [object, string[]][] = [
    [{}, [TOR, MESH, RR]],
    [{ nodeSelector: "rack == 'x'" }, [TOR, MESH, RR]],
    [{ nodeSelector: "rack == 'y'" }, []],
    [{ sessions: { kinds: ['mesh'] } }, [MESH]],
    [{ sessions: { kinds: ['global', 'node'] } }, [TOR, RR]],
    [{ sessions: { kinds: ['dynamic'] } }, []],
    [{ sessions: { peers: ['tor', 'rr'] } }, [TOR, RR]],
    [{ sessions: { peerSelector: "tier == 'tor'" } }, [TOR]],
    [{ sessions: { peerSelector: 'all()' } }, [TOR, RR]],
    [{ sessions: { asNumbers: ['external'] } }, [TOR]],
    [{ sessions: { asNumbers: ['internal'] } }, [MESH, RR]],
    [{ sessions: { asNumbers: [64512] } }, [MESH, RR]],
    [{ sessions: { prefixes: ['10.0.0.0/24'] } }, [TOR, MESH]],
    [{ sessions: { prefixes: ['10.0.0.2', '10.0.1.7'] } }, [MESH, RR]],
    [{ sessions: { prefixes: ['10.0.0.0/24'], asNumbers: ['internal'] } }, [MESH]],
  ];
  for (const [spec, names] of cases) {
    it(`${JSON.stringify(spec)}: ${names.join(', ') || 'nothing'}`, () => {
      expect(selected(spec)).toEqual(names);
    });
  }
});

describe('of several profiles', () => {
  const general = profile('general', {
    order: 10,
    settings: { role: 'peer', timers: { holdTime: '30s', connectRetry: '9s' } },
  });
  const special = profile('special', {
    order: 5,
    sessions: { peers: ['tor'] },
    settings: { role: 'customer', timers: { holdTime: '9s' } },
  });

  it('each setting is that of the first which has it, and named by it', () => {
    const tor = peerNamed(planWith(general, special), TOR);
    expect(tor.settings).toEqual({
      role: 'customer',
      timers: { holdTime: 9, connectRetry: 9 },
    });
    expect(tor.settingsFrom).toEqual({
      asNumber: 'BGPPeer/tor',
      role: 'PeerProfile/special',
      'timers.holdTime': 'PeerProfile/special',
      'timers.connectRetry': 'PeerProfile/general',
    });
    expect(tor.holdTime).toBe(9);
    expect(peerNamed(planWith(general, special), RR).settings!.role).toBe('peer');
  });

  it('of equal order the first by name counts', () => {
    const two = [
      profile('b', { settings: { role: 'peer' } }),
      profile('a', { settings: { role: 'customer' } }),
    ];
    expect(peerNamed(planWith(...two), TOR).settings!.role).toBe('customer');
  });

  it('sessions that the same ones select share one object', () => {
    const plan = planWith(general, special);
    expect(peerNamed(plan, MESH).settings).toBe(peerNamed(plan, RR).settings);
  });

  it('what cannot be together is a warning that names the setting', () => {
    const slow = profile('slow', { settings: { timers: { keepaliveTime: '30s' } } });
    const fast = profile('fast', { settings: { timers: { holdTime: '9s' }, roleStrict: true } });
    const { problems } = planOf('a', [...CLUSTER, slow, fast]);
    const found = problems.filter((problem) => problem.code === 'Together');
    expect(found.map((problem) => `${problem.resource} ${problem.path}`)).toEqual([
      'PeerProfile/slow spec.settings.timers.keepaliveTime',
      'PeerProfile/fast spec.settings.roleStrict',
    ]);
  });
});

describe('what a profile says', () => {
  it('of a group in parts is completed with the defaults of the others', () => {
    const settings = {
      addPath: { receive: false },
      maxPrefixesIn: { limits: { 'ipv4-unicast': 10 } },
      linkBandwidth: { send: 5 },
    };
    expect(peerNamed(planWith(profile('p', { settings })), TOR).settings).toEqual({
      addPath: { receive: false, send: 'all' },
      maxPrefixesIn: {
        limits: { 'ipv4-unicast': 10 },
        warnAt: 80,
        action: 'warn',
        restartAfter: 60,
      },
      linkBandwidth: { use: true, send: 5 },
    });
  });

  it('of times is later than the BGPPeer', () => {
    const peer = resource('BGPPeer', 'k', {
      peerIP: '10.0.0.77',
      asNumber: 65001,
      keepaliveTime: '20s',
    });
    const name = 'Global_10_0_0_77';
    const settings = { timers: { holdTime: '30s' } };
    const plain = peerNamed(planWith(peer, profile('p', { settings })), name);
    expect([plain.holdTime, plain.keepaliveTime]).toEqual([30, 20]);
    expect(plain.settingsFrom!['timers.keepaliveTime']).toBe('BGPPeer/k');
    const over = { timers: { keepaliveTime: '7s' } };
    const later = peerNamed(planWith(peer, profile('p', { settings: over })), name);
    expect(later.keepaliveTime).toBe(7);
    expect(later.settingsFrom!['timers.keepaliveTime']).toBe('PeerProfile/p');
  });

  it('of the AS number is later than the BGPPeer, with all that follows from it', () => {
    const as = (asNumber: unknown): PeerPlan =>
      peerNamed(planWith(profile('p', { settings: { asNumber } })), TOR);
    expect(as('external').remoteAs).toBe(0);
    expect(as('internal').remoteAs).toBe(64_512);
    expect(as(65_001).remoteAs).toBe(65_001);
    // A route of tunl0 is nobody else's business inside the AS.
    expect(as('internal').exportPolicy).not.toEqual(as('external').exportPolicy);
  });

  it('of families makes one session carry both, where the node has an address of each', () => {
    const both = profile('p', { settings: { families: ['ipv6-unicast', 'ipv4-unicast'] } });
    expect(peerNamed(planWith(both), TOR).families).toEqual(['ipv4-unicast', 'ipv6-unicast']);
    const { plan, problems } = planOf('b', [...CLUSTER, both]);
    expect(peerNamed(plan!, TOR).families).toEqual(['ipv4-unicast']);
    expect(problems.find((problem) => problem.code === 'NoAddress')).toMatchObject({
      resource: 'PeerProfile/p',
      path: 'spec.settings.families',
    });
  });

  it('of both families keeps the rules of one from the prefixes of the other', () => {
    const filter = resource('BGPFilter', 'f', { importV4: [{ action: 'Reject' }] });
    const peer = resource('BGPPeer', 'both', {
      peerIP: '10.0.0.77',
      asNumber: 65001,
      filters: ['f'],
    });
    const both = profile('p', { settings: { families: ['ipv4-unicast', 'ipv6-unicast'] } });
    const { importPolicy } = peerNamed(planWith(filter, peer, both), 'Global_10_0_0_77');
    expect(importPolicy.statements[0]).toMatchObject({
      conditions: [{ kind: 'prefix', operator: 'in', prefix: '0.0.0.0/0' }],
      verdict: 'reject',
    });
  });

  it('of a BGPPeer that does not exist is a warning with the one that was meant', () => {
    const { problems } = planOf('a', [...CLUSTER, profile('p', { sessions: { peers: ['tos'] } })]);
    expect(problems.find((problem) => problem.code === 'UnknownPeer')).toMatchObject({
      path: 'spec.sessions.peers[0]',
      remedy: 'Did you mean tor?',
    });
  });

  it('of the node is merged like what it says of sessions', () => {
    const plan = planWith(
      profile('a', { order: 2, node: { maximumPaths: 4, asPathRelax: true } }),
      profile('b', { order: 1, node: { maximumPaths: 8 } }),
      profile('c', { nodeSelector: "rack == 'y'", order: 0, node: { maximumPaths: 1 } }),
    );
    expect(plan.settings).toEqual({ maximumPaths: 8, asPathRelax: true });
    expect(planWith().settings).toBeUndefined();
  });
});
