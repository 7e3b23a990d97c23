/** `advertiseAfterInstall`: what is not in the kernel is not announced, and what was announced stays until it changes there. */

import { describe, expect, it } from 'vitest';
import type { NodeSettings } from '../datastore/peer-settings.ts';
import type { SpeakerPlan } from '../datastore/plan-types.ts';
import { prefix } from '../net/prefix.ts';
import { Errno } from '../netlink/errno.ts';
import { OWN_BLOCK, type Stage, stage } from './testing/stage.ts';

const A = '203.0.113.0/24';
const NODE_AS = 64_512;
const ON: NodeSettings = { advertiseAfterInstall: true };

const openTo =
  (settings: NodeSettings) =>
  (plan: SpeakerPlan): SpeakerPlan => {
    const exportPolicy = { name: 'export', statements: [], otherwise: 'accept' } as const;
    return { ...plan, settings, peers: plan.peers.map((peer) => ({ ...peer, exportPolicy })) };
  };

function up(settings: NodeSettings): Stage {
  const peers = [1, 2].map((i) => ({ as: 65_000 + i, remoteAs: NODE_AS }));
  return stage({ peers, plan: { outside: 'calico', change: openTo(settings) } }).up();
}

const heardBy = (s: Stage, peer = 1) => s.peers[peer]!.talk.heard.routes.get(prefix(A));
/** As errno of every write of A; 0 lets it pass. */
function answer(s: Stage, errno: number): void {
  s.node.kernel.fault = (route) => (route.prefix === A ? errno : 0);
}

function announce(s: Stage, from: number, asns: readonly number[]): void {
  s.peers[from]!.talk.announce([A], { asPath: [{ type: 2, asns }] });
  s.lab.run(200);
}

describe('with advertiseAfterInstall, a route', () => {
  it('is announced when the kernel has it, own routes at once', () => {
    const s = up(ON);
    expect(s.peers[1]!.talk.heard.routes.has(prefix(OWN_BLOCK))).toBe(true);
    announce(s, 0, [65_001]);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    expect(heardBy(s)).toBeDefined();
  });

  it('is owed to nobody while the kernel has not answered', () => {
    const told = (settings: NodeSettings): number => {
      const s = up(settings);
      const before = s.neighbor(1).families[0]!.advertised;
      let advertised = -1;
      s.node.kernel.fault = (route) => {
        // The request is being carried out; what is owed to peers by now has been packed.
        if (route.prefix === A) advertised = s.neighbor(1).families[0]!.advertised - before;
        return 0;
      };
      announce(s, 0, [65_001]);
      return advertised;
    };
    expect(told(ON)).toBe(0);
    expect(told({})).toBe(1);
  });

  it('is not announced while the kernel refuses it, is shown with that reason, and follows once it is taken', () => {
    const s = up(ON);
    answer(s, Errno.EINVAL);
    announce(s, 0, [65_001]);
    expect(s.has(A)).toBe(true);
    expect(heardBy(s)).toBeUndefined();
    answer(s, 0);
    s.lab.run(120_000);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    expect(heardBy(s)).toBeDefined();
  });

  it('is withdrawn at once when it goes, and when its place in the kernel is refused', () => {
    const s = up(ON);
    announce(s, 0, [65_001, 65_100]);
    answer(s, Errno.EINVAL);
    s.peers[1]!.talk.announce([A], { asPath: [{ type: 2, asns: [65_002] }] });
    s.lab.run(200);
    // Its new way by the second peer is not in the kernel: neither is told of it, nor of the old one.
    expect(heardBy(s, 0)).toBeUndefined();
    expect(heardBy(s, 1)).toBeUndefined();
    answer(s, 0);
    s.lab.run(120_000);
    expect(heardBy(s, 0)).toBeDefined();
    s.peers[1]!.talk.withdraw([A]);
    s.peers[0]!.talk.withdraw([A]);
    s.lab.run(200);
    expect(heardBy(s, 0)).toBeUndefined();
  });

  it('is announced at once again when the setting is taken back', () => {
    const s = up(ON);
    answer(s, Errno.EINVAL);
    announce(s, 0, [65_001]);
    expect(heardBy(s)).toBeUndefined();
    s.apply(s.documents, { outside: 'calico', change: openTo({}) });
    s.lab.run(500);
    expect(heardBy(s)).toBeDefined();
  });
});

it('without it a route is announced whatever the kernel says', () => {
  const s = up({});
  answer(s, Errno.EINVAL);
  announce(s, 0, [65_001]);
  expect(heardBy(s)).toBeDefined();
});
