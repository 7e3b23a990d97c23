/** A change of configuration disturbs what it concerns and nothing else. */

import { describe, expect, it } from 'vitest';
import { affinity, type Document, resource } from '../sim/resources.ts';
import { OWN_BLOCK, peerDocument, type Stage, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';

/** Three peers, all Established; the first has told A. */
function three(more: readonly Document[] = []): Stage {
  const s = stage({ peers: [{}, {}, {}], more }).up();
  s.peer.talk.announce([A]);
  s.peer.talk.endOfRib();
  s.lab.run(100);
  return s;
}

function undisturbed(s: Stage, ...indexes: number[]): void {
  for (const index of indexes) {
    expect(s.neighbor(index)).toMatchObject({ state: 'Established', established: 1, flaps: 0 });
    expect(s.peers[index]!.talk.notifications).toEqual([]);
  }
}

function without(s: Stage, address: string): Document[] {
  return s.documents.filter((document) => !JSON.stringify(document).includes(`"${address}"`));
}

describe('peers', () => {
  it('one that is added comes up; the others notice nothing', () => {
    const s = three();
    const late = s.lab.peer({ address: '10.0.0.40', as: 64512, remoteAs: 64512 });
    late.listen();
    s.apply([...s.documents, peerDocument('late', '10.0.0.40', 64512)]);
    s.lab.run(1000);
    expect(late.isEstablished).toBe(true);
    undisturbed(s, 0, 1, 2);
  });

  it('one that is removed hears Cease, Peer De-configured, and its routes go; the others notice nothing', () => {
    const s = three();
    s.apply(without(s, '10.0.0.11'));
    s.lab.run(1000);
    expect(s.peer.talk.notifications).toMatchObject([{ code: 6, subcode: 3 }]);
    expect(s.paths(A)).toEqual([]);
    expect(s.kernel(A)).toEqual([]);
    expect(s.node.view.neighbors().length).toBe(2);
    undisturbed(s, 1, 2);
    // It is a stranger now.
    s.peer.call('10.0.0.1' as never);
    s.lab.run(1000);
    expect(s.node.view.status().unknownCallers).toMatchObject([{ address: '10.0.0.11' }]);
  });

  it('one that is asked for by another resource keeps its session and its routes, under the new name', () => {
    const s = three();
    const scoped = peerDocument('p0', '10.0.0.11', 64512, { node: 'a' });
    const others = s.documents.filter(
      (one) => (one as { metadata: { name: string } }).metadata.name !== 'p0',
    );
    s.apply([...others, scoped]);
    s.lab.run(5000);
    expect(s.neighbor().name).toBe('Node_10_0_0_11');
    expect(s.node.view.neighbors().length).toBe(3);
    expect(s.has(A)).toBe(true);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    undisturbed(s, 0, 1, 2);
    // And it ends as itself.
    s.apply(without(s, '10.0.0.11'));
    s.lab.run(1000);
    expect(s.peer.talk.notifications).toMatchObject([{ code: 6, subcode: 3 }]);
    expect(s.node.view.neighbors().length).toBe(2);
  });

  it('one whose AS number changes is restarted with Cease, Other Configuration Change', () => {
    const s = three();
    s.peer.options = { ...s.peer.options, as: 65001 };
    s.apply([...without(s, '10.0.0.11'), peerDocument('p0', '10.0.0.11', 65001)]);
    s.lab.run(10_000);
    expect(s.peer.conversations[0]!.notifications).toMatchObject([{ code: 6, subcode: 6 }]);
    expect(s.peer.conversations[0]!.notifications[0]!.data.length).toBe(0);
    expect(s.reasons('session-down')[0]).toMatch(/^Stopped by godwit: .*AS number of the peer/);
    expect(s.neighbor()).toMatchObject({ state: 'Established', remoteAs: 65001, type: 'ebgp' });
    undisturbed(s, 1, 2);
  });

  it('removed and added again a hundred times leave nothing behind', () => {
    const s = three();
    const all = s.documents;
    for (let i = 0; i < 100; i++) {
      s.apply(without(s, '10.0.0.11'));
      s.lab.run(1);
      s.apply(all);
      s.lab.run(200);
    }
    s.lab.run(60_000);
    expect(s.neighbor()).toMatchObject({ state: 'Established' });
    expect(s.node.connections).toBe(3);
    expect(s.node.violations).toEqual([]);
    undisturbed(s, 1, 2);
  });

  it('the same plan again changes nothing and is not spoken of', () => {
    const s = three();
    const { length } = s.node.events;
    s.apply(s.documents);
    s.lab.run(1000);
    expect(s.node.events.length).toBe(length);
    undisturbed(s, 0, 1, 2);
  });

  it('two at one address: the one that is replaced goes, and the other keeps the address', () => {
    const s = three();
    const peer = s.node.plan!.peers[0]!;
    const twin = { ...peer, name: 'Twin', origin: 'BGPPeer/twin' };
    s.node.setPlan({ ...s.node.plan!, peers: [...s.node.plan!.peers, twin] });
    s.lab.run(1000);
    expect(s.node.view.neighbors().map(({ name }) => name)).toContain('Twin');
    s.node.setPlan({
      ...s.node.plan!,
      peers: s.node.plan!.peers.filter(({ name }) => name !== 'Twin'),
    });
    s.lab.run(10_000);
    expect(s.neighbor(0)).toMatchObject({ name: peer.name, state: 'Established' });
    s.peer.talk.socket.close();
    s.lab.run(10_000);
    expect(s.neighbor(0).state).toBe('Established');
    expect(s.node.view.status().unknownCallers).toEqual([]);
    undisturbed(s, 1, 2);
  });
});

describe('policies', () => {
  const filter = (name: string, spec: object): Document => resource('BGPFilter', name, spec);
  const reject = { action: 'Reject', matchOperator: 'Equal', cidr: A };

  it('a filter that is added takes effect on routes that are there, without a new session', () => {
    const s = three();
    const filtered = [
      ...without(s, '10.0.0.11'),
      filter('no-a', { importV4: [reject] }),
      peerDocument('p0', '10.0.0.11', 64512, { filters: ['no-a'] }),
    ];
    const open = s.documents;
    s.apply(filtered);
    s.lab.run(1000);
    expect(s.paths(A)).toMatchObject([
      { state: 'rejected', because: expect.stringContaining('no-a') },
    ]);
    expect(s.kernel(A)).toEqual([]);
    s.apply(open);
    s.lab.run(1000);
    expect(s.paths(A)).toMatchObject([{ state: 'usable', best: true }]);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    undisturbed(s, 0, 1, 2);
  });

  it('a filter on what is told withdraws from that peer only, without a new session', () => {
    const s = three();
    const own = { action: 'Reject', matchOperator: 'Equal', cidr: OWN_BLOCK };
    s.apply([
      ...without(s, '10.0.0.12'),
      filter('hide', { exportV4: [own] }),
      peerDocument('p1', '10.0.0.12', 64512, { filters: ['hide'] }),
    ]);
    s.lab.run(1000);
    expect(s.peers.map(({ talk }) => talk.heard.routes.has(OWN_BLOCK as never))).toEqual([
      true,
      false,
      true,
    ]);
    expect(s.peer.talk.heard.withdrawals).toBe(0);
    undisturbed(s, 0, 1, 2);
  });
});

describe('own blocks', () => {
  it('one that is added is told, one that is removed is withdrawn, without a new session', () => {
    const s = three();
    s.apply([...s.documents, affinity('a', '10.244.7.0/26')]);
    s.lab.run(100);
    expect([...s.peer.talk.heard.routes.keys()].sort()).toEqual([OWN_BLOCK, '10.244.7.0/26']);
    expect(s.kernel('10.244.7.0/26')).toEqual(['blackhole']);
    s.apply(without(s, '10.244.7.0/26'));
    s.lab.run(100);
    expect([...s.peer.talk.heard.routes.keys()]).toEqual([OWN_BLOCK]);
    expect(s.kernel('10.244.7.0/26')).toEqual([]);
    undisturbed(s, 0, 1, 2);
  });
});

describe('ipipMode', () => {
  it('flipped changes the kernel routes and nothing that a peer could notice', () => {
    const s = three();
    const pool = (ipipMode: string): Document =>
      resource('IPPool', 'pods', { cidr: '10.244.0.0/16', ipipMode });
    const sent = s.neighbor(1).messages.sent.update;
    const others = s.documents.filter((document) => !JSON.stringify(document).includes('"IPPool"'));
    s.apply([pool('Always'), ...others]);
    s.lab.run(1000);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 3']);
    s.apply([pool('Never'), ...others]);
    s.lab.run(1000);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    expect(s.neighbor(1).messages.sent.update).toBe(sent);
    undisturbed(s, 0, 1, 2);
  });
});

describe('the datastore', () => {
  it('that is lost changes nothing but what is said of it', () => {
    const s = three();
    s.node.submit({ type: 'datastoreLost', reason: 'the directory has vanished' });
    s.lab.run(600_000);
    expect(s.node.view.status().datastore).toMatchObject({
      state: 'lost',
      reason: 'the directory has vanished',
    });
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    undisturbed(s, 0, 1, 2);
    s.node.submit({ type: 'datastoreBack' });
    expect(s.node.view.status().datastore.state).toBe('in-sync');
  });
});
