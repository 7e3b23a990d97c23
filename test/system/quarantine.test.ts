/**
 * A bug of ours that one of fifty neighbors brings out, in the real daemon: the others feel nothing, that one is held
 * down with its inputs written out, over restarts too. Only an error about what all share ends the process.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { REPOSITORY } from '../../tools/cache-dir.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { run } from '../../tools/fabric/process.ts';
import { GODWITD } from '../../tools/fabric/speakers.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { Portal } from '../support/portal.ts';
import { RawPeer, rawUpdate, usualCapabilities } from '../support/raw-peer.ts';
import { describeWith } from '../support/requirements.ts';
import { staysTrue, waitFor } from '../support/wait-for.ts';

const BREAKING = join(REPOSITORY, 'test/support/breaking-godwitd.ts');
const NODE = '10.9.0.1';
const PEERS = 50;
/** Indices of the peers; host parts are two more. */
const OFFENDER = 7;
const KILLER = 8;
const OTHERS = Array.from({ length: PEERS }, (_, i) => i).filter((i) => i !== OFFENDER);
/** sysexits.h: EX_SOFTWARE. */
const EX_SOFTWARE = 70;

const address = (index: number): string => `10.9.0.${index + 2}`;
const asOf = (index: number): number => 65_000 + index;
const block = (index: number): string => `10.244.${index}.0/26`;

