/** What the settings of peers and of the node do to paths: AS_PATH, communities, and how they share the traffic. */

import { describe, expect, it } from 'vitest';
import type { NodeSettings, PeerSettings } from '../datastore/peer-settings.ts';
import type { PeerPlan } from '../datastore/plan-types.ts';
import { prefix } from '../net/prefix.ts';
import { type Stage, settingsOfPeers, stage } from './testing/stage.ts';

const A = '203.0.113.0/24';
const NODE_AS = 64_512;
/** BLACKHOLE (RFC 7999), NO_EXPORT, NO_EXPORT_SUBCONFED (RFC 1997). */
const BLACKHOLE = 0xffff_029a;
const NO_EXPORT = 0xffff_ff01;
const NO_EXPORT_SUBCONFED = 0xffff_ff03;

interface Wanted {
  readonly settings?: readonly PeerSettings[];
  readonly node?: NodeSettings;
  readonly peer?: Partial<PeerPlan>;
  readonly ases?: readonly number[];
}

/** External peers that are told all. */
function between({ settings = [], node, peer = {}, ases = [65_001, 65_002] }: Wanted = {}): Stage {
  const localAs = peer.localAs ?? NODE_AS;
  const peers = ases.map((as) => ({ as, remoteAs: localAs }));
  return stage({
    peers,
    plan: { outside: 'calico', change: changeTo({ settings, node, peer }) },
  }).up();
}

function changeTo({
  settings,
  node,
  peer,
}: Pick<Wanted, 'settings' | 'peer'> & { node: NodeSettings | undefined }) {
  const given = settingsOfPeers(...(settings ?? []));
  return (plan: Parameters<typeof given>[0]) => {
    const changed = given(plan);
    const exportPolicy = { name: 'export', statements: [], otherwise: 'accept' } as const;
    return {
      ...changed,
      ...(node === undefined ? {} : { settings: node }),
      peers: changed.peers.map((one) => ({ ...one, exportPolicy, ...peer })),
    };
  };
}

type Change = Parameters<Stage['peer']['talk']['announce']>[1];

function announce(s: Stage, from: number, change: Change = {}): void {
  s.peers[from]!.talk.announce([A], change);
  s.lab.run(500);
}

const heard = (s: Stage, by = 1) => s.peers[by]!.talk.heard.routes.get(prefix(A));
const asPath = (s: Stage, by = 1) => heard(s, by)?.asPath.flatMap(({ asns }) => asns);
const sequence = (...asns: number[]) => ({ asPath: [{ type: 2 as const, asns }] });

/** Gateways and weights of the route in the kernel. */
function shares(s: Stage): string[] {
  const [route] = s.node.kernel.routesTo(prefix(A));
  return (route?.nextHops ?? []).map(({ gateway, weight }) => `${gateway} ${weight}`);
}

const bandwidth = (hex: string) => ({ extendedCommunities: [`4004fde9${hex}`] });
const MB_100 = '4cbebc20';
const MB_50 = '4c3ebc20';

describe('the AS_PATH that an external neighbor is shown', () => {
  it('has its own AS replaced by ours with asOverride, so that it takes the route', () => {
    const s = between({ settings: [{}, { asOverride: true }] });
    announce(s, 0, sequence(65_001, 65_002));
    expect(asPath(s)).toEqual([NODE_AS, 65_001, NODE_AS]);
  });

  it('has no private numbers with privateAs remove, or ours in their place with replace', () => {
    const removed = between({ settings: [{}, { privateAs: 'remove' }], ases: [300, 400] });
    announce(removed, 0, sequence(300, 64_700, 500));
    expect(asPath(removed)).toEqual([NODE_AS, 300, 500]);
    const replaced = between({ settings: [{}, { privateAs: 'replace' }], ases: [300, 400] });
    announce(replaced, 0, sequence(300, 64_700, 500));
    expect(asPath(replaced)).toEqual([NODE_AS, 300, NODE_AS, 500]);
  });

  it.each([
    [undefined, [64_999, 65_001]],
    [{ noPrepend: true, replaceAs: true }, [64_999, 65_001]],
    [{ noPrepend: true, replaceAs: false }, [64_999, NODE_AS, 65_001]],
    [{ noPrepend: false, replaceAs: false }, [64_999, NODE_AS, 64_999, 65_001]],
  ] as const)(
    'over a session with another local AS follows %j (RFC 7705)',
    (migration, expected) => {
      const setting = migration === undefined ? {} : { localAsMigration: migration };
      const s = between({ settings: [setting], peer: { localAs: 64_999 } });
      announce(s, 0);
      expect(asPath(s)).toEqual(expected);
    },
  );

  it('is a loop with the AS of the node in it as well as that of the session (RFC 7705 §3)', () => {
    const localAsMigration = { noPrepend: true, replaceAs: false };
    const s = between({ settings: [{ localAsMigration }], peer: { localAs: 64_999 } });
    announce(s, 0, sequence(65_001, NODE_AS));
    expect(s.has(A)).toBe(false);
    const allowing = { localAs: 64_999, allowLocalAs: 1 };
    const allowed = between({ settings: [{ localAsMigration }], peer: allowing });
    announce(allowed, 0, sequence(65_001, NODE_AS));
    expect(allowed.has(A)).toBe(true);
  });
});

