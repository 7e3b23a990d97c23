/** What a changed plan, and the operator, do to a peer in every state that it can be in. */

import { describe, expect, it } from 'vitest';
import type { PeerPlan, SpeakerPlan } from '../datastore/plan-types.ts';
import { ip } from '../net/ip-address.ts';
import { resource } from '../sim/resources.ts';
import { BareSpeaker, openOf, planWith } from './testing/bare.ts';
import { NODE_ADDRESS, peerDocument, type Stage, stage } from './testing/stage.ts';

const GONE = { gracefulRestart: { restartTime: 120, forwarding: ['ipv4-unicast' as const] } };

/** The running plan with `change` made to its peers. */
function replan(
  s: Stage,
  change: (peer: PeerPlan, index: number) => PeerPlan,
  more: Partial<SpeakerPlan> = {},
): void {
  const plan = s.node.plan!;
  s.node.setPlan({ ...plan, ...more, peers: plan.peers.map(change) });
}

/** A stage whose peer has announced a prefix and is gone, promising to come back. */
function staged(): Stage {
  const s = stage({ peers: [GONE] }).up();
  s.peer.talk.announce(['198.51.100.0/24']);
  s.peer.talk.endOfRib();
  s.lab.run(100);
  s.peer.unlisten();
  s.peer.talk.socket.close();
  s.lab.run(100);
  expect(s.paths('198.51.100.0/24')).toMatchObject([{ stale: true }]);
  return s;
}

describe('a peer that the operator holds down', () => {
  it('stays down when its configuration changes', () => {
    const s = stage().up();
    const { name } = s.neighbor();
    s.node.command({ command: 'disableNeighbor', name, reason: 'maintenance' });
    replan(s, (peer) => ({ ...peer, holdTime: 30 }));
    s.lab.run(30_000);
    expect(s.neighbor()).toMatchObject({
      state: 'Idle',
      downBecause: 'held down by the operator: maintenance',
    });
    expect(s.node.command({ command: 'enableNeighbor', name })).toBe('');
    s.up();
    expect(s.neighbor()).toMatchObject({ state: 'Established', holdTime: 30 });
  });

  it('can be held down and let go while its password is missing, and then waits for the password', () => {
    const locked = (peer: PeerPlan): PeerPlan => ({ ...peer, password: { missing: 'Secret/bgp' } });
    const s = stage().up();
    const { name } = s.neighbor();
    replan(s, locked);
    expect(s.node.command({ command: 'disableNeighbor', name })).toBe('');
    replan(s, ({ password: _, ...peer }) => peer);
    s.lab.run(10_000);
    expect(s.neighbor().downBecause).toBe('held down by the operator');
    replan(s, locked);
    expect(s.node.command({ command: 'enableNeighbor', name })).toContain('Secret/bgp');
    s.lab.run(10_000);
    expect(s.neighbor().state).toBe('Idle');
  });

  it('takes its stale paths with it', () => {
    const s = staged();
    s.node.command({ command: 'disableNeighbor', name: s.neighbor().name });
    s.lab.run(1);
    expect(s.paths('198.51.100.0/24')).toEqual([]);
  });
});

describe('a changed peer', () => {
  it('that was waited for and is to be called now is called', () => {
    const node = resource('Node', 'b', { bgp: { ipv4Address: '10.0.0.11/24' } });
    const s = stage({ more: [node] });
    s.lab.run(20_000);
    expect(s.neighbor()).toMatchObject({ passive: true, state: 'Active' });
    s.apply(s.documents.filter((document) => document !== node));
    s.lab.run(6000);
    expect(s.neighbor()).toMatchObject({ passive: false, state: 'Established' });
  });

  it('that was called and is to be waited for now is not called again', () => {
    const s = stage({ peers: [{ listens: false }] });
    s.lab.run(500);
    s.apply([...s.documents, resource('Node', 'b', { bgp: { ipv4Address: '10.0.0.11/24' } })]);
    s.lab.run(6000);
    s.peer.listen();
    s.lab.run(20_000);
    expect(s.peer.conversations.length).toBe(0);
    s.peer.call(NODE_ADDRESS);
    s.up();
  });

  it('whose paths are stale loses them where its session has to be another one', () => {
    const s = staged();
    replan(s, (peer) => ({ ...peer, remoteAs: 65_099 }));
    s.lab.run(1);
    expect(s.paths('198.51.100.0/24')).toEqual([]);
  });

  it('that becomes a client of the reflector is reflected at once, without a restart', () => {
    const s = stage({ peers: [{}, {}] }).up();
    replan(s, (peer) => peer, { clusterId: ip('9.9.9.9') });
    s.peer.talk.announce(['10.244.5.0/26']);
    s.lab.run(100);
    const heard = s.peers[1]!.talk.heard.routes;
    expect([...heard.keys()]).not.toContain('10.244.5.0/26');
    replan(s, (peer) => ({ ...peer, rrClient: peer.remoteAddress === s.peer.address }));
    s.lab.run(100);
    expect(heard.get('10.244.5.0/26' as never)).toMatchObject({ originatorId: 0x0a00000b });
    expect(s.neighbor()).toMatchObject({ established: 1 });
  });

  it('before the kernel has been read waits like the others', () => {
    const bare = new BareSpeaker({ kernelEnabled: true });
    bare.apply(planWith(['10.0.0.11']));
    bare.apply(planWith(['10.0.0.11'], (peer) => ({ ...peer, holdTime: 30 })));
    expect(bare.of('dial')).toEqual([]);
    bare.step({ type: 'kernelDumpStarted' });
    bare.step({ type: 'kernelDumpDone' });
    expect(bare.of('dial').length).toBe(1);
  });
});

