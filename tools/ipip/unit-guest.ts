/**
 * Inside user-mode Linux: a godwitd with no more than its systemd unit gives it (a user of its own, the unit's three
 * capabilities and no way to others, /proc/sys read-only but for what the unit excepts) makes, raises and addresses
 * the kernel's own `tunl0`, and lets packets pass. What of the unit is read from the unit's file.
 *
 *   a 10.1.0.1 ── wire ── 10.1.0.2 b
 */

import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CalicoResource, calico, Godwit } from '../../test/support/godwit.ts';
import { NetworkLab } from '../../test/support/netns.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { REPOSITORY } from '../cache-dir.ts';
import type { Namespace } from '../fabric/netns.ts';
import { check, failures, say } from './say.ts';

const READY_MS_MAX = 120_000;
const START_MS_MAX = 90_000;
/** Nobody's; DynamicUser takes such numbers. */
const UID = 61_184;
const UNIT = readFileSync(join(REPOSITORY, 'config/systemd/godwitd.service'), 'utf8');

class UnitGuest {
  readonly #lab = new NetworkLab();
  readonly #spaces: Namespace[] = [];
  readonly #daemons: Godwit[] = [];

  async run(): Promise<number> {
    try {
      await this.#build();
      await this.#device();
      await this.#pings();
    } catch (error) {
      check(false, error instanceof Error ? error.message : String(error));
      for (const godwit of this.#daemons) say(`--- ${godwit.name}\n${godwit.log().slice(-3000)}`);
    }
    await this.#lab.destroy();
    say(failures() === 0 ? 'all held' : `${failures()} did not hold`);
    return failures() === 0 ? 0 : 1;
  }

  async #build(): Promise<void> {
    const lab = this.#lab;
    chmodSync(lab.dir, 0o755);
    const [a, b] = [await lab.namespace('unit-a'), await lab.namespace('unit-b')];
    this.#spaces.push(a, b);
    await lab.link(
      { namespace: a, device: 'eth0', addresses: ['10.1.0.1/24'] },
      { namespace: b, device: 'eth0', addresses: ['10.1.0.2/24'] },
    );
    for (const [i, namespace] of this.#spaces.entries()) {
      await namespace.sysctl({ 'net.ipv4.ip_forward': '0' });
      await namespace.ip('link', 'add', 'pod0', 'type', 'dummy');
      await namespace.ip('link', 'set', 'pod0', 'up');
      await namespace.ip('address', 'add', `10.244.${i + 1}.5/32`, 'dev', 'pod0');
      const name = 'ab'[i]!;
      const config = { kernel: { manageTunnel: true }, log: { level: 'info', format: 'json' } };
      const options = { lab, namespace, name, resources: resources(), config };
      const godwit = new Godwit({ ...options, wrap: sandbox(), startMs: START_MS_MAX });
      for (const path of [godwit.dir, godwit.resourcesDir, godwit.configPath]) {
        chownSync(path, UID, UID);
      }
      this.#daemons.push(godwit);
      await godwit.start();
    }
    const status = readFileSync(`/proc/${await this.#pidOf('a')}/status`, 'utf8');
    const of = (name: string): string => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)![1]!;
    say(`godwitd on a: Uid ${of('Uid')}, CapEff ${of('CapEff')}, CapBnd ${of('CapBnd')}`);
    check(of('Uid').startsWith(String(UID)), 'it is not root');
    check(
      of('CapEff') === of('CapBnd'),
      'it has the capabilities of the unit and no way to others',
    );
    check(of('NoNewPrivs') === '1', 'nor gets any by a program that it starts');
  }

  /** The process itself: what was started is `unshare`, then `setpriv`, which become it. */
  async #pidOf(name: string): Promise<number> {
    const daemon = this.#daemons.find((one) => one.name === name)!;
    return daemon.running.pid;
  }

  async #device(): Promise<void> {
    const shown = await waitFor(
      () => this.#spaces[0]!.run(['ip', '-d', 'address', 'show', 'tunl0']),
      ({ stdout }) => stdout.includes('inet 10.244.1.1/32') && /[<,]UP[,>]/.test(stdout),
      { what: 'tunl0 of node a', timeoutMs: READY_MS_MAX, intervalMs: 500 },
    );
    say(shown.stdout.trimEnd());
    check(/ipip/.test(shown.stdout) && /mtu 1480/.test(shown.stdout), 'tunl0 is made, MTU 1480');
    const { stdout } = await this.#spaces[0]!.run(['cat', '/proc/sys/net/ipv4/ip_forward']);
    check(stdout.trim() === '1', 'packets pass: ip_forward is 1');
    const refused = this.#daemons[0]!.log().match(/"msg":"the tunnel device[^"]*"/g) ?? [];
    check(refused.length === 0, `no step was refused ${refused.join(' ')}`);
  }

  async #pings(): Promise<void> {
    for (const space of this.#spaces) {
      await waitFor(
        () => space.ip('route', 'show'),
        (text) => /dev tunl0 proto bird .*onlink/.test(text),
        { what: 'the routes through tunl0', timeoutMs: READY_MS_MAX, intervalMs: 500 },
      );
    }
    const argv = ['ping', '-c', '2', '-W', '5', '-I', '10.244.1.5', '10.244.2.5'];
    const { code, stdout, stderr } = await this.#spaces[0]!.run(argv);
    check(code === 0, 'ping 10.244.1.5 → 10.244.2.5 through it');
    if (code !== 0) say(stdout + stderr);
  }
}

