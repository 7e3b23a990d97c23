import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { nodeStatus, type StatusProblem } from './node-status.ts';
import { BirdStage } from './testing/bird.ts';

const NOW = '2026-01-02T03:05:00.000Z';

// biome-ignore lint/suspicious/noExplicitAny: what Calico's clients would read is looked at as it is written
type Status = any;

function node(): BirdStage {
  const bird = new BirdStage({
    peers: [{}, { listens: false }, { address: ip('fd00::11'), listens: false }],
  });
  const { stage } = bird;
  stage.lab.runUntil(() => stage.peer.isEstablished);
  stage.peer.talk.announce(['10.244.1.0/26'], { localPref: 200 });
  stage.lab.run(3000);
  return bird;
}

function statusOf(
  port: BirdStage,
  classes: readonly ('Agent' | 'BGP' | 'Routes')[],
  problems: readonly StatusProblem[] = [],
): Status {
  const report = nodeStatus({ port, classes, problems, now: NOW });
  let step = report.next();
  while (step.done !== true) step = report.next();
  return step.value;
}

describe('the status of a CalicoNodeStatus', () => {
  const port = node();

  it('has the classes that are asked for, and the time', () => {
    expect(Object.keys(statusOf(port, []))).toEqual(['lastUpdated', 'conditions']);
    const all = statusOf(port, ['Agent', 'BGP', 'Routes']);
    expect(Object.keys(all)).toEqual(['lastUpdated', 'agent', 'bgp', 'routes', 'conditions']);
    expect(all.lastUpdated).toBe(NOW);
  });

  it('is made neighbor by neighbor', () => {
    const report = nodeStatus({ port, classes: ['BGP'], problems: [], now: NOW });
    let pauses = 0;
    while (report.next().done !== true) pauses++;
    expect(pauses).toBe(3);
  });

  it('has one daemon for both families', () => {
    const { agent } = statusOf(port, ['Agent']);
    expect(agent.birdV4).toEqual({
      state: port.view.status().ready ? 'Ready' : 'NotReady',
      version: 'v9.8.7+godwit',
      routerID: '10.0.0.1',
      lastBootTime: '2026-01-02 03:04:05',
      lastReconfigurationTime: expect.stringMatching(/^2026-01-02 03:0\d:\d\d$/),
    });
    expect(agent.birdV6).toEqual(agent.birdV4);
  });

  it('counts sessions by the family of their addresses, and says of each how it is', () => {
    const { bgp } = statusOf(port, ['BGP']);
    expect([bgp.numberEstablishedV4, bgp.numberNotEstablishedV4]).toEqual([1, 1]);
    expect([bgp.numberEstablishedV6, bgp.numberNotEstablishedV6]).toEqual([0, 1]);
    expect(bgp.peersV4[0]).toEqual({
      peerIP: '10.0.0.11',
      type: 'GlobalPeer',
      state: 'Established',
      since: expect.stringMatching(/^\d\d:\d\d:\d\d$/),
    });
    expect(bgp.peersV6.map((peer: Status) => peer.peerIP)).toEqual(['fd00::11']);
  });

  it('has routes with where they were learned, those in use marked as such', () => {
    const { routesV4, routesV6 } = statusOf(port, ['Routes']).routes;
    expect(routesV4).toContainEqual({
      type: 'FIB',
      destination: '10.244.1.0/26',
      gateway: '10.0.0.11',
      interface: 'eth0',
      learnedFrom: { sourceType: 'BGPPeer', peerIP: '10.0.0.11' },
    });
    expect(routesV4).toContainEqual({
      type: 'FIB',
      destination: '10.244.0.0/26',
      gateway: 'N/A',
      interface: 'N/A',
      learnedFrom: { sourceType: 'Static' },
    });
    expect(routesV4.every(({ destination }: Status) => !destination.includes(':'))).toBe(true);
    expect(routesV6.every(({ destination }: Status) => destination.includes(':'))).toBe(true);
  });

  it('says by conditions what is broken, as Kubernetes does', () => {
    const good = statusOf(port, []).conditions;
    expect(good.map(({ type }: Status) => type)).toEqual([
      'Ready',
      'DatastoreInSync',
      'ResourcesAccepted',
    ]);
    expect(good[2]).toMatchObject({ status: 'True', lastTransitionTime: NOW });
    const problem = { code: 'MissingSecret', text: 'No usable password in Secret/kube-system/x' };
    expect(statusOf(port, [], [problem]).conditions[2]).toEqual({
      type: 'ResourcesAccepted',
      status: 'False',
      reason: 'MissingSecret',
      message: problem.text,
      lastTransitionTime: NOW,
    });
    expect(statusOf(port, [], Array(50).fill(problem)).conditions).toHaveLength(2 + 8);
  });
});
