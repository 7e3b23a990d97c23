/**
 * A recording of the real daemon, with sockets and kernel, replays in the same core: the same digests step by step
 * and the same tables at the end. What was changed in it is found at its line.
 */
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KernelRouteMessage, NeighborMessage, RouteMessage } from '../../src/api/messages.ts';
import { REPOSITORY } from '../../tools/cache-dir.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { type RunResult, run } from '../../tools/fabric/process.ts';
import { GODWITD } from '../../tools/fabric/speakers.ts';
import { Bird } from '../support/bird.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { Portal } from '../support/portal.ts';
import { RawPeer, rawUpdate, rawWithdrawal, usualCapabilities } from '../support/raw-peer.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

/** Replayed by `test/recordings.test.ts`. */
const GOLDEN = join(REPOSITORY, 'test/fixtures/recordings/node-with-bird.jsonl');
const NODE = '10.9.0.1';
const RAW = '10.9.0.2';
const BIRD = '10.9.0.3';
const SILENT = '10.9.0.4';
const BLOCK = '10.244.1.0/26';
const PASSWORD = 'a-password-that-stays-ours';

describeWith(
  ['root', 'netns', 'ip', 'veth', 'native', 'bird2'],
  'A recording of a real daemon',
  () => {
    const lab = new NetworkLab();
    let node: Namespace;
    let portal: Portal;
    let godwit: Godwit;
    let peer: RawPeer;
    let recording: string;

    beforeAll(async () => {
      node = await lab.namespace('node');
      const raw = await lab.namespace('raw');
      await lab.link(
        { namespace: node, device: 'eth0', addresses: [`${NODE}/24`] },
        { namespace: raw, device: 'eth0', addresses: [`${RAW}/24`, `${BIRD}/24`, `${SILENT}/24`] },
      );
      portal = await Portal.open(lab, raw, 'raw');
      await Bird.start({ lab, namespace: raw, name: 'bird', config: BIRD_CONF });
      godwit = new Godwit({
        lab,
        namespace: node,
        name: 'node',
        resources: [
          calico('Node', 'node', { bgp: { ipv4Address: `${NODE}/24` } }),
          calico('IPPool', 'pods', { cidr: '10.244.0.0/16' }),
          calico('BlockAffinity', 'own', { node: 'node', cidr: BLOCK, state: 'confirmed' }),
          calico('BGPPeer', 'raw', { peerIP: RAW, asNumber: 65_002 }),
          calico('BGPPeer', 'bird', { peerIP: BIRD, asNumber: 65_003 }),
          calico('BGPPeer', 'silent', {
            peerIP: SILENT,
            asNumber: 65_004,
            password: { secretKeyRef: { name: 'bgp', key: 'silent' } },
          }),
        ],
        config: { record: { enabled: true } },
      });
      writeSecret();
      recording = join(godwit.dir, 'state', 'recording.jsonl');
      await godwit.start();
      await godwit.untilReady();
      peer = new RawPeer(await portal.dial({ host: NODE, port: 179, from: RAW }));
      await peer.establish({ as: 65_002, identifier: 2, capabilities: usualCapabilities(65_002) });
      peer.keepAlive(5_000);
      await godwit.untilEstablished(RAW, BIRD);
    });

    afterAll(async () => {
      await lab.destroy();
    });

    function writeSecret(): void {
      const data = { silent: Buffer.from(PASSWORD).toString('base64') };
      const metadata = { name: 'bgp', namespace: 'kube-system' };
      const document = { apiVersion: 'v1', kind: 'Secret', metadata, data };
      writeFileSync(join(godwit.resourcesDir, 'secret.yaml'), JSON.stringify(document));
    }

    function replay(path: string, ...more: string[]): Promise<RunResult> {
      return run([process.execPath, GODWITD, '--replay', path, ...more], { timeoutMs: 60_000 });
    }

    async function untilBest(prefix: string, there: boolean): Promise<void> {
      await waitFor(
        () => godwit.routes(prefix),
        (routes) => routes.some(({ paths }) => paths.some(({ best }) => best)) === there,
        { what: `${prefix} to be ${there ? 'there' : 'gone'}`, intervalMs: 20 },
      );
    }

    /** What happens in the life of a node, in a second. */
    async function live(): Promise<void> {
      const announce = { asPath: [65_002], nextHop: RAW };
      peer.send(rawUpdate({ ...announce, prefixes: ['10.244.7.0/26', '10.244.8.0/26'] }));
      await untilBest('10.244.8.0/26', true);
      peer.send(rawWithdrawal(['10.244.7.0/26']));
      await untilBest('10.244.7.0/26', false);
      const broken = rawUpdate({ ...announce, prefixes: ['10.244.9.0/26'] });
      broken[19 + 4 + 3] = 7; // ORIGIN 7: treated as withdrawn (RFC 7606 §7.1)
      peer.send(broken);
      await untilBest('10.244.65.0/26', true); // BIRD's
      const second = { node: 'node', cidr: '10.244.2.0/26', state: 'confirmed' };
      godwit.writeResource(calico('BlockAffinity', 'two', second));
      await peer.untilAnnounced(['10.244.2.0/26']);
      const refused = await godwit.runCommand('reset', RAW, '--soft');
      expect(refused.stderr).toContain('does not speak route refresh');
      await node.ip('route', 'del', '10.244.8.0/26');
      await waitFor(
        () => godwit.kernelRoutes(),
        (routes) => routes.length > 3 && routes.every(({ state }) => state === 'installed'),
        { what: 'the kernel to hold all routes again', intervalMs: 50 },
      );
    }

    let before: Tables;

    it('replays with the same digests and ends with the same tables', async () => {
      await live();
      before = {
        neighbors: await godwit.neighbors(),
        routes: await godwit.routes(),
        kernelRoutes: await godwit.kernelRoutes(),
      };
      expect(await godwit.command('record', 'stop')).toMatch(/^\d+ steps in .*recording\.jsonl/);
      const { code, stdout, stderr } = await replay(recording, '--compare');
      expect({ code, stderr }).toMatchObject({
        code: 0,
        stderr: expect.stringContaining(', 0 differ'),
      });
      expect(Number(/: (\d+) lines compared/.exec(stderr)?.[1])).toBeGreaterThan(40);
      const after = tablesOf(stdout);
      expect(after.routes).toEqual(sorted(before.routes));
      expect(after.kernelRoutes).toEqual(sorted(before.kernelRoutes));
      expect(before.routes.length).toBeGreaterThan(3);
      expect(before.kernelRoutes.length).toBeGreaterThan(3);
      expect(after.neighbors.map(lasting)).toEqual(before.neighbors.map(lasting));
      expect(after.neighbors.map(({ state }) => state).sort()).toContain('Established');
      if (process.env['UPDATE_GOLDEN'] === '1') copyFileSync(recording, GOLDEN);
    });

    it('is found out at the line that was changed, with exit code 3', async () => {
      const lines = readFileSync(recording, 'utf8').split('\n');
      const at = lines.findIndex(
        (line) => line.includes('"octetsReceived"') && /1a0af408/.test(line),
      );
      expect(at).toBeGreaterThan(0);
      const path = join(lab.dir, 'tampered.jsonl');
      const tampered = lines.with(at, lines[at]!.replace('1a0af408', '1a0af409'));
      writeFileSync(path, tampered.join('\n'));
      const { code, stderr } = await replay(path, '--compare');
      expect({ code, stderr }).toMatchObject({
        code: 3,
        stderr: expect.stringContaining(`tampered.jsonl:${at + 1}: was changed`),
      });
    });

    it('shows what each step gave', async () => {
      const { stdout } = await replay(recording, '--effects');
      const steps = stdout.split('\n').filter((line) => line.startsWith('{"place"'));
      expect(steps.some((line) => /"event":"session-up".*"address":"10\.9\.0\.3"/.test(line))).toBe(
        true,
      );
      expect(steps.some((line) => line.includes('"kernelRequests"'))).toBe(true);
    });

    it("holds no password, is its owner's alone, and keeps what it hides apart by name", () => {
      const text = readFileSync(recording, 'utf8');
      expect(text).toContain('"password":{"value":"password-1"}');
      expect(text).not.toContain(PASSWORD);
      expect(text).not.toContain(Buffer.from(PASSWORD).toString('hex'));
      expect(statSync(recording).mode & 0o777).toBe(0o600);
    });

    it('that was begun by hand can be read and says that it cannot be replayed', async () => {
      expect(await godwit.command('record', 'status')).toMatch(
        /Recording: +ended: stopped by the operator/,
      );
      const started = await godwit.command('record', 'start');
      expect(started).toContain('in the midst of a run');
      expect(await godwit.command('show', 'status')).toMatch(/Recording: +every input is written/);
      const again = await godwit.runCommand('record', 'start');
      expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('It runs already')]);
      const [status] = await godwit.json<{ active: boolean; replayable: boolean }>(
        'record',
        'status',
      );
      expect(status).toMatchObject({ active: true, replayable: false });
      await godwit.command('record', 'stop');
      const { code, stderr } = await replay(recording);
      expect([code, stderr]).toEqual([65, expect.stringContaining('in the midst of a run')]);
      // The one before has moved on, whole.
      const older = await replay(`${recording}.1`, '--compare');
      expect(older.code).toBe(0);
    });
  },
);

