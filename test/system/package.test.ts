/**
 * The packages that users install: into a clean Debian with a systemd of its own, started, upgraded, removed; and on
 * a machine without Node from the tarball.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cacheDir, REPOSITORY } from '../../tools/cache-dir.ts';
import { run, runOk } from '../../tools/fabric/process.ts';
import { Machine } from '../support/machine.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

const PACKAGES = cacheDir('packages');
const EARLIER = '0.0.9';
const UNIT = join(REPOSITORY, 'config/systemd/godwitd.service');

const RESOURCES = `apiVersion: projectcalico.org/v3
kind: Node
metadata: { name: node-a }
spec: { bgp: { ipv4Address: 127.0.0.1/32, asNumber: 64512 } }
`;

/** @returns where the file of that version for that machine lies. */
async function packageOf(arch: 'amd64' | 'arm64', version?: string): Promise<string> {
  const more = version === undefined ? [] : ['--version', version];
  const make = ['npm', 'run', '-s', 'package', '--prefix', REPOSITORY, '--', '--arch', arch];
  const files = await runOk([...make, ...more], { timeoutMs: 600_000 });
  return files
    .trim()
    .split('\n')
    .find((path) => path.endsWith('.deb'))!;
}

describeWith(['systemd-analyze'], 'the unit of systemd', () => {
  it('is exposed to no more than 3.0 by the measure of systemd-analyze', async () => {
    const analyze = ['systemd-analyze', 'security', '--offline=true', '--threshold=30', UNIT];
    const { code, stdout } = await run(analyze);
    expect(stdout).toMatch(/Overall exposure level for godwitd\.service: [0-2]\.\d/);
    expect(code).toBe(0);
  });
});

