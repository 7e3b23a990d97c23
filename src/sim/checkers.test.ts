/** Each checker is shown the fault that it is there for. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { MessageFlag } from '../netlink/codes.ts';
import type { KernelRoute } from '../netlink/kernel-route.ts';
import { encodeNotification } from '../wire/notification.ts';
import {
  AT_REST,
  check,
  contractKept,
  idleWhenQuiet,
  kernelAgrees,
  kernelsComplete,
  noForwardingLoop,
  nothingOwed,
  packetsArrive,
  sessionsEstablished,
  tablesAgree,
} from './checkers.ts';
import { followPacket } from './forwarding.ts';
import { type Lab, type MeshLabOptions, meshLab } from './lab.ts';
import { announcement, withdrawal } from './messages.ts';
import { reflectorLab } from './reflectors.ts';
import { affinity } from './resources.ts';
import { announcementsLegitimate, memoryBounded } from './wire-checkers.ts';
import type { Overheard } from './wiretap.ts';

const B1 = '10.244.0.0/26';
const B2 = '10.244.0.64/26';
const B3 = '10.244.0.128/26';

function mesh(options: Partial<MeshLabOptions> = {}): Lab {
  return meshLab({ seed: 1, nodes: 3, node: { tapped: true }, ...options }).settle();
}

function routeOf(lab: Lab, node: string, to: string): KernelRoute {
  return lab.node(node).kernel.routesTo(prefix(to))[0]!;
}

/** What n1 says to n2. */
function overheard(lab: Lab): Overheard {
  const found = [...lab.node('n1').tap!.connections.values()].find(
    ({ remote }) => remote === '10.0.0.2',
  );
  return withoutPaths(found!);
}

/** What is said from now on has no path identifiers. */
function withoutPaths(overheard: Overheard): Overheard {
  overheard.heard.carryPaths({ 'ipv4-unicast': false, 'ipv6-unicast': false });
  return overheard;
}

describe('the checkers', () => {
  it('are silent on a mesh and on a reflected cluster at rest', () => {
    const lab = mesh({ nodes: 4, perRack: 2, ipv6: true });
    expect(check(lab, [...AT_REST, noForwardingLoop])).toEqual([]);
    const reflected = reflectorLab({ seed: 1, nodes: 5, story: [] }).settle();
    expect(check(reflected, AT_REST)).toEqual([]);
  });

  it('notice a session that is down and the routes that go with it', () => {
    const lab = mesh();
    lab.partition('n1', 'n2');
    lab.run(400_000);
    expect(sessionsEstablished(lab)).toContain('n1: 1 of 2 sessions are Established');
    expect(tablesAgree(lab)).toContain('n1 has no route to 10.244.0.64/26 of n2');
    expect(packetsArrive(lab).length).toBe(2);
    expect(kernelsComplete(lab)).toEqual([
      `the kernel of n1 lacks ${B2}`,
      `the kernel of n2 lacks ${B1}`,
    ]);
  });

  it('notice a route that is missing from the kernel, and one that stays', () => {
    const lab = mesh({ nodes: 2 });
    const { kernel } = lab.node('n1');
    const route = routeOf(lab, 'n1', B2);
    kernel.delete(route, true);
    expect(kernelAgrees(lab)).toEqual([`n1: ${B2} is not in the kernel`]);
    expect(kernelsComplete(lab)).toEqual([`the kernel of n1 lacks ${B2}`]);
    kernel.write(route, { flags: MessageFlag.CREATE, quiet: true });
    const stray = { ...route, prefix: prefix('10.244.9.0/26') };
    kernel.write(stray, { flags: MessageFlag.CREATE, quiet: true });
    expect(kernelAgrees(lab)).toEqual(['n1: 10.244.9.0/26 stays in the kernel']);
    expect(kernelsComplete(lab)).toEqual(['the kernel of n1 has 10.244.9.0/26, of nobody']);
  });

  it('notice packets that go in a circle, and packets that are dropped', () => {
    const lab = mesh();
    turn(lab, 'n2', '10.0.0.1');
    turn(lab, 'n1', '10.0.0.2');
    expect(followPacket(lab, lab.node('n1'), ip('10.244.0.130')).end).toBe('loop');
    expect(noForwardingLoop(lab).length).toBe(2);
    lab.node('n1').kernel.delete(routeOf(lab, 'n1', B2), true);
    expect(packetsArrive(lab)).toContain(
      `a packet from n1 to ${B2} is lost at n1: router 10.0.0.254 knows no pods (n1)`,
    );
  });

  it('notice a table that is still owed', () => {
    const lab = mesh();
    lab.network.setPace(lab.node('n2').host, { octets: 1, everyMs: 60_000 });
    lab.node('n1').command({ command: 'resetNeighbor', name: 'Mesh_10_0_0_2', soft: false });
    lab.run(20_000);
    expect(sessionsEstablished(lab).length + nothingOwed(lab).length).toBeGreaterThan(0);
  });

  it('notice a node that works for nothing', () => {
    const lab = mesh();
    const wakeAgain = (): void => {
      lab.node('n1').submit({ type: 'wake' });
      lab.clock.after(5, wakeAgain);
    };
    wakeAgain();
    expect(idleWhenQuiet(lab)[0]).toMatch(/^n1 takes [\d.]+ steps a second/);
  });
});

