/**
 * Inside user-mode Linux: two nodes whose BGP, links and pods live in a VRF (`kernel.vrf`), which one of them gets late,
 * loses, and gets again with another table. Beside it both have a main table with an address of the same subnet.
 *
 *   a 10.1.0.1 ── wire ── 10.1.0.2 b, each end in VRF blue
 */

import { type CalicoResource, calico, Godwit } from '../../test/support/godwit.ts';
import { NetworkLab } from '../../test/support/netns.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import type { Namespace } from '../fabric/netns.ts';
import { runOk } from '../fabric/process.ts';
import { GODWITD } from '../fabric/speakers.ts';
import { check, failures, say } from './say.ts';

const READY_MS_MAX = 120_000;
const START_MS_MAX = 90_000;
const TABLE = 10;
const OTHER_TABLE = 11;

class VrfGuest {
  readonly #lab = new NetworkLab();
  readonly #spaces: Namespace[] = [];
  readonly #daemons: Godwit[] = [];
  #mainBefore = '';

  async run(): Promise<number> {
    try {
      await this.#build();
      await this.#late();
      await this.#pings(TABLE);
      await this.#tunnel();
      await this.#restart();
      await this.#goes();
      await this.#anew();
      await this.#cleanup();
    } catch (error) {
      check(false, error instanceof Error ? error.message : String(error));
      for (const { name, log } of this.#logs()) say(`--- ${name}\n${log.slice(-3000)}`);
    }
    await this.#lab.destroy();
    say(failures() === 0 ? 'all held' : `${failures()} did not hold`);
    return failures() === 0 ? 0 : 1;
  }

  async #build(): Promise<void> {
    const lab = this.#lab;
    for (const name of ['a', 'b']) this.#spaces.push(await lab.namespace(`vrf-${name}`));
    for (const namespace of this.#spaces) await addressesOfMainLast(namespace);
    const [a, b] = [this.#a, this.#b];
    await lab.link({ namespace: a, device: 'eth0' }, { namespace: b, device: 'eth0' });
    await addVrf(b, TABLE);
    await enslave(b, 2);
    for (const [i, namespace] of this.#spaces.entries()) {
      // The same subnet outside: whoever looks there sends the wrong way, or takes the neighbor for itself.
      await namespace.ip('link', 'add', 'mgmt', 'type', 'dummy');
      await namespace.ip('link', 'set', 'mgmt', 'up');
      await namespace.ip('address', 'add', `10.1.0.${2 - i}/24`, 'dev', 'mgmt');
      const name = 'ab'[i]!;
      const options = { lab, namespace, name, resources: resources() };
      const kernel = { vrf: 'blue', tunnelDevice: 'tun-blue' };
      const config = { kernel, log: { level: 'info', format: 'json' } };
      const godwit = new Godwit({ ...options, config, startMs: START_MS_MAX });
      this.#daemons.push(godwit);
      await godwit.start();
    }
    this.#mainBefore = await this.#main();
    say('godwitd runs on a and b');
  }

  async #late(): Promise<void> {
    const why = await this.#untilDown('there is no VRF blue');
    check(true, `without its VRF a's session is down: ${why}`);
    const { ready, kernel } = await this.#daemons[0]!.status();
    check(!ready && kernel !== undefined, `and a is not ready: kernel ${kernel?.state}`);
    await addVrf(this.#a, TABLE);
    await enslave(this.#a, 1);
    await this.#untilUp();
    check(true, 'with the VRF it comes up, signed with TCP-MD5');
  }

  async #pings(table: number): Promise<void> {
    const wanted = /^10\.244\.2\.0\/26 via 10\.1\.0\.2 dev eth0 proto bird/m;
    const shown = await waitFor(
      () => this.#a.ip('route', 'show', 'table', String(table)),
      (text) => wanted.test(text),
      { what: `b's block in table ${table} of a`, timeoutMs: READY_MS_MAX, intervalMs: 500 },
    );
    say(`table ${table} of node a:\n${shown.trimEnd()}`);
    const argv = ['ping', '-c', '2', '-W', '5', '-I', 'blue', '-I', '10.244.1.5', '10.244.2.5'];
    const { code, stdout, stderr } = await this.#a.run(argv);
    check(code === 0, 'ping 10.244.1.5 → 10.244.2.5 inside the VRF');
    if (code !== 0) say(stdout + stderr);
    check((await this.#main()) === this.#mainBefore, 'the main table is as it was before');
    const proof = await this.#daemons[0]!.runCommand('show', 'kernel', '--diff');
    say(proof.stdout.trimEnd());
    const [row] = (await this.#daemons[0]!.kernelRoutes()).filter(
      ({ prefix }) => prefix === '10.244.2.0/26',
    );
    check(row?.state === 'installed', `show kernel: 10.244.2.0/26 ${row?.state}`);
  }

  /** A device of the VRF, with a lower link in it: what `tunl0` cannot be. */
  async #tunnel(): Promise<void> {
    const waiting = (await this.#daemons[0]!.kernelRoutes()).find(
      ({ prefix }) => prefix === '10.245.2.0/26',
    );
    say(`10.245.2.0/26: ${waiting?.state ?? 'no row'} ${waiting?.because ?? ''}`);
    for (const [i, space] of this.#spaces.entries()) {
      const ends = ['type', 'ipip', 'local', `10.1.0.${i + 1}`, 'dev', 'eth0'];
      await space.ip('link', 'add', 'tun-blue', ...ends);
      await space.ip('link', 'set', 'tun-blue', 'master', 'blue', 'up');
    }
    await waitFor(
      () => this.#a.ip('route', 'show', 'table', String(TABLE)),
      (text) => /10\.245\.2\.0\/26 via 10\.1\.0\.2 dev tun-blue proto bird .*onlink/.test(text),
      { what: 'the route through tun-blue', timeoutMs: READY_MS_MAX, intervalMs: 500 },
    );
    await waitFor(
      () => this.#b.ip('route', 'show', 'table', String(TABLE)),
      (text) => text.includes('dev tun-blue'),
      { what: 'the way back', timeoutMs: READY_MS_MAX, intervalMs: 500 },
    );
    const argv = ['ping', '-c', '2', '-W', '5', '-I', 'blue', '-I', '10.245.1.5', '10.245.2.5'];
    const { code, stdout, stderr } = await this.#a.run(argv);
    check(code === 0, 'ping 10.245.1.5 → 10.245.2.5 by IP in IP inside the VRF');
    if (code !== 0) say(stdout + stderr);
    const counted = await this.#a.ip('-s', 'link', 'show', 'tun-blue');
    check(/TX:[^\n]*\n\s+\d+\s+[1-9]/.test(counted), 'and through the tunnel');
  }

  /** Killed and started: what stands in the VRF's table is known as its own. */
  async #restart(): Promise<void> {
    const [a] = this.#daemons;
    await a!.kill('SIGKILL');
    await a!.start();
    await this.#untilUp();
    const text = await this.#a.ip('route', 'show', 'table', String(TABLE));
    check(text.includes('10.244.2.0/26'), 'after kill -9 and a start the routes stand');
  }

  async #goes(): Promise<void> {
    await this.#a.ip('link', 'delete', 'blue');
    const began = performance.now();
    const why = await this.#untilDown('there is no VRF blue');
    const took = Math.round(performance.now() - began);
    check(took < 30_000, `without the VRF the session ended after ${took} ms: ${why}`);
    const { state, because } = await this.#rowOfB();
    const parked = state === 'parked' && because.includes('no VRF blue');
    check(parked || state === 'not wanted', `10.244.2.0/26 is ${state} ${because}`);
    check(
      (await this.#main()).includes('proto bird') === false,
      'nothing went into the main table',
    );
  }

  async #rowOfB(): Promise<{ state: string; because: string }> {
    const rows = await this.#daemons[0]!.kernelRoutes();
    const row = rows.find(({ prefix }) => prefix === '10.244.2.0/26');
    return { state: row?.state ?? 'not wanted', because: row?.because ?? '' };
  }

  async #anew(): Promise<void> {
    await addVrf(this.#a, OTHER_TABLE);
    await enslave(this.#a, 1);
    this.#mainBefore = await this.#main();
    await this.#untilUp();
    await this.#pings(OTHER_TABLE);
    check(true, 'another VRF of the name, with another table, is used as the first was');
  }

  async #cleanup(): Promise<void> {
    const [a] = this.#daemons;
    const doctor = await a!.runInside('doctor');
    say(`doctor on a:\n${doctor.stdout.trimEnd()}`);
    check(!/VRF/.test(doctor.stdout), 'doctor finds nothing amiss with the VRF');
    await a!.kill('SIGTERM');
    const argv = [process.execPath, GODWITD, '--cleanup', '--config', a!.configPath];
    say((await runOk(this.#a.enter(argv))).trimEnd());
    const left = await this.#a.ip('route', 'show', 'table', String(OTHER_TABLE));
    check(!left.includes('proto bird'), 'cleanup leaves nothing in the table of the VRF');
  }

  async #untilUp(): Promise<void> {
    const [a] = this.#daemons;
    await waitFor(
      () => a!.neighbors(),
      (all) => all.length > 0 && all.every(({ state }) => state === 'Established'),
      { what: 'the session of a with b', timeoutMs: READY_MS_MAX, intervalMs: 500 },
    );
  }

  async #untilDown(because: string): Promise<string> {
    const [a] = this.#daemons;
    const [one] = await waitFor(
      () => a!.neighbors(),
      (all) => all.length > 0 && all.every((peer) => peer.downBecause?.includes(because)),
      { what: `a to say: ${because}`, timeoutMs: READY_MS_MAX, intervalMs: 100 },
    );
    return one!.downBecause ?? '';
  }

  /** All but what the kernel itself adds for links of the VRF. */
  #main(): Promise<string> {
    return this.#a.ip('route', 'show', 'table', 'main');
  }

  #logs(): { name: string; log: string }[] {
    return this.#daemons.map((godwit) => ({ name: godwit.name, log: godwit.log() }));
  }

