import { describe, expect, it } from 'vitest';
import { profile } from '../../test/support/any-profile.ts';
import { mustPlan, node, planOf, resource } from '../../test/support/resources.ts';

const RANGE = { prefix: '10.9.0.0/16', asNumber: 'external' };

function ranges(spec: object, ...more: readonly unknown[]) {
  return mustPlan('a', [node('a', '10.0.0.1'), profile('p', spec), ...more]).listenRanges!;
}

describe('a listen range', () => {
  it('has limits, and is what each peer by it will be', () => {
    const [range] = ranges({ listenRanges: [RANGE] });
    expect(range).toMatchObject({
      profile: 'p',
      prefix: '10.9.0.0/16',
      peersMax: 100,
      rateMax: 60,
    });
    expect(range!.peer).toMatchObject({
      kind: 'dynamic',
      passive: true,
      remoteAs: 0,
      localAs: 64_512,
      families: ['ipv4-unicast'],
      holdTime: 90,
      origin: 'PeerProfile/p range 10.9.0.0/16',
    });
  });

  it('has a TTL and a restart time of its own, as a BGPPeer has', () => {
    const [range] = ranges({
      listenRanges: [{ ...RANGE, ttlSecurity: 1, maxRestartTime: '45s' }],
    });
    expect(range!.peer).toMatchObject({ ttlSecurity: 1, restartTime: 45 });
    expect(range!.peer.settingsFrom).toMatchObject({
      ttlSecurity: 'PeerProfile/p',
      restartTime: 'PeerProfile/p',
    });
    expect(ranges({ listenRanges: [RANGE] })[0]!.peer).not.toHaveProperty('ttlSecurity');
  });

  it('has the settings of its own profile, and of those that select dynamic sessions there', () => {
    const other = profile('q', {
      sessions: { kinds: ['dynamic'], prefixes: ['10.0.0.0/8'] },
      settings: { role: 'provider', fallOver: false },
    });
    const elsewhere = profile('r', {
      sessions: { prefixes: ['10.9.1.0/24'] },
      settings: { asOverride: true },
    });
    const own = {
      sessions: { kinds: ['mesh'] },
      settings: { role: 'peer', timers: { holdTime: '9s' } },
    };
    const [range] = ranges({ ...own, listenRanges: [RANGE] }, other, elsewhere);
    expect(range!.peer.settings).toEqual({
      role: 'peer',
      fallOver: false,
      timers: { holdTime: 9 },
    });
    expect(range!.peer.holdTime).toBe(9);
    expect(range!.peer.settingsFrom).toMatchObject({
      role: 'PeerProfile/p',
      fallOver: 'PeerProfile/q',
      asNumber: 'PeerProfile/p',
    });
  });

  it('of a password that cannot be read says so, and lets nobody in without one', () => {
    const password = { secretKeyRef: { name: 's', key: 'k' } };
    const { plan, problems } = planOf('a', [
      node('a', '10.0.0.1'),
      profile('p', { listenRanges: [{ ...RANGE, password }] }),
    ]);
    expect(plan!.listenRanges![0]!.peer.password).toEqual({
      missing: 'Secret/kube-system/s (it does not exist)',
    });
    expect(problems).toMatchObject([
      { code: 'MissingSecret', resource: 'PeerProfile/p', path: 'spec.listenRanges[0].password' },
    ]);
  });

  it('of a password names who is in it without one: the kernel would drop its calls', () => {
    const password = { secretKeyRef: { name: 's', key: 'k' } };
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'kube-system' },
      stringData: { k: 'hush' },
    };
    const named = resource('BGPPeer', 'q', { peerIP: '10.9.0.1', asNumber: 64_512 });
    const { problems } = planOf('a', [
      node('a', '10.0.0.1'),
      secret,
      named,
      profile('p', { listenRanges: [{ ...RANGE, password }] }),
    ]);
    expect(problems).toMatchObject([
      { code: 'UnderPassword', path: 'spec.listenRanges[0].password', resource: 'PeerProfile/p' },
    ]);
  });

  it('that two profiles have is that of the first', () => {
    const { plan, problems } = planOf('a', [
      node('a', '10.0.0.1'),
      profile('p', { listenRanges: [RANGE] }),
      profile('q', { order: 1, listenRanges: [{ ...RANGE, peersMax: 1 }] }),
    ]);
    expect(plan!.listenRanges).toMatchObject([{ profile: 'q', peersMax: 1 }]);
    expect(problems).toMatchObject([{ code: 'DuplicateRange', resource: 'PeerProfile/p' }]);
  });

  it('of a family of which the node has no address is left out, with a warning', () => {
    const { plan, problems } = planOf('a', [
      node('a', '10.0.0.1'),
      profile('p', { listenRanges: [{ prefix: 'fd00::/64', asNumber: 'internal' }] }),
    ]);
    expect(plan!.listenRanges).toBeUndefined();
    expect(problems).toMatchObject([{ code: 'NoAddress', path: 'spec.listenRanges[0]' }]);
  });

  it('of iBGP peers of a reflector makes them its clients; filters are those of the range', () => {
    const filter = resource('BGPFilter', 'f', { importV4: [{ action: 'Reject' }] });
    const plan = mustPlan('a', [
      node('a', '10.0.0.1', { routeReflectorClusterID: '1.1.1.1' }),
      filter,
      profile('p', { listenRanges: [{ ...RANGE, asNumber: 'internal', filters: ['f'] }] }),
    ]);
    const { peer } = plan.listenRanges![0]!;
    expect(peer.rrClient).toBe(true);
    expect(peer.importPolicy.statements[0]!.name).toBe('BGPFilter/f importV4[0]');
  });
});