describe('a policy that changes while a peer is away for a restart', () => {
  it('leaves its stale paths in its name', () => {
    const s = stage({ peers: [GONE, {}] });
    replan(s, (peer) => ({ ...peer, rrClient: true }), { clusterId: ip('9.9.9.9') });
    s.up();
    s.peer.talk.announce(['10.244.5.0/26']);
    s.lab.run(100);
    s.peer.unlisten();
    s.peer.talk.socket.close();
    s.lab.run(100);
    replan(s, (peer) => ({ ...peer, importPolicy: { ...peer.importPolicy, name: 'another' } }));
    s.lab.run(100);
    expect(s.paths('10.244.5.0/26')).toMatchObject([{ stale: true, state: 'usable' }]);
    const heard = s.peers[1]!.talk.heard.routes.get('10.244.5.0/26' as never);
    expect(heard).toMatchObject({ originatorId: 0x0a00000b });
  });
});

describe('an export policy that changes for one of two peers', () => {
  it('is seen in the update group that is shown', () => {
    const s = stage({ peers: [{}, {}] }).up();
    expect(s.neighbor(0).updateGroup).toBe(s.neighbor(1).updateGroup);
    replan(s, (peer) =>
      peer.remoteAddress === s.peer.address ? { ...peer, nextHop: 'self' } : peer,
    );
    s.lab.run(100);
    expect(s.neighbor(0).updateGroup).not.toBe(s.neighbor(1).updateGroup);
  });
});

describe('two peers at one address', () => {
  it('are both there for a call: who is not Established yet gets it', () => {
    const s = stage({ peers: [{}], more: [peerDocument('second', '10.0.0.11:1790', 64512)] }).up();
    expect(s.node.view.neighbors().map(({ state }) => state)).toContain('Established');
    s.peer.call(NODE_ADDRESS);
    s.lab.run(1000);
    expect(s.node.view.neighbors().map(({ state }) => state)).toEqual([
      'Established',
      'Established',
    ]);
    expect(s.reasons('unknown-caller')).toEqual([]);
  });

  it('do not take each other along when one goes', () => {
    const second = peerDocument('second', '10.0.0.11:1790', 64512);
    const s = stage({ peers: [{ listens: false }], more: [second] });
    s.apply(s.documents.filter((document) => document !== second));
    s.peer.call(NODE_ADDRESS);
    s.lab.run(6000);
    expect(s.node.view.neighbors().map(({ state }) => state)).toEqual(['Established']);
  });
});

describe('a call of the peer while ours is not answered', () => {
  it('we go on calling until the caller has said who it is, and then no more', () => {
    const bare = new BareSpeaker();
    const remote = ip('10.0.0.11');
    bare.apply(planWith([remote]));
    expect(bare.of('dial').length).toBe(1);
    const connection = bare.accept(remote);
    bare.wake(5001);
    bare.wake(11_000);
    bare.wake(16_000);
    const calls = bare.of('dial').length;
    expect(calls).toBeGreaterThan(1);
    bare.receive(connection, openOf(remote));
    expect(bare.state(remote)).toBe('OpenConfirm');
    bare.wake(21_500);
    bare.wake(27_000);
    expect(bare.of('dial').length).toBe(calls);
  });
});

describe('asking for the routes again', () => {
  it('asks for the family that was named, and for no other', () => {
    const s = stage({ peers: [{ families: ['ipv4-unicast', 'ipv6-unicast'] }] });
    replan(s, (peer) => ({ ...peer, families: ['ipv4-unicast', 'ipv6-unicast'] }));
    s.up();
    const { name } = s.neighbor();
    expect(s.node.command({ command: 'refreshRoutes', name, family: 'ipv6-unicast' })).toBe('');
    s.lab.run(100);
    expect(s.peer.talk.refreshes).toBe(1);
    s.node.command({ command: 'refreshRoutes', name });
    s.lab.run(100);
    expect(s.peer.talk.refreshes).toBe(3);
  });

  it('says so where the family is not spoken with that neighbor', () => {
    const s = stage().up();
    const { name } = s.neighbor();
    expect(s.node.command({ command: 'refreshRoutes', name, family: 'ipv6-unicast' })).toContain(
      'ipv6-unicast is not negotiated',
    );
  });
});