/** What systemd makes of the unit, as far as util-linux can: mounts, then user and capabilities. */
function sandbox(): string[] {
  const capabilities = (setting('AmbientCapabilities') ?? '').split(' ');
  const bounding = (setting('CapabilityBoundingSet') ?? '').split(' ');
  const named = (all: string[]): string =>
    all.map((one) => `+${one.replace('CAP_', '').toLowerCase()}`).join();
  const excepted = (setting('ReadWritePaths') ?? '').split(' ').filter((path) => path !== '');
  const mounts = [
    'mount --make-rprivate /',
    ...excepted.map((path) => `mount --bind ${path.replace(/^-/, '')} ${path.replace(/^-/, '')}`),
  ];
  if (setting('ProtectKernelTunables') === 'yes') {
    // First the whole, read-only, then what is excepted over it.
    mounts.splice(1, 0, 'mount --bind /proc/sys /proc/sys', 'mount -o remount,bind,ro /proc/sys');
    const rw = excepted.map((path) => `mount -o remount,bind,rw ${path.replace(/^-/, '')}`);
    mounts.push(...rw);
  }
  const ids = [`--reuid=${UID}`, `--regid=${UID}`, '--clear-groups', '--no-new-privs'];
  const privileges = [
    ...[`--bounding-set=-all,${named(bounding)}`, `--inh-caps=-all,${named(capabilities)}`],
    `--ambient-caps=-all,${named(capabilities)}`,
  ];
  const script = `${mounts.join(' && ')} && exec setpriv ${[...ids, ...privileges].join(' ')} "$@"`;
  return ['unshare', '--mount', 'sh', '-c', script, 'sandbox'];
}

function setting(name: string): string | undefined {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(UNIT)?.[1];
}

function resources(): CalicoResource[] {
  return [
    calico('IPPool', 'pods', { cidr: '10.244.0.0/16', ipipMode: 'Always' }),
    ...['a', 'b'].flatMap((name, i) => [
      calico('Node', name, {
        bgp: { ipv4Address: `10.1.0.${i + 1}/24`, ipv4IPIPTunnelAddr: `10.244.${i + 1}.1` },
      }),
      calico('BlockAffinity', `${name}-pods`, {
        node: name,
        cidr: `10.244.${i + 1}.0/26`,
        state: 'confirmed',
      }),
    ]),
  ];
}

process.exit(await new UnitGuest().run());
