/**
 * The reviewed list of what some machines and kernels cannot do. A test that needs something from
 * this list is reported as *n/a here*, but only when the machine itself confirms the lack.
 * Invariant: nothing that a package or a command could bring stands here.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Requirement } from './requirement.ts';

export interface NotApplicable {
  readonly requirement: Requirement;
  /** Asks the machine: why it cannot, as a sentence; undefined when the lack is not the machine's. */
  machineLacksIt(): string | undefined;
}

export const NOT_APPLICABLE: readonly NotApplicable[] = [
  kernelLink('ipip'),
  kernelLink('dummy'),
  kernelLink('vrf'),
  {
    requirement: 'user-netns',
    machineLacksIt: () =>
      spawnSync('unshare', ['-Urnm', 'true']).status === 0
        ? undefined
        : 'this system lets nobody make user namespaces',
  },
  {
    requirement: 'docker',
    machineLacksIt: () =>
      existsSync('/var/run/docker.sock') ? undefined : 'no Docker daemon on this machine',
  },
  {
    // The public vectors are no part of the tree; naming a folder that is not there is a mistake.
    requirement: 'test-data',
    machineLacksIt: () =>
      process.env['GODWIT_TEST_DATA'] === undefined
        ? 'the public vectors are not beside this checkout (GODWIT_TEST_DATA names their folder)'
        : undefined,
  },
];

/** A link type that the running kernel neither has nor can load as a module. */
function kernelLink(type: 'ipip' | 'dummy' | 'vrf'): NotApplicable {
  return {
    requirement: type,
    machineLacksIt: () => {
      if (process.getuid?.() !== 0) return undefined; // only root's answer is the kernel's
      const link = ['ip', 'link', 'add', 'probe0', 'type', type];
      const more = type === 'vrf' ? ['table', '10'] : [];
      const answer = spawnSync('unshare', ['--net', ...link, ...more], { encoding: 'utf8' });
      // ENOTSUP for a type that nobody registered: "Unknown device type" in iproute2's words.
      return /Unknown device type|Operation not supported/.test(answer.stderr ?? '')
        ? `this kernel has no ${type} and no module for it`
        : undefined;
    },
  };
}
