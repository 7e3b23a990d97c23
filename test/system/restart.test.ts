/**
 * A node of the fabric is restarted, in order and by kill -9, while pods ping each other through it: no ping is
 * lost, no route is withdrawn or missing for a moment, and afterwards only what nobody announces any more goes.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NODES } from '../../tools/fabric/topology.ts';
import { FABRIC_NEEDS, fabricNode, Pings, TestFabric } from '../support/fabric.ts';
import { describeWith } from '../support/requirements.ts';
import { RouteMonitor } from '../support/route-monitor.ts';
import { staysTrue, waitFor } from '../support/wait-for.ts';

describeWith(FABRIC_NEEDS, 'Restart of a godwit in a running fabric', () => {
  let fabric: TestFabric;

  beforeAll(async () => {
    fabric = await TestFabric.start();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  /** Between the pod of node-c and those of the others, both ways, IPv4 and IPv6. */
  function pingAll(): Promise<Pings[]> {
    const c = fabricNode('node-c');
    const pairs = NODES.filter((node) => node !== c).flatMap((node) => [
      [node.name, c.podV4],
      [c.name, node.podV4],
      [node.name, c.podV6],
    ]) as [string, string][];
    return Promise.all(pairs.map(([from, to]) => Pings.start(fabric.lab, fabric.pod(from), to)));
  }

  async function expectNoneLost(pings: readonly Pings[], seconds: number): Promise<void> {
    for (const one of pings) {
      const { sent, received } = await one.stop();
      expect(sent).toBeGreaterThan(seconds * 50);
      // The very last one may still be on its way when ping is interrupted.
      expect(sent - received).toBeLessThanOrEqual(1);
    }
  }

  async function monitorAll(): Promise<() => Promise<string[]>> {
    const { lab, network } = fabric;
    const names = [...NODES.map(({ name }) => name), 'tor'];
    const monitors = await Promise.all(
      names.map((name) =>
        RouteMonitor.start(lab, name === 'tor' ? network.of('tor') : fabric.namespace(name)),
      ),
    );
    // What is deleted, by place. The kernel's own (local, link) routes are not touched here.
    return async () => {
      const events = await Promise.all(monitors.map((monitor) => monitor.stop()));
      return events.flatMap((list, i) =>
        list.filter(({ kind }) => kind === 'deleted').map(({ route }) => `${names[i]}: ${route}`),
      );
    };
  }

  /** Lines in which BIRD says that it takes a route of node-c's out of its table. */
  function removedByTor(since: number): string[] {
    const lines = fabric.tor.log().slice(since).split('\n');
    return lines.filter((line) => /node_c_v[46]\.ipv[46] > removed/.test(line));
  }

  it('loses no ping and withdraws nothing on SIGTERM and start', async () => {
    const node = fabric.node('node-c');
    const before = fabric.tor.log().length;
    const deleted = await monitorAll();
    const pings = await pingAll();
    const began = performance.now();
    expect(await node.kill('SIGTERM')).toBe(0);
    await node.start();
    await fabric.untilConverged();
    await node.untilReady();
    const seconds = (performance.now() - began) / 1000;
    await expectNoneLost(pings, seconds);
    expect(removedByTor(before)).toEqual([]);
    expect(await deleted()).toEqual([]);
    // It really was away: everybody's session with it ended and came again.
    for (const other of ['node-a', 'node-b']) {
      const neighbor = await fabric.node(other).neighbor(fabricNode('node-c').ipv4);
      expect(neighbor).toMatchObject({ established: 2, flaps: 1, state: 'Established' });
    }
    expect(fabric.tor.log().slice(before)).toContain('node_c_v4: State changed to start');
  });

  it('loses no ping and withdraws nothing on kill -9 and start', async () => {
    const node = fabric.node('node-c');
    const before = fabric.tor.log().length;
    const deleted = await monitorAll();
    const pings = await pingAll();
    const began = performance.now();
    expect(await node.kill('SIGKILL')).toBe('SIGKILL');
    await node.start();
    await fabric.untilConverged();
    await node.untilReady();
    const seconds = (performance.now() - began) / 1000;
    await expectNoneLost(pings, seconds);
    expect(removedByTor(before)).toEqual([]);
    expect(await deleted()).toEqual([]);
    for (const { state } of await node.kernelRoutes()) expect(state).toBe('installed');
  });

  it('keeps routes while the node is down, and removes after End-of-RIB what is announced no more', async () => {
    const node = fabric.node('node-c');
    const gone = fabricNode('node-b').blockV4;
    await node.kill('SIGKILL');
    fabric.removeResource('BlockAffinity', `node-b-${gone.replaceAll(/[./]/g, '-')}`);
    const has = async (name: string): Promise<boolean> =>
      (await fabric.namespace(name).ip('route', 'show', gone)).trim() !== '';
    await waitFor(
      () => has('node-a'),
      (there) => !there,
      { what: 'node-a to follow the withdrawal' },
    );
    expect(await has('node-c')).toBe(true);
    const deleted = await monitorAll();
    const pings = await Promise.all([
      Pings.start(fabric.lab, fabric.pod('node-a'), fabricNode('node-c').podV4),
      Pings.start(fabric.lab, fabric.pod('node-c'), fabricNode('node-a').podV4),
    ]);
    const began = performance.now();
    await node.start();
    await waitFor(
      () => has('node-c'),
      (there) => !there,
      { what: 'node-c to remove the adopted route', timeoutMs: 30_000 },
    );
    await node.untilReady();
    const seconds = (performance.now() - began) / 1000;
    await expectNoneLost(pings, seconds);
    const [only, ...more] = await deleted();
    expect(only).toMatch(new RegExp(`^node-c: (unicast )?${gone} .*proto bird`));
    expect(more).toEqual([]);
    const spoken = node.events('end-of-rib').length;
    expect(spoken).toBeGreaterThan(0);
    await staysTrue(
      () => node.kernelRoutes(),
      (routes) => routes.every(({ state }) => state === 'installed'),
      { what: 'The kernel', forMs: 500 },
    );
  });

  it('is seen by the same eyes when it leaves: routes are withdrawn and pings lost, its kernel stays', async () => {
    const node = fabric.node('node-c');
    const before = fabric.tor.log().length;
    // Within IPv6 the way between the racks is the ToR's route to the block.
    const pings = await Pings.start(fabric.lab, fabric.pod('node-a'), fabricNode('node-c').podV6);
    const held = await fabric.namespace('node-c').ip('route', 'show', 'proto', '12');
    await node.command('shut', '--message', 'replaced');
    expect(await node.running.exited).toBe(0);
    await waitFor(
      () => removedByTor(before),
      (lines) => lines.length === 2,
      { what: 'BIRD to remove both blocks' },
    );
    const seen = await fabric.tor.protocol('node_c_v4');
    expect(seen.lastError).toBe('Received: Administrative shutdown');
    expect(seen.details['Message']).toContain('replaced');
    expect(await fabric.namespace('node-c').ip('route', 'show', 'proto', '12')).toBe(held);
    await new Promise((resolve) => {
      setTimeout(resolve, 300); // thirty pings that go nowhere
    });
    const { sent, received } = await pings.stop();
    expect(sent - received).toBeGreaterThan(10);
  });
});
