/**
 * What a test needs of the machine, and what becomes of it where that is missing: it runs, or it is
 * reported as *skipped* (somebody's mistake; fails the run in CI), or as *n/a here* (this kernel or
 * machine cannot, and the reviewed list says so). Invariant: a test that did not run has a reason.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';
import { REPOSITORY } from '../../tools/cache-dir.ts';
import { TEST_DATA_DIR } from '../../tools/test-data.ts';
import { type Absence, markTitle } from './marks.ts';
import { NOT_APPLICABLE } from './not-applicable.ts';
import { findPeer, PEER_NAMES, type PeerName } from './peers.ts';
import {
  LINK_TYPES,
  type LinkType,
  PROGRAMS,
  type Program,
  type Requirement,
} from './requirement.ts';

export type Verdict =
  | { readonly runs: true }
  | { readonly runs: false; readonly kind: Absence; readonly reason: string };

/** The folder of public vectors and tables, as `GODWIT_TEST_DATA` or the default names it. */
export const TEST_DATA: string = TEST_DATA_DIR;

const missing = new Map<Requirement, string | undefined>();

/** Whether a test that needs all of `names` runs here; if not, in which class it is reported and why. */
export function requires(...names: readonly Requirement[]): Verdict {
  return judge(
    names.flatMap((name) => {
      const reason = whyMissing(name);
      if (reason === undefined) return [];
      const entry = NOT_APPLICABLE.find(({ requirement }) => requirement === name);
      return [{ reason, machine: entry?.machineLacksIt() }];
    }),
  );
}

/**
 * The verdict on a test that lacks `lacks`: not applicable only when the machine itself stands behind
 * every one of them; a single one that somebody could mend makes it skipped.
 */
export function judge(lacks: readonly { reason: string; machine: string | undefined }[]): Verdict {
  if (lacks.length === 0) return { runs: true };
  const kind = lacks.every(({ machine }) => machine !== undefined) ? 'n/a here' : 'skipped';
  return { runs: false, kind, reason: lacks.map((lack) => lack.machine ?? lack.reason).join('; ') };
}

/**
 * `describe` for tests that need something of the machine. Where it is missing the cases are
 * collected but not run, and the title carries the class and the reason for `tools/test.ts`.
 */
export function describeWith(names: readonly Requirement[], title: string, body: () => void): void {
  const verdict = requires(...names);
  if (verdict.runs) describe(title, body);
  else describe.skip(markTitle(title, verdict), body);
}

/** Why `name` cannot be had here, as a sentence with its remedy; undefined when it is there. */
function whyMissing(name: Requirement): string | undefined {
  if (!missing.has(name)) missing.set(name, probe(name));
  return missing.get(name);
}

function probe(name: Requirement): string | undefined {
  if (isPeer(name)) {
    const peer = findPeer(name);
    return 'missing' in peer ? peer.missing : undefined;
  }
  if (isProgram(name)) {
    if (hasProgram(name)) return undefined;
    return `no program ${name}: apt-get install ${PROGRAMS[name]}`;
  }
  if (isLinkType(name)) return probeLink(name);
  switch (name) {
    case 'root':
      return process.getuid?.() === 0 ? undefined : 'not root';
    case 'netns':
      return succeeds('unshare', ['--net', 'true']) ? undefined : 'no right to make namespaces';
    case 'user-netns':
      return succeeds('unshare', ['-Urnm', 'true']) ? undefined : 'no user namespaces here';
    case 'tun':
      return existsSync('/dev/net/tun') ? undefined : 'no /dev/net/tun';
    case 'ipv6':
      return existsSync('/proc/net/if_inet6') ? undefined : 'the kernel has no IPv6';
    case 'native':
      return nativeShim() === undefined ? 'no socket shim: npm run build:native' : undefined;
    case 'test-data':
      return existsSync(TEST_DATA) ? undefined : `no folder ${TEST_DATA} (GODWIT_TEST_DATA)`;
    case 'docker':
      return succeeds('docker', ['info']) ? undefined : 'no Docker daemon answers';
  }
}

function probeLink(type: LinkType): string | undefined {
  if (!hasProgram('ip')) return `no program ip: apt-get install ${PROGRAMS.ip}`;
  const names: Readonly<Record<LinkType, readonly string[]>> = {
    veth: ['type', 'veth', 'peer', 'name', 'probe1'],
    bridge: ['type', 'bridge'],
    dummy: ['type', 'dummy'],
    ipip: ['type', 'ipip', 'local', '127.0.0.1', 'remote', '127.0.0.2'],
    vrf: ['type', 'vrf', 'table', '10'],
    vxlan: ['type', 'vxlan', 'id', '1', 'dstport', '4789'],
  };
  const privileges = process.getuid?.() === 0 ? ['--net'] : ['-Urn'];
  const link = ['ip', 'link', 'add', 'probe0', ...names[type]];
  return succeeds('unshare', [...privileges, ...link])
    ? undefined
    : `the kernel makes no ${type} interface`;
}

/** The built socket shim: where `GODWIT_NATIVE` says, or in `build`. */
function nativeShim(): string | undefined {
  const places = [process.env['GODWIT_NATIVE'], join(REPOSITORY, 'build/godwit_native.node')];
  return places.find((path) => path !== undefined && existsSync(path));
}

function hasProgram(name: string): boolean {
  const path = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`;
  return path.split(delimiter).some((folder) => existsSync(join(folder, name)));
}

function succeeds(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

function isPeer(name: Requirement): name is PeerName {
  return (PEER_NAMES as readonly string[]).includes(name);
}

function isProgram(name: Requirement): name is Program {
  return name in PROGRAMS;
}

function isLinkType(name: Requirement): name is LinkType {
  return (LINK_TYPES as readonly string[]).includes(name);
}
