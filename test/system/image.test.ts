/**
 * The image, built from our Dockerfile without an engine and run as an engine would run it: as its user, with the
 * capabilities that the documents ask for, opposite a real BIRD.
 */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { logTail, type Running, type RunResult, run, runOk } from '../../tools/fabric/process.ts';
import { type Image, ImageBuilder, inContainer, userOf } from '../../tools/image/build.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { calico } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

/** Milliseconds: packages are fetched and compiled, here and there on a machine that has more to do. */
const BUILD_MS = 900_000;
const REMOVAL_MS = 600_000;
/** What docs/docker-compose.md says to give the container. */
const ADDED = ['net_admin', 'net_raw'];
const RESOURCES = [
  calico('Node', 'node-a', {
    bgp: { ipv4Address: '10.9.0.1/24', ipv4IPIPTunnelAddr: '10.244.1.1' },
  }),
  calico('IPPool', 'pods', { cidr: '10.244.0.0/16', ipipMode: 'Never' }),
  calico('BlockAffinity', 'a', { node: 'node-a', cidr: '10.244.1.0/26', state: 'confirmed' }),
  calico('BGPPeer', 'tor', { peerIP: '10.9.0.2', asNumber: 64_601, filters: ['pods'] }),
  calico('BGPFilter', 'pods', {
    importV4: [
      { action: 'Accept', matchOperator: 'In', cidr: '10.244.0.0/16' },
      { action: 'Reject' },
    ],
  }),
];
const TOR = `${birdConfHead({ routerId: '10.9.0.2' })}
protocol static far { ipv4; route 10.244.7.0/26 blackhole; }
protocol bgp node {
  local 10.9.0.2 as 64601; neighbor 10.9.0.1 as 64512; direct; connect retry time 1;
  password "opposite"; graceful restart on;
  ipv4 { import all; export all; };
}
`;
const NEEDS = ['root', 'netns', 'ip', 'veth', 'unshare', 'debootstrap', 'bird2', 'tun'] as const;