  get #a(): Namespace {
    return this.#spaces[0]!;
  }

  get #b(): Namespace {
    return this.#spaces[1]!;
  }
}

/** Addresses of the main table count in every VRF unless its table is asked first (kernel documentation, vrf.rst). */
async function addressesOfMainLast(namespace: Namespace): Promise<void> {
  for (const family of ['-4', '-6']) {
    await namespace.ip(family, 'rule', 'add', 'pref', '32765', 'table', 'local');
    await namespace.ip(family, 'rule', 'del', 'pref', '0');
  }
}

async function addVrf(namespace: Namespace, table: number): Promise<void> {
  await namespace.ip('link', 'add', 'blue', 'type', 'vrf', 'table', String(table));
  await namespace.ip('link', 'set', 'blue', 'up');
}

/** The wire and the pod join the VRF, with their addresses. */
async function enslave(namespace: Namespace, number: number): Promise<void> {
  await namespace.run(['ip', 'link', 'delete', 'pod0']);
  await namespace.ip('link', 'add', 'pod0', 'type', 'dummy');
  for (const device of ['eth0', 'pod0']) {
    await namespace.ip('link', 'set', device, 'master', 'blue');
    await namespace.ip('link', 'set', device, 'up');
  }
  await namespace.ip('address', 'replace', `10.1.0.${number}/24`, 'dev', 'eth0');
  for (const pool of ['10.244', '10.245']) {
    await namespace.ip('address', 'add', `${pool}.${number}.5/32`, 'dev', 'pod0');
  }
}

function resources(): CalicoResource[] {
  const secretKeyRef = { name: 'bgp', key: 'mesh' };
  const nodes = ['a', 'b'].flatMap((name, i) => [
    calico('Node', name, { bgp: { ipv4Address: `10.1.0.${i + 1}/24` } }),
    ...['10.244', '10.245'].map((pool, at) =>
      calico('BlockAffinity', `${name}-pods${at}`, {
        node: name,
        cidr: `${pool}.${i + 1}.0/26`,
        state: 'confirmed',
      }),
    ),
  ]);
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'bgp', namespace: 'kube-system' },
    stringData: { mesh: 'a password of the mesh' },
  };
  return [
    calico('IPPool', 'pods', { cidr: '10.244.0.0/16', ipipMode: 'Never' }),
    calico('IPPool', 'tunnelled', { cidr: '10.245.0.0/16', ipipMode: 'Always' }),
    calico('BGPConfiguration', 'default', { nodeMeshPassword: { secretKeyRef } }),
    secret as unknown as CalicoResource,
    ...nodes,
  ];
}

process.exit(await new VrfGuest().run());
