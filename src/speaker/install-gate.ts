/**
 * `advertiseAfterInstall`: routes of others are announced once the kernel has acknowledged them. Off, nothing is asked
 * and nothing kept.
 */

import { nodeSettingsOf } from '../datastore/peer-settings.ts';
import { AFI_SAFIS, afiSafiOfIpFamily } from '../net/afi-safi.ts';
import type { Core } from './core.ts';

/** Prefixes looked at again a step: what one step brings the kernel to acknowledge is less. */
const MOVED_PER_STEP_MAX = 4096;

export function setInstallGate(core: Core): void {
  const { plan, options, programmer } = core;
  const isOn =
    plan !== undefined && options.kernelEnabled && nodeSettingsOf(plan).advertiseAfterInstall;
  programmer.watchInstalls(isOn);
  for (const family of AFI_SAFIS) {
    core.ribs[family].setGate(isOn ? core.kernelRoutes[family].gate : undefined);
  }
}

/** What the kernel has acknowledged, or refused, since the last step. @returns Whether more is left. */
export function passInstalled(core: Core): boolean {
  return core.programmer.takeMoved(MOVED_PER_STEP_MAX, (family, prefix) => {
    core.ribs[afiSafiOfIpFamily(family)].gateMoved(prefix);
  });
}