describe('well-known communities', () => {
  it.each([NO_EXPORT, NO_EXPORT_SUBCONFED])(
    '%i keeps a route in the AS (RFC 1997)',
    (community) => {
      const s = between();
      announce(s, 0, { communities: [community] });
      expect(s.has(A)).toBe(true);
      expect(heard(s)).toBeUndefined();
    },
  );

  it('BLACKHOLE makes a blackhole route where it is honoured, which no other AS is told of (RFC 7999)', () => {
    const s = between({ settings: [{ honourBlackhole: true }, {}] });
    announce(s, 0, { communities: [BLACKHOLE] });
    expect(s.kernel(A)).toEqual(['blackhole']);
    expect(heard(s)).toBeUndefined();
    announce(s, 0);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    expect(heard(s)).toBeDefined();
  });

  it('BLACKHOLE is a community like any other where it is not', () => {
    const s = between();
    announce(s, 0, { communities: [BLACKHOLE] });
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    expect(heard(s)?.communities).toEqual([BLACKHOLE]);
  });
});

describe('paths through two neighbor ASes', () => {
  it('share the traffic, in the order of the neighbors, whichever came first', () => {
    const s = between();
    announce(s, 1);
    announce(s, 0);
    expect(shares(s)).toEqual(['10.0.0.11 1', '10.0.0.12 1']);
  });

  it('do not without asPathRelax, and do again when that is given back', () => {
    const s = between({ node: { asPathRelax: false } });
    announce(s, 0);
    announce(s, 1);
    expect(shares(s)).toHaveLength(1);
    const relaxed = changeTo({ node: { asPathRelax: true } });
    s.apply(s.documents, { outside: 'calico', change: relaxed });
    s.lab.run(500);
    expect(shares(s)).toHaveLength(2);
    const one = changeTo({ node: { maximumPaths: 1 } });
    s.apply(s.documents, { outside: 'calico', change: one });
    s.lab.run(500);
    expect(shares(s)).toHaveLength(1);
  });
});

describe('the link-bandwidth community', () => {
  it('weighs the next hops, the fastest with 256', () => {
    const s = between();
    announce(s, 0, bandwidth(MB_100));
    announce(s, 1, bandwidth(MB_50));
    expect(shares(s)).toEqual(['10.0.0.11 256', '10.0.0.12 128']);
  });

  it('weighs nothing when one path has none, has no number, or is not asked', () => {
    for (const other of [{}, bandwidth('7fc00000')]) {
      const s = between();
      announce(s, 0, bandwidth(MB_100));
      announce(s, 1, other);
      expect(shares(s)).toEqual(['10.0.0.11 1', '10.0.0.12 1']);
    }
    const s = between({ settings: [{}, { linkBandwidth: { use: false } }] });
    announce(s, 0, bandwidth(MB_100));
    announce(s, 1, bandwidth(MB_50));
    expect(shares(s)).toEqual(['10.0.0.11 1', '10.0.0.12 1']);
  });

  it('is said instead of what came where send is set, and does not cross the border otherwise', () => {
    const send = { linkBandwidth: { use: true, send: 100_000_000 } };
    const s = between({ settings: [{}, send], ases: [65_001, 65_002, 65_003] });
    announce(s, 0, bandwidth(MB_50));
    expect(heard(s)?.extendedCommunities).toEqual([`4004fc00${MB_100}`]);
    expect(heard(s, 2)?.extendedCommunities).toEqual([]);
  });
});
