/** A bare Debian as debootstrap makes it, kept as an archive, so that it is fetched once. */
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDir } from '../cache-dir.ts';
import { run, runOk } from '../fabric/process.ts';

const SUITE = 'bookworm';
/** A mirror may be slow; the rest is unpacking. */
const DEBOOTSTRAP_MS = 600_000;

/** @param packages  Beside what every Debian has. */
export async function debianArchive(name: string, packages: readonly string[]): Promise<string> {
  const archive = join(cacheDir('debian'), `${name}.tar`);
  if (existsSync(archive)) return archive;
  const scratch = mkdtempSync(join(tmpdir(), 'godwit-debian-'));
  // Two that make the same one at once must not write one file.
  const part = `${archive}.${process.pid}`;
  try {
    const include = packages.length === 0 ? [] : [`--include=${packages.join(',')}`];
    // What it mounts goes with the namespace, also when it is ended in the middle.
    const own = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const args = ['--variant=minbase', ...include, SUITE, scratch, ...(await mirror())];
    await runOk([...own, 'debootstrap', ...args], { timeoutMs: DEBOOTSTRAP_MS });
    await runOk(['tar', '-cf', part, '-C', scratch, '.'], { timeoutMs: 120_000 });
    renameSync(part, archive);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    rmSync(part, { force: true });
  }
  return archive;
}

/** The one that this machine uses, which may be the only one that it reaches; none: debootstrap's own. */
async function mirror(): Promise<string[]> {
  const ask = ['apt-get', 'indextargets', '--format', '$(REPO_URI)', 'Component: main'];
  const { stdout } = await run(ask);
  const found = stdout.split('\n').find((uri) => /\/debian\/?$/.test(uri));
  return found === undefined ? [] : [found];
}