describeWith(
  ['root', 'netns', 'ip', 'veth', 'native'],
  'A bug that one of fifty neighbors brings out',
  () => {
    const lab = new NetworkLab();
    const peers = new Map<number, RawPeer>();
    let node: Namespace;
    let portal: Portal;
    let godwit: Godwit;

    beforeAll(async () => {
      node = await lab.namespace('node');
      const far = await lab.namespace('peers');
      const all = Array.from({ length: PEERS }, (_, i) => i);
      const addresses = all.map((index) => `${address(index)}/24`);
      await lab.link(
        { namespace: node, device: 'eth0', addresses: [`${NODE}/24`] },
        { namespace: far, device: 'eth0', addresses },
      );
      portal = await Portal.open(lab, far, 'peers');
      godwit = new Godwit({
        lab,
        namespace: node,
        name: 'node',
        program: BREAKING,
        resources: [
          calico('Node', 'node', { bgp: { ipv4Address: `${NODE}/24` } }),
          calico('IPPool', 'pods', { cidr: '10.244.0.0/16' }),
          ...all.map((index) =>
            calico('BGPPeer', `p${index}`, { peerIP: address(index), asNumber: asOf(index) }),
          ),
        ],
      });
      await godwit.start();
      await godwit.untilReady();
      for (const index of all) await call(index);
      await untilRoutes(all);
    });

    afterAll(async () => {
      for (const peer of peers.values()) peer.close();
      await lab.destroy();
    });

    async function call(index: number): Promise<void> {
      peers.get(index)?.close();
      const peer = new RawPeer(await portal.dial({ host: NODE, port: 179, from: address(index) }));
      peers.set(index, peer);
      const capabilities = usualCapabilities(asOf(index));
      await peer.establish({ as: asOf(index), identifier: 1000 + index, capabilities });
      peer.keepAlive(10_000);
      announce(index, block(index));
    }

    /** A daemon that has just started refuses calls until it has read the kernel. */
    async function callAgain(index: number): Promise<void> {
      await waitFor(
        () => call(index).then(() => true),
        () => true,
        { what: `a session of ${address(index)}`, timeoutMs: 30_000, intervalMs: 50 },
      );
    }

    /** The daemon again, and with it everybody but the offender. */
    async function comeBack(): Promise<void> {
      await godwit.start();
      for (const index of OTHERS) await callAgain(index);
      await untilRoutes(OTHERS);
    }

    function announce(index: number, prefix: string): void {
      const nextHop = address(index);
      peers.get(index)!.send(rawUpdate({ asPath: [asOf(index)], nextHop, prefixes: [prefix] }));
    }

    async function untilRoutes(indices: readonly number[]): Promise<void> {
      await waitFor(
        () => installed(),
        (there) => indices.every((index) => there.includes(block(index))),
        { what: 'routes of all neighbors in the kernel', intervalMs: 50 },
      );
    }

    async function installed(): Promise<string[]> {
      const text = await node.ip('route', 'show', 'proto', '12');
      return text.split('\n').map((line) => line.split(' ')[0]!);
    }

    async function untilQuarantined(times: number): Promise<void> {
      await waitFor(
        () => godwit.neighbor(address(OFFENDER)),
        ({ state, quarantine }) => state === 'Idle' && quarantine?.times === times,
        { what: `quarantine ${times} of the offender`, intervalMs: 20 },
      );
    }

    function evidence(): string[] {
      const directory = join(godwit.dir, 'state', 'evidence');
      return readdirSync(directory)
        .sort()
        .map((name) => join(directory, name));
    }

    /** Every other session is the one it was, with its route. */
    async function expectOthersUntouched(): Promise<void> {
      const neighbors = await godwit.neighbors();
      const others = neighbors.filter((one) => one.address !== address(OFFENDER));
      expect(others).toHaveLength(PEERS - 1);
      for (const one of others) {
        expect(one).toMatchObject({
          state: 'Established',
          established: 1,
          flaps: 0,
          quarantines: 0,
        });
        expect(one.families[0]).toMatchObject({ accepted: 1 });
      }
      for (const index of OTHERS) expect(peers.get(index)!.ended).toBe(false);
      const there = await installed();
      expect(there).not.toContain(block(OFFENDER));
      expect(OTHERS.filter((index) => !there.includes(block(index)))).toEqual([]);
    }

    it('costs that neighbor alone: the other 49 keep their sessions and routes', async () => {
      announce(OFFENDER, '10.66.0.0/24');
      const { code, subcode } = await peers.get(OFFENDER)!.notification();
      expect([code, subcode]).toEqual([6, 8]); // Cease, Out of Resources (RFC 4486 §4)
      await untilQuarantined(1);
      await waitFor(installed, (there) => !there.includes(block(OFFENDER)), {
        what: 'the kernel to be without the route of the offender',
        intervalMs: 20,
      });
      await expectOthersUntouched();
      expect(godwit.events('session-down')).toHaveLength(1);
    });

    it('is said in one line, with what to do', async () => {
      const table = await godwit.command('show', 'neighbors');
      const lines = table.split('\n').filter((line) => line.includes(address(OFFENDER)));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(
        /quarantined after an internal error for 60 s: AssertionError: Assertion failed: nobody announces 10\.66\.0\.0\/16; report the file in evidence\/ of state\.dir; godwit clear quarantine \S+ ends it/,
      );
      expect(await godwit.command('show', 'neighbors', address(OFFENDER))).toMatch(
        /Quarantine: +for another \d+s.* \(time 1\)/,
      );
      const script = `fetch('http://127.0.0.1:9179/metrics').then((r) => r.text()).then(console.log)`;
      const { stdout } = await node.run([process.execPath, '-e', script]);
      const held = stdout.split('\n').filter((line) => /^bgp_quarantined\{.*\} 1$/.test(line));
      expect(held).toEqual([expect.stringContaining('10_9_0_9')]);
    });

    it('leaves a recording of what was sent, which brings it out again, and not in a mended program', async () => {
      const [path, ...more] = evidence();
      expect(more).toEqual([]);
      const lines = readFileSync(path!, 'utf8').trim().split('\n');
      // Not only the last chunk: the OPEN and the route announced first are there.
      expect(lines.filter((line) => line.includes('octetsReceived')).length).toBeGreaterThan(1);
      expect(lines.join()).toContain(`1a0af4${OFFENDER.toString(16).padStart(2, '0')}`);
      expect(lines.at(-1)).toContain('180a4200'); // 10.66.0.0/24
      const replay = async (program: string): Promise<string> => {
        const argv = [process.execPath, program, '--replay', path!, '--effects'];
        return (await run(argv, { timeoutMs: 30_000 })).stdout;
      };
      expect(await replay(BREAKING)).toContain('"event":"peer-quarantined"');
      const mended = await replay(GODWITD);
      expect(mended).not.toContain('peer-quarantined');
      expect(mended).toContain('"prefix":"10.66.0.0/24"');
    });

    it('keeps it down over a restart, while the others come back', async () => {
      expect(await godwit.kill('SIGTERM')).toBe(0);
      await comeBack();
      const held = await godwit.neighbor(address(OFFENDER));
      expect(held).toMatchObject({ state: 'Idle', quarantine: { times: 1 } });
      expect(held.quarantine!.leftSeconds).toBeLessThan(60);
      await expect(call(OFFENDER)).rejects.toThrow();
      await expectOthersUntouched();
    });

    it('ends by hand, and lasts twice as long the next time', async () => {
      await godwit.command('clear', 'quarantine', address(OFFENDER));
      await callAgain(OFFENDER);
      await untilRoutes([OFFENDER]);
      announce(OFFENDER, '10.66.0.0/24');
      await untilQuarantined(2);
      const { quarantine } = await godwit.neighbor(address(OFFENDER));
      expect(quarantine!.leftSeconds).toBeGreaterThan(60);
      expect(quarantine!.leftSeconds).toBeLessThanOrEqual(120);
      expect(evidence()).toHaveLength(2);
      await expectOthersUntouched();
    });

    it('about what all share ends the process with 70; routes and quarantines survive', async () => {
      announce(KILLER, '10.67.0.0/24');
      expect(await godwit.running.exited).toBe(EX_SOFTWARE);
      expect(godwit.log()).toContain('nobody announces 10.67.0.0/16');
      const there = await installed();
      expect(OTHERS.filter((index) => !there.includes(block(index)))).toEqual([]);
      await comeBack();
      await staysTrue(
        () => godwit.neighbor(address(OFFENDER)),
        ({ state, quarantine }) => state === 'Idle' && quarantine?.times === 2,
        { what: 'The quarantine', forMs: 500, intervalMs: 100 },
      );
      await expectOthersUntouched();
    });
  },
);
