/** What must cost not one packet: every node's packets are followed at every instant at which anything happens. */

import { describe, expect, it } from 'vitest';
import { check } from './checkers.ts';
import { meshLab } from './lab.ts';
import { lossesWithin } from './losses.ts';
import { type Document, meshResources, resource } from './resources.ts';

const SEEDS = [1, 2, 3, 4, 5];

describe.each(['terminate', 'kill'] as const)(
  'a node that is stopped (%s) and comes back',
  (how) => {
    it.each(SEEDS)('loses no packet, neither its own nor anybody else’s, seed %i', (seed) => {
      const lab = meshLab({ seed, nodes: 4, perRack: 2 });
      lab.settle();
      const node = lab.node('n2');
      node[how]();
      expect(lossesWithin(lab, 20_000)).toEqual([]);
      node.start({ restarting: true });
      expect(lossesWithin(lab, 200_000)).toEqual([]);
      expect(check(lab)).toEqual([]);
    });
  },
);

describe('ipipMode', () => {
  it.each(SEEDS)('can be changed under traffic, seed %i', (seed) => {
    const lab = meshLab({ seed, nodes: 4, perRack: 2 });
    lab.settle();
    for (const ipipMode of ['Always', 'CrossSubnet', 'Always'] as const) {
      lab.publish(meshResources({ nodes: 4, perRack: 2, ipipMode }), () => lab.prng.unit() * 20);
      expect(lossesWithin(lab, 2000)).toEqual([]);
    }
    expect(check(lab)).toEqual([]);
    const flaps = lab.running.flatMap((node) => node.view.neighbors().map((peer) => peer.flaps));
    expect(Math.max(...flaps)).toBe(0);
  });
});

describe('the route priority', () => {
  it('can be changed under traffic: the metric is part of the kernel’s key', () => {
    const lab = meshLab({ seed: 1, nodes: 3 });
    lab.settle();
    const priority = (ipv4NormalRoutePriority: number): Document =>
      resource('BGPConfiguration', 'default', { ipv4NormalRoutePriority });
    lab.publish([...lab.documents, priority(2000)], () => lab.prng.unit() * 20);
    expect(lossesWithin(lab, 5000)).toEqual([]);
    const metrics = [...lab.node('n1').kernel.routes()]
      .filter(({ protocol, type }) => protocol === 12 && type === 'unicast')
      .map(({ metric }) => metric);
    expect(metrics).toEqual([2000, 2000]);
  });
});

describe('a partition shorter than the hold time', () => {
  it('costs nothing at all', () => {
    const lab = meshLab({ seed: 1, nodes: 3 });
    lab.settle();
    lab.partition('n1', 'n2');
    expect(lossesWithin(lab, 55_000)).toEqual([]);
    lab.heal();
    expect(lossesWithin(lab, 60_000)).toEqual([]);
    const flaps = lab.running.flatMap((node) => node.view.neighbors().map((peer) => peer.flaps));
    expect(flaps).toEqual(new Array(6).fill(0));
  });
});
