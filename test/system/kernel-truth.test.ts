/**
 * The kernel is as godwit says: proven by a second look, restored at once with all that hung on what was deleted, and
 * whoever undoes it again and again is named.
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KernelRouteMessage } from '../../src/api/messages.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { stopProcess } from '../../tools/fabric/process.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { RouteMonitor } from '../support/route-monitor.ts';
import { waitFor } from '../support/wait-for.ts';

/** 200 blocks of a neighbor on the link, and 50 of one that is reached through a static route. */
const NEAR = Array.from({ length: 200 }, (_, i) => `10.244.${i}.0/26`);
const FAR = Array.from({ length: 50 }, (_, i) => `10.245.${i}.0/26`);
const SHADOWED = NEAR[3]!;
const FOUGHT = NEAR[4]!;
/** "Back within 100 ms" on a quiet machine; a busy one may take longer, and is told from a dump or a timer all the same. */
const BACK_MS_MAX = 800;

describeWith(['root', 'netns', 'ip', 'veth', 'bird2', 'native'], 'the kernel, proven', () => {
  const lab = new NetworkLab();
  let node: Namespace;
  let godwit: Godwit;

  beforeAll(async () => {
    node = await lab.namespace('node');
    const other = await lab.namespace('peer');
    await lab.link(
      { namespace: node, device: 'eth0', addresses: ['10.9.0.1/24'] },
      { namespace: other, device: 'eth0', addresses: ['10.9.0.2/24', '10.9.0.3/24'] },
    );
    await node.ip('route', 'add', '10.77.0.0/24', 'via', '10.9.0.3', 'proto', 'static');
    const config = `${birdConfHead({ routerId: '10.9.0.2' })}
protocol static near { ipv4; ${NEAR.map((cidr) => `route ${cidr} blackhole;`).join(' ')} }
protocol static far { ipv4; ${FAR.map((cidr) => `route ${cidr} blackhole;`).join(' ')} }
protocol bgp node {
  local 10.9.0.2 as 64512; neighbor 10.9.0.1 as 64512; direct;
  connect retry time 1; connect delay time 1; error wait time 1, 2; graceful restart on;
  ipv4 { import all; export filter {
    if proto = "near" then { bgp_next_hop = 10.9.0.2; accept; }
    if proto = "far" then { bgp_next_hop = 10.77.0.1; accept; }
    reject;
  }; };
}
`;
    await Bird.start({ lab, namespace: other, name: 'peer', config });
    godwit = new Godwit({
      lab,
      namespace: node,
      name: 'node',
      resources: [
        calico('Node', 'node', { bgp: { ipv4Address: '10.9.0.1/24' } }),
        calico('IPPool', 'near', { cidr: '10.244.0.0/16' }),
        calico('IPPool', 'far', { cidr: '10.245.0.0/16' }),
        calico('BGPPeer', 'peer', { peerIP: '10.9.0.2', asNumber: 64_512 }),
      ],
    });
    await godwit.start();
    await installed();
  });

  afterAll(async () => {
    await lab.destroy();
  });

  async function installed(): Promise<void> {
    await waitFor(
      () => node.ip('route', 'show', 'proto', '12'),
      (text) => {
        const lines = text.split('\n');
        const near = lines.filter((line) => /^10\.244\..* via 10\.9\.0\.2 dev eth0/.test(line));
        const far = lines.filter((line) => /^10\.245\..* via 10\.9\.0\.3 dev eth0/.test(line));
        return near.length === NEAR.length && far.length === FAR.length;
      },
      // What was disturbed again and again is restored with growing delays.
      { what: 'all blocks to be installed', intervalMs: 20, timeoutMs: 50_000 },
    );
  }

  /** Milliseconds from the first to the last route event that `act` brought about, as the kernel told them. */
  async function spanOf(act: () => Promise<unknown>): Promise<number> {
    const monitor = await RouteMonitor.start(lab, node, { timestamps: true });
    await act();
    await installed();
    const times = (await monitor.stop()).map(({ at }) => at!);
    const span = Math.max(...times) - Math.min(...times);
    console.log(`back ${span.toFixed(1)} ms after the first event`);
    return span;
  }

  it('finds nothing that differs, having read the kernel', async () => {
    const { code, stdout } = await godwit.runCommand('show', 'kernel', '--diff');
    expect([code, stdout]).toEqual([0, expect.stringContaining('Nothing differs')]);
    expect(stdout).toMatch(/The kernel was read \ds ago: 250 routes of protocol bird/);
  });

  it('has all routes back at once after somebody flushed them, and says so', async () => {
    const flush = ['route', 'flush', 'proto', '12', 'root', '10.244.0.0/16'];
    expect(await spanOf(() => node.ip(...flush))).toBeLessThan(BACK_MS_MAX);
    const said = await godwit.command('show', 'events', '--kind', 'route-restored');
    expect(said).toMatch(/Kernel route 10\.244\.\d+\.0\/26 restored \(attempt \d+\)/);
  });

  it('follows a route that next hops hang on, away and back, with all that hangs on it', async () => {
    const covering = ['10.77.0.0/24', 'via', '10.9.0.3', 'proto', 'static'];
    await node.ip('route', 'delete', ...covering);
    await waitFor(
      () => node.ip('route', 'show', 'type', 'unreachable', 'proto', '12'),
      (text) => FAR.every((cidr) => text.includes(cidr)),
      { what: 'what hung on the route to be unreachable', intervalMs: 10 },
    );
    expect(await spanOf(() => node.ip('route', 'add', ...covering))).toBeLessThan(BACK_MS_MAX);
  });

  it('has all back at once after the connected route was deleted and the link told of it anew', async () => {
    await node.ip('route', 'delete', '10.9.0.0/24', 'dev', 'eth0', 'proto', 'kernel');
    await waitFor(
      () => node.ip('route', 'show', 'type', 'unreachable', 'proto', '12'),
      (text) => NEAR.every((cidr) => text.includes(cidr)),
      { what: 'what hung on the link to be unreachable', intervalMs: 10 },
    );
    const connected = ['10.9.0.0/24', 'dev', 'eth0', 'proto', 'kernel', 'scope', 'link'];
    const again = () => node.ip('route', 'add', ...connected, 'src', '10.9.0.1');
    expect(await spanOf(again)).toBeLessThan(BACK_MS_MAX);
  });

  it('names a route of another that the kernel prefers to ours, in all four columns', async () => {
    await node.ip('route', 'add', SHADOWED, 'via', '10.9.0.3', 'proto', 'static');
    const [row] = await waitFor(differing, (rows) => rows.length > 0, { what: 'the shadow' });
    const { code, stdout } = await godwit.runCommand('show', 'kernel', '--diff');
    expect(code).toBe(3);
    expect(stdout).toMatch(/^Prefix +State +Wanted +Sent +Acknowledged +In kernel +Because/m);
    expect(stdout).toMatch(/Shadowed: the kernel prefers via 10\.9\.0\.3 dev eth0 proto static/);
    const ours = expect.stringMatching(/^via 10\.9\.0\.2 dev eth0 metric \d+$/);
    expect(row).toMatchObject({ prefix: SHADOWED, wanted: ours, sent: ours, acknowledged: ours });
    expect(row!['inKernel']).toMatch(/^via 10\.9\.0\.2 .*; via 10\.9\.0\.3 dev eth0 proto static$/);
    await node.ip('route', 'delete', SHADOWED, 'proto', 'static');
    await waitFor(differing, (rows) => rows.length === 0, { what: 'nothing to differ' });
  });

  /** What `show kernel --diff --json` prints, without a process for it. */
  async function differing(): Promise<KernelRouteMessage[]> {
    const rows: KernelRouteMessage[] = [];
    for await (const row of godwit.client.listKernelRoutes({ differing: true })) rows.push(row);
    return rows;
  }

  it('names who deletes a route again and again, and meets it with growing delays', async () => {
    const loop = `while :; do echo "route delete ${FOUGHT}"; sleep 0.02; done`;
    const writer = `${loop} | ip -force -batch - 2>/dev/null`;
    // Whoever stops the shell stops all of its group: what is left of a fight would go on in the tests that follow.
    const script = `trap 'trap - TERM; kill 0' TERM; (${writer}) & wait`;
    const fight = await lab.spawn(node, { name: 'second-writer', argv: ['sh', '-c', script] });
    const told = await waitFor(
      () => godwit.events('second-writer'),
      (events) => events.length > 0,
      { what: 'the second writer to be named' },
    );
    expect(told[0]).toMatchObject({ writer: 'ip', routes: 1 });
    expect(told[0]!['reason']).toMatch(
      /^10\.244\.4\.0\/26: ip deleted it; written again after \d+ ms/,
    );
    await new Promise((resolve) => {
      setTimeout(resolve, 1_000);
    });
    expect(godwit.events('second-writer')).toHaveLength(1);
    expect(
      godwit.events('route-restored').filter(({ prefix }) => prefix === FOUGHT).length,
    ).toBeLessThan(8);
    await stopProcess(fight);
    await installed();
  });

  it('survives a systemd-networkd that flushes routes of others, names it, and says what stops it', async () => {
    // Its way is that of any program; its name is what the kernel has of the process.
    const networkd = join(lab.dir, 'systemd-networkd');
    copyFileSync((await node.runOk(['sh', '-c', 'command -v ip'])).trim(), networkd);
    const flush = 'route flush proto 12 root 10.245.0.0/20';
    await node.runOk(['sh', '-c', `(echo ${flush}; sleep 0.5) | ${networkd} -batch -`]);
    await installed();
    const told = godwit
      .events('route-restored')
      .filter(({ reason }) => /networkd/.test(`${reason}`));
    expect(told.map(({ reason }) => reason)).toContain(
      'systemd-networkd deleted it; set ManageForeignRoutes=no in /etc/systemd/networkd.conf',
    );
  });

  it('counts it all in its metrics', async () => {
    const script = `fetch('http://127.0.0.1:9179/metrics').then((r) => r.text()).then(console.log)`;
    const metrics = await node.runOk([process.execPath, '-e', script]);
    expect(metrics).toContain('bgp_kernel_divergent_routes{reason="shadowed"} 0');
    expect(metrics).toMatch(/bgp_kernel_proofs_total\{outcome="equal"\} [1-9]/);
    expect(metrics).toContain('bgp_kernel_proof_routes 250');
  });
});