describeWith(NEEDS, 'The image', () => {
  const lab = new NetworkLab();
  const scratch = mkdtempSync(join(tmpdir(), 'godwit-image-'));
  let godwit: Image;
  let fabric: Image;
  let node: Namespace;

  beforeAll(async () => {
    const builder = new ImageBuilder(scratch);
    fabric = await builder.build('fabric');
    godwit = await builder.build('godwit');
    node = await lab.namespace('node');
    const tor = await lab.namespace('tor');
    await lab.link(
      { namespace: node, device: 'eth0', addresses: ['10.9.0.1/24'] },
      { namespace: tor, device: 'eth0', addresses: ['10.9.0.2/24'] },
    );
    await Bird.start({ lab, namespace: tor, name: 'tor', config: TOR });
    const peer = RESOURCES.map((one) => (one.kind === 'BGPPeer' ? withPassword(one) : one));
    writeFileSync(join(lab.dir, 'resources.yaml'), documents([...peer, SECRET]));
    writeFileSync(
      join(lab.dir, 'broken.yaml'),
      documents([...peer, calico('BGPPeer', 'x', { peerIP: 'y' })]),
    );
  }, BUILD_MS);

  afterAll(async () => {
    await lab.destroy();
    // Two gigabytes in some ten thousand files.
    await runOk(['rm', '-rf', scratch], { timeoutMs: REMOVAL_MS });
  }, REMOVAL_MS);

  const binds = (resources: string): Record<string, string> => ({
    '/etc/godwit/resources/all.yaml': join(lab.dir, resources),
  });

  /** A command in a container of its own, without an added capability unless said otherwise. */
  function once(
    image: Image,
    argv: readonly string[],
    add: readonly string[] = ADDED,
  ): Promise<RunResult> {
    const env = { NODENAME: 'node-a' };
    return run(inContainer(image, { argv, add, env, binds: binds('resources.yaml') }));
  }

  it('holds what runs, and nothing of what built it', async () => {
    const inside = (path: string): boolean => existsSync(join(godwit.root, path));
    expect(inside('opt/godwit/dist/bin/godwitd.js')).toBe(true);
    expect(inside('opt/godwit/dist/LICENSES.txt')).toBe(true);
    for (const path of [
      'usr/bin/gcc',
      'src',
      'opt/godwit/src',
      'opt/godwit/test',
      'opt/godwit/node_modules',
      'usr/sbin/setcap',
    ]) {
      expect([path, inside(path)]).toEqual([path, false]);
    }
    const ours = await runOk(['du', '-sm', join(godwit.root, 'opt/godwit')]);
    // MiB: Node is 121 of it.
    expect(Number(/^\d+/.exec(ours)?.[0])).toBeLessThan(145);
  });

  it('runs as a user who is not root, with capabilities on Node alone', async () => {
    expect(userOf(godwit)).toEqual({ user: { uid: 1790, gid: expect.any(Number) } });
    const found = await runOk(['getcap', '-r', godwit.root]);
    expect(found.trim().split('\n')).toEqual([
      `${godwit.root}/opt/godwit/bin/node cap_net_bind_service,cap_net_admin,cap_net_raw=ep`,
    ]);
    const { stdout } = await once(godwit, ['godwitd', '--version']);
    expect(stdout).toMatch(/^\S*\s*\d+\.\d+\.\d+/);
  });

  it('checks a configuration that is mounted into it', async () => {
    const check = ['godwitd', '--config', '/etc/godwit/godwit.yaml', '--check'];
    expect(await once(godwit, check)).toMatchObject({ code: 0 });
    const argv = inContainer(godwit, {
      argv: check,
      add: ADDED,
      binds: binds('broken.yaml'),
      env: { NODENAME: 'node-a' },
    });
    const { code, stderr, stdout } = await run(argv);
    expect(`${stdout}${stderr}`).toContain('peerIP');
    expect(code).toBe(78);
  });

  it('does not start without NET_ADMIN, and the kernel says so', async () => {
    const { code, stderr } = await once(godwit, ['godwitd', '--version'], []);
    expect(code).toBe(126);
    expect(stderr).toContain('Operation not permitted');
  });

  it('speaks with BIRD on port 179 with a password, and writes routes, not being root', async () => {
    const running = await start('godwit', godwit, {});
    expect(await establishedRoutes(running)).toContain('10.244.7.0/26 via 10.9.0.2 dev eth0');
    const status = readFileSync(`/proc/${running.pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t1790\t1790\t1790\t1790$/m);
    const log = logTail(running.logPath, 500);
    expect(log).toContain('"session-up"');
    expect(log).not.toContain('opposite');
  });

  it('as fabric-node makes its tunnel and its pod before the daemon', async () => {
    const env = { NODE4: '10.9.0.1', TUNNEL4: '10.244.1.1', POD4: '10.244.1.2' };
    const running = await start('fabric', fabric, env);
    expect(await establishedRoutes(running)).toContain('blackhole 10.244.1.0/26');
    expect(await node.ip('address', 'show', 'dev', 'tunl0')).toMatch(
      /mtu 1480.*[\s\S]*10\.244\.1\.1\/32/,
    );
    expect(await node.ip('address', 'show', 'dev', 'lo')).toContain('10.244.1.2/32');
    const socket = join(fabric.root, 'run/godwit/godwit.sock');
    const cli = inContainer(fabric, { argv: ['godwit', 'show', 'status'], add: ADDED });
    expect(existsSync(socket)).toBe(true);
    expect(await runOk(cli)).toContain('node-a');
  });

  /** The image's own command, alone in the node's namespace: what ran there before is ended. */
  async function start(name: string, image: Image, env: Record<string, string>): Promise<Running> {
    for (const pid of await node.pids()) process.kill(pid, 'SIGKILL');
    await node.ip('route', 'flush', 'proto', '12');
    const argv = inContainer(image, {
      add: ADDED,
      env: { NODENAME: 'node-a', ...env },
      binds: { ...binds('resources.yaml'), '/dev/net/tun': '/dev/net/tun' },
    });
    return lab.spawn(node, { name, argv });
  }

  async function establishedRoutes(running: Running): Promise<string> {
    return waitFor(
      async () => {
        if (running.ended !== undefined) throw new Error(logTail(running.logPath));
        return node.ip('route', 'show', 'proto', '12');
      },
      (routes) => routes.includes('10.244.7.0/26'),
      { what: 'the route that BIRD announces', timeoutMs: 60_000 },
    );
  }
});

const SECRET = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'bgp', namespace: 'kube-system' },
  stringData: { tor: 'opposite' },
};

function withPassword(peer: ReturnType<typeof calico>): ReturnType<typeof calico> {
  const password = { secretKeyRef: { name: 'bgp', key: 'tor' } };
  return { ...peer, spec: { ...peer.spec, password } };
}

function documents(resources: readonly unknown[]): string {
  return resources.map((one) => stringify(one)).join('---\n');
}
