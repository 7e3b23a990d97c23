/**
 * `npm run test:ipip`: boots user-mode Linux, whose kernel has the real `ipip` module, with this checkout as its root,
 * and runs `guest.ts`, `vrf-guest.ts` and `unit-guest.ts` in it, or those that are named. Needs no right beyond an ordinary user's. Exit code 0: all held; 1: it did not; 69: no
 * user-mode Linux can be had here.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refuseArguments, toolArguments } from '../arguments.ts';
import { REPOSITORY } from '../cache-dir.ts';
import { PackageError } from '../peers/debian.ts';
import { buildShim } from '../shim.ts';
import { findUserModeLinux, type UserModeLinux } from './find-uml.ts';

/** A quiet machine takes 30 s; one that hangs must still be named. */
const SECONDS_MAX = 900;
const MEMORY = '1500M';
const EX_UNAVAILABLE = 69;

/** One after the other in one boot. */
const GUESTS: Readonly<Record<string, string>> = {
  tunnels: 'tools/ipip/guest.ts',
  vrf: 'tools/ipip/vrf-guest.ts',
  unit: 'tools/ipip/unit-guest.ts',
};

async function main(guests: readonly string[]): Promise<number> {
  let uml: UserModeLinux;
  try {
    uml = findUserModeLinux();
  } catch (error) {
    if (!(error instanceof PackageError)) throw error;
    console.error(`No user-mode Linux: ${error.message}`);
    return EX_UNAVAILABLE;
  }
  await buildShim(); // to the guest the checkout is read-only
  const out = mkdtempSync(join(tmpdir(), 'godwit-ipip-'));
  try {
    await boot(uml, { out, guests });
    const status = statusIn(out);
    if (status === undefined) console.error(`The guest did not end within ${SECONDS_MAX} s`);
    return status === 0 ? 0 : 1;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

interface Run {
  /** A folder for the exit status. */
  readonly out: string;
  readonly guests: readonly string[];
}

function boot({ kernel, modules }: UserModeLinux, { out, guests }: Run): Promise<void> {
  const argv = [
    `mem=${MEMORY}`,
    ...['root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro', 'quiet'],
    ...['con=null', 'con0=null,fd:1'],
    `init=${join(REPOSITORY, 'tools/ipip/init')}`,
    `GUESTS=${guests.map((name) => join(REPOSITORY, GUESTS[name]!)).join()}`,
    `NODE=${process.execPath}`,
    `MODULES=${modules}`,
    `OUT=${out}`,
  ];
  return new Promise((resolve, reject) => {
    // The guest's memory is a file: in memory, not on a disk.
    const env = { ...process.env, TMPDIR: '/dev/shm' };
    const child = spawn(kernel, argv, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env,
      detached: true,
    });
    // It is several processes; the group is ours alone.
    const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), SECONDS_MAX * 1000);
    child.once('error', reject);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function statusIn(out: string): number | undefined {
  try {
    return Number(readFileSync(join(out, 'status'), 'utf8').trim());
  } catch {
    return undefined; // it never came so far
  }
}

const USAGE = `npm run test:ipip [-- GUEST…]

Boots user-mode Linux with the real ipip and vrf modules and sends packets between pods.
Guests, all without a name: ${Object.keys(GUESTS).join(', ')}.
`;
const { positionals } = toolArguments({ usage: USAGE, allowPositionals: true });
const unknown = positionals.find((name) => GUESTS[name] === undefined);
if (unknown !== undefined) refuseArguments(`There is no guest ${unknown}`, USAGE);
process.exitCode = await main(positionals.length === 0 ? Object.keys(GUESTS) : positionals);
