/**
 * Mistakes of the operator and of the machine: each is one clear sentence with its remedy and the right exit code
 * or NOTIFICATION, and nothing else is lost over it.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { type RunResult, startProcess, stopProcess } from '../../tools/fabric/process.ts';
import { GODWITD } from '../../tools/fabric/speakers.ts';
import { type CalicoResource, calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { Portal } from '../support/portal.ts';
import { RawPeer, rawUpdate, usualCapabilities } from '../support/raw-peer.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

/** sysexits.h: EX_CONFIG. */
const EX_CONFIG = 78;
const NODE = '10.9.0.1';
const GOOD = '10.9.0.2';
const WRONG = '10.9.0.3';
const BLOCK = '10.244.1.0/26';

function resources(...more: readonly CalicoResource[]): CalicoResource[] {
  return [
    calico('Node', 'node', { bgp: { ipv4Address: `${NODE}/24` } }),
    calico('IPPool', 'pods', { cidr: '10.244.0.0/16' }),
    calico('BlockAffinity', 'own', { node: 'node', cidr: BLOCK, state: 'confirmed' }),
    calico('BGPPeer', 'good', { peerIP: GOOD, asNumber: 65_002 }),
    ...more,
  ];
}

describeWith(['root', 'netns', 'ip', 'veth', 'native'], 'Refusals of godwit', () => {
  const lab = new NetworkLab();
  let node: Namespace;
  let portal: Portal;
  const daemons: Godwit[] = [];

  beforeAll(async () => {
    node = await lab.namespace('node');
    const peers = await lab.namespace('peers');
    await lab.link(
      { namespace: node, device: 'eth0', addresses: [`${NODE}/24`] },
      { namespace: peers, device: 'eth0', addresses: [`${GOOD}/24`, `${WRONG}/24`] },
    );
    portal = await Portal.open(lab, peers, 'peers');
  });

  // One at a time has the port and the routes; a failed case must not spoil the next.
  afterEach(async () => {
    await Promise.all(daemons.splice(0).map((daemon) => daemon.end()));
    await node.ip('route', 'flush', 'proto', '12');
  });

  afterAll(async () => {
    await lab.destroy();
  });

  /** A daemon of its own directory in the one namespace; `wrap` goes in front of its command line. */
  function godwit(
    more: readonly CalicoResource[] = [],
    options: { readonly wrap?: readonly string[] } = {},
  ): Godwit {
    names += 1;
    const common = { lab, namespace: node, name: 'node', directory: `node-${names}` };
    const daemon = new Godwit({ ...common, resources: resources(...more), ...options });
    daemons.push(daemon);
    return daemon;
  }

  function check(daemon: Godwit): Promise<RunResult> {
    return node.run([process.execPath, GODWITD, '--config', daemon.configPath, '--check']);
  }

  /** A daemon that is to end by itself: its exit code and what it said. */
  async function ends(daemon: Godwit): Promise<{ code: number | string; said: string }> {
    const logPath = join(daemon.dir, 'ends.log');
    const argv = node.enter([process.execPath, GODWITD, '--config', daemon.configPath]);
    const running = await startProcess({ name: 'ends', argv, logPath });
    const timer = setTimeout(() => void stopProcess(running), 10_000);
    const code = await running.exited;
    clearTimeout(timer);
    return { code, said: readFileSync(logPath, 'utf8') };
  }

  async function goodPeer(): Promise<RawPeer> {
    const peer = new RawPeer(await portal.dial({ host: NODE, port: 179, from: GOOD }));
    await peer.establish({ as: 65_002, identifier: 2, capabilities: usualCapabilities(65_002) });
    peer.keepAlive(5_000);
    await peer.untilAnnounced([BLOCK]);
    return peer;
  }

  it('refuses an unknown key in godwit.yaml with 78, its line and the nearest known one', async () => {
    const daemon = godwit();
    appendFileSync(daemon.configPath, 'kernal:\n  enabled: true\n');
    const lines = readFileSync(daemon.configPath, 'utf8').split('\n');
    const line = lines.findIndex((text) => text.startsWith('kernal')) + 1;
    const sentence = new RegExp(
      `error: .*godwit\\.yaml:${line}:1: kernal: Unknown key\\. Did you mean kernel\\?`,
    );
    const started = await ends(daemon);
    expect(started.code).toBe(EX_CONFIG);
    expect(started.said).toMatch(sentence);
    const checked = await check(daemon);
    expect(checked.code).toBe(EX_CONFIG);
    expect(checked.stderr).toMatch(sentence);
  });

  it('names a bad CIDR by file, line and value; --check fails, the daemon does without that pool', async () => {
    const daemon = godwit([calico('IPPool', 'bad', { cidr: '10.244.300.0/24' })]);
    const checked = await check(daemon);
    expect(checked.code).toBe(EX_CONFIG);
    expect(checked.stderr).toMatch(/error: .*ippool-bad\.yaml:\d+.*cidr.*10\.244\.300\.0\/24/);
    expect(checked.stderr).toMatch(/1 error/);
    await daemon.start();
    await daemon.untilReady();
    const peer = await goodPeer();
    const problems = await daemon.runCommand('show', 'problems');
    expect(problems.code).toBe(3);
    expect(problems.stdout).toMatch(/ippool-bad\.yaml/);
    peer.close();
  });

  it('names a filter that does not exist; that session is named, the others live', async () => {
    const dangling = calico('BGPPeer', 'dangling', {
      peerIP: WRONG,
      asNumber: 65_003,
      filters: ['no-such-filter'],
    });
    const daemon = godwit([dangling]);
    const checked = await check(daemon);
    expect(checked.code).toBe(EX_CONFIG);
    expect(checked.stderr).toMatch(/error: .*bgppeer-dangling\.yaml:\d+.*no-such-filter/);
    await daemon.start();
    await daemon.untilReady();
    const peer = await goodPeer();
    expect(await daemon.neighbor(GOOD)).toMatchObject({ state: 'Established' });
    const problems = await daemon.runCommand('show', 'problems');
    expect(problems.stdout).toMatch(/no-such-filter/);
    peer.close();
  });

  it('says that port 179 is taken and by whom to ask, still dials, and listens when it is free', async () => {
    const squatter = await lab.spawn(node, {
      name: 'squatter',
      argv: [process.execPath, '-e', SQUAT],
    });
    await waitFor(
      () => node.runOk(['ss', '-Hltn']),
      (text) => text.includes(':179 '),
      { what: 'somebody else to listen on 179' },
    );
    const accepting = await portal.accept({ host: GOOD, port: 179 });
    const daemon = godwit();
    await daemon.start();
    const { listeners } = await waitFor(
      () => daemon.status(),
      (seen) => seen.listeners.length > 0,
      { what: 'the listener to be told' },
    );
    expect(listeners.find(({ local }) => local === '0.0.0.0:179')?.error).toMatch(
      /^port 179 is taken by another program \(ss -ltnp .* names it\); stop it or set listenPort/,
    );
    expect((await daemon.runCommand('show', 'status')).stdout).toMatch(/port 179 is taken/);
    const peer = new RawPeer(await accepting.call);
    await peer.establish({ as: 65_002, identifier: 2, capabilities: usualCapabilities(65_002) });
    await peer.untilAnnounced([BLOCK]);
    await stopProcess(squatter);
    await waitFor(
      () => daemon.status(),
      (seen) => seen.ready && seen.listeners.every(({ error }) => (error ?? '') === ''),
      { what: 'it to listen by itself', timeoutMs: 10_000 },
    );
    expect(peer.ended).toBe(false);
    peer.close();
  });

  it('says that it may not write to the kernel, and learns and announces all the same', async () => {
    const daemon = godwit([], { wrap: ['setpriv', '--bounding-set=-net_admin'] });
    await daemon.start();
    const status = await waitFor(
      () => daemon.status(),
      ({ kernel }) => kernel.state !== 'syncing',
      { what: 'the kernel to be tried' },
    );
    const peer = await goodPeer();
    const prefixes = ['10.244.7.0/26'];
    peer.send(rawUpdate({ asPath: [65_002], nextHop: GOOD, prefixes }));
    await waitFor(
      () => daemon.routes('10.244.7.0/26'),
      (routes) => routes.some(({ paths }) => paths.some(({ best }) => best)),
      { what: 'the route to be learned' },
    );
    const seen = await waitFor(
      () => daemon.status(),
      ({ kernel }) => kernel.state === 'unavailable',
      { what: 'the refusal of the kernel', timeoutMs: 5_000 },
    );
    expect(seen.kernel.reason).toMatch(
      /EPERM.*run as root or with CAP_NET_ADMIN.*none is installed/,
    );
    expect(seen.ready).toBe(false);
    expect((await daemon.runCommand('show', 'status')).stdout).toMatch(/CAP_NET_ADMIN/);
    expect(daemon.events('kernel-unavailable').length).toBeGreaterThan(0);
    expect(status.neighborsConfigured).toBe(1);
    expect(await node.ip('route', 'show', 'proto', '12')).toBe('');
    peer.close();
    expect(await daemon.kill('SIGTERM')).toBe(0);
  });

  it('refuses a peer with a wrong AS by NOTIFICATION 2/2, and nobody else', async () => {
    const daemon = godwit([calico('BGPPeer', 'wrong', { peerIP: WRONG, asNumber: 65_003 })]);
    await daemon.start();
    await daemon.untilReady();
    const good = await goodPeer();
    const wrong = new RawPeer(await portal.dial({ host: NODE, port: 179, from: WRONG }));
    wrong.sendOpen({ as: 65_009, identifier: 9, capabilities: usualCapabilities(65_009) });
    expect(await wrong.notification()).toMatchObject({ code: 2, subcode: 2 });
    await wrong.untilEnded();
    const { lastError } = await daemon.neighbor(WRONG);
    expect(lastError).toMatch(/Bad Peer AS.*65009.*65003/);
    expect(
      (await daemon.command('show', 'neighbors')).split('\n').find((line) => line.includes(WRONG)),
    ).toMatch(/65009/);
    expect(good.ended).toBe(false);
    expect(await daemon.neighbor(GOOD)).toMatchObject({ state: 'Established', flaps: 0 });
    good.close();
  });
});

let names = 0;
/** A program that listens on port 179 and answers nobody. */
const SQUAT = "require('node:net').createServer(() => {}).listen(179, '0.0.0.0')";