describeWith(
  ['root', 'netns', 'debootstrap', 'ip', 'unshare'],
  'the package on a clean Debian',
  () => {
    let machine: Machine;
    let before: string[];

    beforeAll(async () => {
      const [, made] = await Promise.all([packageOf('amd64', EARLIER), Machine.make()]);
      await packageOf('amd64');
      machine = made;
      before = await machine.files();
      for (const version of [EARLIER, await currentVersion()]) {
        const file = `godwit_${version}_amd64.deb`;
        cpSync(join(PACKAGES, file), join(machine.root, 'srv', file));
      }
      await machine.boot();
    }, 900_000);

    afterAll(() => machine?.close());

    it('installs where there is no Node, and starts nothing before it is told to', async () => {
      expect((await machine.run('which', 'node')).code).toBe(1);
      await machine.ok('dpkg', '-i', `/srv/godwit_${EARLIER}_amd64.deb`);
      expect(await machine.ok('godwitd', '--version')).toMatch(/^godwitd \d/);
      expect((await machine.run('systemctl', 'is-active', 'godwitd')).stdout).toBe('inactive\n');
    });

    it('is refused by the check until somebody says what the node is', async () => {
      const { code, stderr } = await machine.run('godwitd', '--check');
      expect({ code, stderr }).toMatchObject({
        code: 78,
        stderr: expect.stringContaining('no Node'),
      });
    });

    it('is up for systemd once its configuration was read, and says how it is', async () => {
      await machine.ok('sh', '-c', `printf '%s' '${RESOURCES}' >/etc/godwit/resources/node-a.yaml`);
      await machine.ok('sh', '-c', 'echo "nodeName: node-a" >>/etc/godwit/godwit.yaml');
      await machine.ok('godwitd', '--check');
      await machine.ok('systemctl', 'enable', '--now', 'godwitd');
      expect(await property('ActiveState')).toBe('active');
      expect(await property('WatchdogUSec')).toBe('30s');
      await waitFor(
        () => property('StatusText'),
        (text) => text.startsWith('ready: 0 of 0'),
        {
          what: 'the status of the service',
        },
      );
      expect(await machine.ok('godwit', 'show', 'status')).toMatch(/Ready: +yes/);
    });

    it('has the loop before the work of the machine where processors are short, and kernel routes after it', async () => {
      const stats = await machine.ok(
        'sh',
        '-c',
        `cat /proc/${await property('MainPID')}/task/*/stat`,
      );
      const niceness = (thread: string): string | undefined =>
        stats.match(new RegExp(`\\(${thread}\\) \\w(?: \\S+){15} (\\S+)`))?.[1];
      expect([niceness('MainThread'), niceness('godwit-kernel')]).toEqual(['-5', '5']);
    });

    it('may switch IPv4 forwarding on, and set nothing else of the kernel', async () => {
      const inside = ['nsenter', '-t', await property('MainPID'), '-m'];
      const write = (value: number, name: string) =>
        machine.run(...inside, 'sh', '-c', `echo ${value} >/proc/sys/net/ipv4/${name}`);
      expect(await write(1, 'ip_forward')).toMatchObject({ code: 0 });
      expect(await write(2, 'conf/all/rp_filter')).toMatchObject({
        stderr: expect.stringContaining('Read-only file system'),
      });
    });

    it('gives back what starting took: 68 MB are measured after a start and a look', async () => {
      const pid = await property('MainPID');
      const kilobytes = async (name: string): Promise<number> => {
        const status = await machine.ok('cat', `/proc/${pid}/status`);
        return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
      };
      await waitFor(
        () => kilobytes('VmRSS'),
        (resident) => resident < 80_000,
        { what: 'the memory to be given back' },
      );
      expect(await kilobytes('VmHWM')).toBeLessThan(110_000);
    });

    it('is ended and started again by systemd when its loop hangs', async () => {
      await machine.ok('mkdir', '-p', '/run/systemd/system/godwitd.service.d');
      const short = 'printf "[Service]\\nWatchdogSec=2\\n"';
      await machine.ok('sh', '-c', `${short} >/run/systemd/system/godwitd.service.d/short.conf`);
      await machine.ok('systemctl', 'daemon-reload');
      await machine.ok('systemctl', 'restart', 'godwitd');
      const pid = await property('MainPID');
      await machine.ok('sh', '-c', `kill -STOP ${pid}`);
      await waitFor(
        () => property('NRestarts'),
        (count) => Number(count) > 0,
        {
          what: 'the watchdog to end a daemon that hangs',
        },
      );
      await waitFor(
        () => property('ActiveState'),
        (state) => state === 'active',
        {
          what: 'the daemon to be back',
        },
      );
      expect(await property('MainPID')).not.toBe(pid);
    });

    it('is upgraded under a running service and keeps what the administrator wrote', async () => {
      const pid = await property('MainPID');
      await machine.ok('dpkg', '-i', `/srv/godwit_${await currentVersion()}_amd64.deb`);
      expect(await property('MainPID')).not.toBe(pid);
      expect(await property('ActiveState')).toBe('active');
      expect(await machine.ok('tail', '-1', '/etc/godwit/godwit.yaml')).toBe('nodeName: node-a\n');
    });

    it('is purged without leaving anything', async () => {
      await machine.ok('dpkg', '--purge', 'godwit');
      expect((await machine.run('systemctl', 'is-active', 'godwitd')).stdout).toBe('inactive\n');
      const after = await machine.files();
      const known = new Set(before);
      const left = after.filter((path) => !known.has(path) && !path.startsWith('srv/'));
      expect(left).toEqual([]);
    });

    it('runs from the tarball as well, anywhere', async () => {
      const name = `godwit_${await currentVersion()}_amd64`;
      const folder = join(machine.root, 'opt');
      await runOk(['tar', '-xzf', join(PACKAGES, `${name}.tar.gz`), '-C', folder]);
      expect(await machine.ok(`/opt/${name}/usr/bin/godwit`, '--version')).toContain(
        await currentVersion(),
      );
      const check = ['npm', 'run', '-s', 'start', '--prefix', REPOSITORY, '--', '--check'];
      const env = { ...process.env, GODWIT_PROGRAMS: join(folder, name, 'usr/bin') };
      const { code, stdout, stderr } = await run(check, { env, timeoutMs: 120_000 });
      expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
    }, 180_000);

    async function property(name: string): Promise<string> {
      const text = await machine.ok('systemctl', 'show', 'godwitd', '--property', name, '--value');
      return text.trim();
    }
  },
);

describeWith(
  ['aarch64-linux-gnu-gcc', 'qemu-aarch64-static'],
  'the package for arm64, by emulation',
  () => {
    let folder: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'godwit-arm64-'));
      await runOk(['dpkg-deb', '-x', await packageOf('arm64'), folder], { timeoutMs: 120_000 });
    }, 600_000);

    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('starts, loads its shim and checks a configuration', async () => {
      const library = join(folder, 'usr/lib/godwit');
      const resources = join(folder, 'etc/godwit/resources');
      writeFileSync(join(resources, 'node-a.yaml'), RESOURCES);
      const config = join(folder, 'godwit.yaml');
      const state = join(folder, 'state');
      writeFileSync(
        config,
        JSON.stringify({
          nodeName: 'node-a',
          datastore: { type: 'file', path: resources },
          state: { dir: state },
        }),
      );
      const emulated = ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'];
      const argv = [...emulated, join(library, 'bin/node'), join(library, 'dist/bin/godwitd.js')];
      const { code, stdout, stderr } = await run([...argv, '--config', config, '--check'], {
        timeoutMs: 120_000,
      });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout).toContain('node-a');
    }, 180_000);
  },
);

async function currentVersion(): Promise<string> {
  const text = await runOk(['sh', join(REPOSITORY, 'bin/godwitd'), '--version']);
  return text.trim().split(' ').at(-1)!;
}
