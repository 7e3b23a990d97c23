/**
 * A clean Debian with a systemd of its own, in a folder and in namespaces: where packages are installed as people
 * install them. What debootstrap made is kept as an archive, so that a second test does not fetch it again.
 */

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Running,
  type RunResult,
  run,
  runOk,
  startProcess,
  stopProcess,
} from '../../tools/fabric/process.ts';
import { debianArchive } from '../../tools/image/debian-archive.ts';
import { waitFor } from './wait-for.ts';

/** Beside what every Debian has: libstdc++ is what our Node needs, iproute2 what people look with. */
const PACKAGES = ['systemd', 'iproute2', 'libstdc++6'];
const BOOT = join(import.meta.dirname, 'machine-boot.sh');

export class Machine {
  /** Its file system, seen from outside. */
  readonly root: string;
  readonly #scratch: string;
  #systemd: Running | undefined;
  #pid1 = 0;

  private constructor(scratch: string) {
    this.#scratch = scratch;
    this.root = join(scratch, 'root');
  }

  /** Made, not booted. */
  static async make(): Promise<Machine> {
    const archive = await debianArchive('bookworm', PACKAGES);
    const machine = new Machine(mkdtempSync(join(tmpdir(), 'godwit-machine-')));
    await runOk(['mkdir', machine.root]);
    await runOk(['tar', '-xf', archive, '-C', machine.root], { timeoutMs: 120_000 });
    // The archive has the folder as mkdtemp made it: for root alone, and services are not root.
    chmodSync(machine.root, 0o755);
    return machine;
  }

  /** In the folder alone, without systemd: as dpkg runs in a chroot. */
  chroot(...argv: readonly string[]): Promise<RunResult> {
    return run(['chroot', this.root, ...clean(argv)], { timeoutMs: 120_000 });
  }

  async boot(): Promise<void> {
    const kinds = ['--pid', '--mount', '--net', '--uts', '--ipc', '--cgroup'];
    const argv = ['unshare', '--fork', '--kill-child', ...kinds, 'sh', BOOT, this.root];
    const logPath = join(this.#scratch, 'boot.log');
    this.#systemd = await startProcess({ name: 'systemd', argv, logPath });
    const children = `/proc/${this.#systemd.pid}/task/${this.#systemd.pid}/children`;
    this.#pid1 = await waitFor(
      async () => Number((await runOk(['cat', children])).trim()),
      (pid) => pid > 0,
      { what: 'the first process of the machine' },
    );
    await waitFor(
      () => this.run('systemctl', 'is-system-running'),
      ({ stdout }) => stdout.trim() === 'running',
      { what: 'systemd to be up', timeoutMs: 60_000 },
    );
  }

  /** A command in the running machine. */
  run(...argv: readonly string[]): Promise<RunResult> {
    const inside = ['nsenter', '--target', `${this.#pid1}`, '--all', ...clean(argv)];
    return run(inside, { timeoutMs: 60_000 });
  }

  async ok(...argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...argv);
    if (code !== 0) throw new Error(`${argv.join(' ')}: status ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Paths of all files and folders, but for what a running system writes by itself. */
  async files(): Promise<string[]> {
    const found = await runOk(['find', this.root, '-xdev', '-printf', '%P\n']);
    return found.split('\n').filter((path) => !WRITTEN_BY_SYSTEM.test(path));
  }

  async close(): Promise<void> {
    if (this.#systemd !== undefined) await stopProcess(this.#systemd, { signal: 'SIGKILL' });
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}

/** dpkg's own records, logs and caches; what systemd makes at its first start. */
const WRITTEN_BY_SYSTEM =
  /^(var\/(lib\/(dpkg|systemd|private)|log|cache|tmp)|run|tmp|mnt|etc\/(machine-id|\.updated|\.pwd\.lock|systemd\/system)|var\/\.updated|root|usr\/share\/(bash-completion|zsh|fish))(\/|$)/;

/** Nothing of the environment outside, above all no Node. */
function clean(argv: readonly string[]): string[] {
  return ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8', ...argv];
}
