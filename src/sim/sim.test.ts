/**
 * Seeded courses of events on simulated clusters. A seed that fails names the line that repeats it:
 * `npm run sim -- --scenario … --seed … --nodes …`.
 */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { MessageFlag } from '../netlink/codes.ts';
import {
  AT_REST,
  check,
  kernelAgrees,
  noForwardingLoop,
  packetsArrive,
  sessionsEstablished,
  tablesAgree,
} from './checkers.ts';
import { followPacket } from './forwarding.ts';
import { meshLab } from './lab.ts';
import { repeatLine, runScenario, SCENARIOS } from './scenarios.ts';

const SEEDS = Array.from({ length: 10 }, (_, i) => i + 1);

describe.each(SCENARIOS)('%s', (scenario) => {
  it.each(SEEDS)('with seed %i comes to rest with every rule kept', (seed) => {
    const options = { scenario, seed, nodes: 4 };
    const { problems, story } = runScenario(options);
    expect(problems, `${repeatLine(options)}\n${story.join('\n')}`).toEqual([]);
  });
});

describe('a course of events', () => {
  it('is the same each time with the same seed, and another with another', () => {
    const run = (seed: number): unknown => runScenario({ scenario: 'partition', seed, nodes: 4 });
    expect(run(5)).toEqual(run(5));
    expect(run(6)).not.toEqual(run(5));
  });
});

describe('the checkers', () => {
  it('are silent on a mesh at rest', () => {
    const lab = meshLab({ seed: 1, nodes: 4, perRack: 2, ipv6: true });
    lab.settle();
    expect(check(lab, [...AT_REST, noForwardingLoop])).toEqual([]);
  });

  it('notice a session that is down and the routes that go with it', () => {
    const lab = meshLab({ seed: 1, nodes: 3 });
    lab.settle();
    lab.partition('n1', 'n2');
    lab.run(400_000);
    expect(sessionsEstablished(lab).length).toBe(2);
    expect(tablesAgree(lab)).toContain('n1 has no route to 10.244.0.64/26 of n2');
    expect(packetsArrive(lab).length).toBe(2);
  });

  it('notice a route that is missing from the kernel, and one that stays', () => {
    const lab = meshLab({ seed: 1, nodes: 2 });
    lab.settle();
    const [n1] = lab.running;
    const [route] = n1!.kernel.routesTo(prefix('10.244.0.64/26'));
    n1!.kernel.delete(route!, true);
    expect(kernelAgrees(lab)).toEqual(['n1: 10.244.0.64/26 is not in the kernel']);
    n1!.kernel.write(route!, { flags: MessageFlag.CREATE, quiet: true });
    n1!.kernel.write(
      { ...route!, prefix: prefix('10.244.9.0/26') },
      { flags: MessageFlag.CREATE, quiet: true },
    );
    expect(kernelAgrees(lab)).toEqual(['n1: 10.244.9.0/26 stays in the kernel']);
  });

  it('notice packets that go in a circle', () => {
    const lab = meshLab({ seed: 1, nodes: 3 });
    lab.settle();
    const n2 = lab.node('n2');
    const [toN3] = n2.kernel.routesTo(prefix('10.244.0.128/26'));
    const back = { ...toN3!.nextHops[0]!, gateway: ip('10.0.0.1') };
    n2.kernel.delete(toN3!, true);
    n2.kernel.write({ ...toN3!, nextHops: [back] }, { flags: MessageFlag.CREATE, quiet: true });
    const n1 = lab.node('n1');
    const [own] = n1.kernel.routesTo(prefix('10.244.0.128/26'));
    n1.kernel.delete(own!, true);
    n1.kernel.write(
      { ...own!, nextHops: [{ ...own!.nextHops[0]!, gateway: ip('10.0.0.2') }] },
      { flags: MessageFlag.CREATE, quiet: true },
    );
    expect(followPacket(lab, n1, ip('10.244.0.130')).end).toBe('loop');
    expect(noForwardingLoop(lab).length).toBe(2);
  });
});
