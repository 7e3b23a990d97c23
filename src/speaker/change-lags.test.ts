/** From a change of the resources to the kernel and to the neighbors: what is measured, and that it is never too short. */

import { describe, expect, it } from 'vitest';
import { millis } from '../base/units.ts';
import { affinity } from '../sim/resources.ts';
import { ChangeLags } from './change-lags.ts';
import type { Peer } from './peer.ts';
import type { MeasuresView } from './snapshot.ts';
import { peerDocument, type Stage, stage } from './testing/stage.ts';

const measured = (s: Stage): MeasuresView => s.node.view.measures();

/** A peer that has still to be told something. */
const owed = (id: number): Peer =>
  ({ id, up: { connection: { writePending: true } } }) as unknown as Peer;

type Core = Parameters<ChangeLags['afterStep']>[0];
const core = (peers: readonly Peer[]): Core =>
  ({
    now: millis(1000),
    options: { kernelEnabled: false },
    programmer: { isQuiet: true },
    peers: new Map(peers.map((peer) => [String(peer.id), peer])),
  }) as unknown as Core;

function change(s: Stage): void {
  s.apply([...s.documents, affinity('a', '10.244.7.0/26')]);
}

describe('a change of the resources', () => {
  it('is measured until each neighbor was handed the UPDATE with it, one figure a neighbor', () => {
    const s = stage({ peers: [{}, {}] }).up();
    const { changeToPeers } = measured(s);
    const before = changeToPeers.count;
    change(s);
    s.lab.run(500);
    expect(s.peer.talk.heard.routes.size).toBeGreaterThan(1);
    expect(changeToPeers.count - before).toBe(2);
  });

  it('is measured until the kernel has acknowledged what follows from it', () => {
    const s = stage().up();
    const { changeToKernel } = measured(s);
    const [count, sum] = [changeToKernel.count, changeToKernel.sum];
    let asked = 0;
    s.node.kernel.fault = () => {
      asked++;
      return 0;
    };
    change(s);
    s.lab.run(500);
    expect(asked).toBeGreaterThan(0);
    expect(changeToKernel.count - count).toBe(1);
    expect(changeToKernel.sum - sum).toBeGreaterThan(0);
    expect(measured(s).kernelOwedMs).toBe(0);
  });

  it('that concerns neither is no figure', () => {
    const s = stage().up();
    const { changeToKernel, changeToPeers } = measured(s);
    const before = [changeToKernel.count, changeToPeers.count];
    // A neighbor that does not answer.
    s.apply([...s.documents, peerDocument('silent', '10.0.0.99', 65_009)]);
    s.lab.run(500);
    expect(s.node.view.neighbors()).toHaveLength(2);
    expect([changeToKernel.count, changeToPeers.count]).toEqual(before);
  });

  it('is not measured against a neighbor whose session ended meanwhile', () => {
    const lags = new ChangeLags();
    const [gone, there] = [owed(1), owed(2)];
    lags.begin(millis(1000), 0);
    lags.afterStep(core([gone, there]), true);
    lags.forget(gone);
    lags.told(gone, millis(9000));
    lags.told(there, millis(1500));
    expect([lags.peers.count, lags.peers.sum]).toEqual([1, 0.5]);
  });

  it('is measured from the first event on where another comes meanwhile', () => {
    const lags = new ChangeLags();
    const peer = owed(1);
    lags.begin(millis(1000), 0);
    lags.afterStep(core([peer]), false);
    lags.begin(millis(3000), 0);
    lags.afterStep(core([peer]), true);
    lags.told(peer, millis(4000));
    expect(lags.peers.sum).toBe(3);
  });
});

describe('decisions', () => {
  it('are timed by family', () => {
    const s = stage().up();
    const cell = (family: string) =>
      measured(s).decisions.find((one) => one.family === family)!.cell;
    const before = cell('ipv4-unicast').count;
    s.peer.talk.announce(['203.0.113.0/24']);
    s.lab.run(200);
    expect(cell('ipv4-unicast').count).toBeGreaterThan(before);
    expect(cell('ipv6-unicast').count).toBeLessThanOrEqual(cell('ipv4-unicast').count);
  });
});

describe('rejections', () => {
  it('are counted by the clause that decided, on export and on import', () => {
    const reject = {
      name: 'BGPFilter/no-lab importV4[0]',
      conditions: [{ kind: 'prefix', operator: 'in', prefix: '203.0.113.0/24' }],
      actions: [],
      verdict: 'reject',
    } as const;
    const importPolicy = { name: 'import', statements: [reject], otherwise: 'accept' } as const;
    const s = stage({
      plan: {
        change: (plan) => ({
          ...plan,
          peers: plan.peers.map((peer) => ({ ...peer, importPolicy: importPolicy as never })),
        }),
      },
    }).up();
    s.peer.talk.announce(['203.0.113.0/25', '203.0.113.128/25', '198.51.100.0/24']);
    s.lab.run(200);
    const found = measured(s).rejections.find(({ clause }) => clause === reject.name);
    expect(found).toEqual({ direction: 'import', clause: reject.name, count: 2 });
  });

  it('count every prefix of an UPDATE where policy does not look at prefixes', () => {
    const importPolicy = { name: 'import', statements: [], otherwise: 'reject' } as const;
    const s = stage({
      plan: {
        change: (plan) => ({
          ...plan,
          peers: plan.peers.map((peer) => ({ ...peer, importPolicy })),
        }),
      },
    }).up();
    s.peer.talk.announce(['203.0.113.0/24', '198.51.100.0/24']);
    s.lab.run(200);
    const found = measured(s).rejections.find(({ direction }) => direction === 'import');
    expect(found).toEqual({ direction: 'import', clause: 'otherwise', count: 2 });
  });
});
