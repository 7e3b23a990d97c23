/** Fast external fall-over: a session that ends with its link, and those that do not. */

import { describe, expect, it } from 'vitest';
import { simLink } from '../sim/kernel.ts';
import { ETH0 } from '../sim/lab.ts';
import { type Stage, type StagePeer, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';
const OUTSIDE: StagePeer = {
  as: 64_600,
  remoteAs: 64_512,
  gracefulRestart: { restartTime: 60, forwarding: ['ipv4-unicast'] },
};

function up(peer: StagePeer, settings = {}): Stage {
  return stage({ peers: [peer], plan: { settings, outside: 'calico' } }).up();
}

function linkDown(s: Stage): void {
  s.node.editKernel((kernel) => kernel.setLink(simLink(ETH0, 'eth0', false)));
  s.lab.run(100);
}

describe('when its link goes down', () => {
  it('the session with an external peer on it ends at once, and says why', () => {
    const s = up(OUTSIDE);
    linkDown(s);
    expect(s.neighbor().state).not.toBe('Established');
    expect(s.neighbor().lastError).toBe(
      'Stopped by godwit: link eth0 to the neighbor is down (fallOver)',
    );
    expect(s.peer.talk.notifications).toEqual([]);
  });

  it('and so when the link has gone altogether', () => {
    const s = up(OUTSIDE);
    s.node.editKernel((kernel) => kernel.removeLink(ETH0));
    s.lab.run(100);
    expect(s.neighbor().lastError).toContain('link eth0 to the neighbor is gone');
  });

  it('it comes again with the link, and graceful restart has kept what it knew', () => {
    const s = up(OUTSIDE);
    s.peer.talk.announce([A]);
    s.peer.talk.endOfRib();
    s.lab.run(100);
    linkDown(s);
    expect(s.paths(A)).toMatchObject([{ stale: true }]);
    s.node.editKernel((kernel) => kernel.setLink(simLink(ETH0, 'eth0', true)));
    s.lab.run(10_000);
    expect(s.neighbor()).toMatchObject({ state: 'Established', established: 2 });
  });

  it.each([
    ['inside the AS', {}, {}],
    ['behind a gateway', { ...OUTSIDE, address: '10.1.0.11' }, {}],
    ['of a profile that does not want it', OUTSIDE, { fallOver: false }],
  ] as const)('a session with a peer %s stands', (_which, peer, settings) => {
    const s = up(peer, settings);
    linkDown(s);
    expect(s.neighbor()).toMatchObject({ state: 'Established', flaps: 0 });
  });
});