interface Tables {
  readonly neighbors: NeighborMessage[];
  readonly routes: RouteMessage[];
  readonly kernelRoutes: KernelRouteMessage[];
}

function tablesOf(stdout: string): Tables {
  const rows = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const of = <T>(name: string): T[] => rows.flatMap((row) => (name in row ? [row[name] as T] : []));
  return {
    neighbors: of('neighbor'),
    routes: sorted(of<RouteMessage>('route')),
    kernelRoutes: sorted(of<KernelRouteMessage>('kernelRoute')),
  };
}

/** By prefix. */
function sorted<T extends { readonly prefix: string }>(rows: readonly T[]): T[] {
  return sparse([...rows]).sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
}

/** Texts that gRPC fills in where there are none left out. */
function sparse<T>(value: T): T {
  const text = JSON.stringify(value);
  return JSON.parse(text, (_key, one: unknown) => (one === '' ? undefined : one)) as T;
}

/** Without what goes on while we look: ages, KEEPALIVEs. */
function lasting({ name, state, established, flaps, families, received }: NeighborMessage): object {
  return { name, state, established, flaps, families: sparse(families), updates: received.update };
}

const BIRD_CONF = `
router id ${BIRD};
protocol device {}
protocol static {
  ipv4;
  route 10.244.64.0/26 blackhole;
  route 10.244.65.0/26 blackhole;
}
protocol bgp node {
  local ${BIRD} as 65003;
  neighbor ${NODE} as 64512;
  ipv4 { import all; export where source = RTS_STATIC; next hop self; };
}
`;