/** The route of `node` to the third block goes to `gateway`. */
function turn(lab: Lab, node: string, gateway: string): void {
  const { kernel } = lab.node(node);
  const route = routeOf(lab, node, B3);
  const nextHops = [{ ...route.nextHops[0]!, gateway: ip(gateway) }];
  kernel.delete(route, true);
  kernel.write({ ...route, nextHops }, { flags: MessageFlag.CREATE, quiet: true });
}

describe('listening in', () => {
  const say = { family: 'ipv4-unicast', as4: true } as const;

  it('notices a route that may not be announced, e.g. one of another node', () => {
    const lab = mesh();
    expect(announcementsLegitimate(lab)).toEqual([]);
    const tap = overheard(lab);
    const attributes = { ...tap.heard.routes.get(prefix(B1))! };
    tap.hear(announcement([prefix(B3)], { ...say, attributes }));
    expect(announcementsLegitimate(lab)).toEqual([`n1 to n2: ${B3} is announced and may not be`]);
  });

  it('notices a route that is not announced, and one with the next hop of somebody else', () => {
    const lab = mesh();
    const tap = overheard(lab);
    const attributes = { ...tap.heard.routes.get(prefix(B1))!, nextHop: ip('10.0.0.3') };
    tap.hear(announcement([prefix(B1)], { ...say, attributes }));
    expect(announcementsLegitimate(lab)).toEqual([`n1 to n2: ${B1} has next hop 10.0.0.3, not n1`]);
    tap.hear(withdrawal([prefix(B1)], 'ipv4-unicast'));
    expect(announcementsLegitimate(lab)).toEqual([`n1 to n2: ${B1} of n1 is not announced`]);
  });

  it('notices what a reflector does not pass on', () => {
    const lab = reflectorLab({ seed: 1, nodes: 4, story: [] }).settle();
    const [, tap] = [...lab.node('n1').tap!.connections.values()];
    withoutPaths(tap!);
    tap!.hear(withdrawal([prefix('10.244.0.192/26')], 'ipv4-unicast'));
    tap!.hear(withdrawal([prefix(B3)], 'ipv4-unicast'));
    expect(announcementsLegitimate(lab).length).toBeGreaterThan(0);
  });

  it('notices octets after a NOTIFICATION, and messages that are not well-formed', () => {
    const lab = mesh();
    const { tap } = lab.node('n1');
    const [connection] = tap!.connections.keys();
    const remote = ip('10.0.0.2');
    const goodbye = encodeNotification({ code: 6, subcode: 2, data: new Uint8Array(0) });
    tap!.onSent(connection!, remote, goodbye);
    expect(contractKept(lab)).toEqual([]);
    tap!.onSent(connection!, remote, goodbye);
    expect(contractKept(lab)[0]).toMatch(/21 octets after a NOTIFICATION/);
    tap!.onSent(999, remote, new Uint8Array(19));
    expect(contractKept(lab)[1]).toMatch(/not well-formed: .*Marker is not all ones/);
  });
});

describe('memory', () => {
  it('is bounded: prefixes that nobody has any more, and appointments that never end, are noticed', () => {
    const lab = mesh();
    expect(memoryBounded(lab)).toEqual([]);
    for (let i = 0; i < 1000; i++) lab.clock.after(1e9, () => undefined);
    expect(memoryBounded(lab)).toEqual([expect.stringMatching(/appointments for 6 sessions/)]);
  });

  it('is bounded: octets that wait in a program are noticed', () => {
    // The kernels hold less than nothing: whatever is written waits.
    const lab = meshLab({ seed: 1, nodes: 2, bufferOctets: -200_000 });
    lab.run(100);
    expect(memoryBounded(lab)[0]).toMatch(/^n1 had 200\d+ octets waiting for one socket/);
  });

  it('is bounded: tables that hold more than there is are noticed', () => {
    const lab = mesh();
    const more = affinity('n1', '10.244.7.0/26');
    lab.apply([...lab.documents, more]);
    lab.run(50);
    for (const node of lab.nodes.values()) node.kill();
    lab.node('n2').start();
    lab.node('n3').start();
    lab.run(10_000);
    expect(memoryBounded(lab)).toEqual([]);
    lab.network.resetAll(lab.node('n3').host);
    lab.run(10);
    // n2 keeps what n3 announced for its restart time; n3 has ended for good.
    lab.node('n3').kill();
    expect(memoryBounded(lab)).toEqual(['n2 holds 2 prefixes of ipv4-unicast, there are 1']);
  });
});
