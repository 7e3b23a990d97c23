/**
 * The node in a VRF: news of the kernel through the gate, and what the coming and going of the VRF means for sessions,
 * listeners and routes (decision 0028).
 */

import type { KernelRules } from '../fib/kernel-rules.ts';
import type { Core } from './core.ts';
import type { KernelChange } from './inputs.ts';
import { listen } from './listen.ts';
import { startPeer, stopPeer } from './sessions.ts';
import { VrfGate } from './vrf-gate.ts';

type Pass = (change: KernelChange) => void;

/** At every plan; the VRF is a setting of the daemon, so the first one says it for good. */
export function useVrf(core: Core, { vrf: name, table }: KernelRules): void {
  if (name === undefined || core.vrf !== undefined) return;
  core.vrf = new VrfGate({
    name,
    ...(table === 0 ? {} : { table }),
    ...(core.options.lacksVrf === true ? { unsupported: true } : {}),
  });
}

/** Hands on what concerns us: all of it where no VRF is named. */
export function throughVrf(core: Core, change: KernelChange, pass: Pass): void {
  const { vrf } = core;
  if (vrf === undefined) return pass(change);
  const early = vrf.isEarlyInDump;
  if (vrf.take(change, pass)) vrfChanged(core, !early);
}

/** A whole dump was seen: what it did not name is gone. */
export function vrfDumped(core: Core, pass: Pass): void {
  if (core.vrf?.dumpDone(pass) === true) vrfChanged(core, true);
}

/** The kernel has been read with the VRF there: sessions that were held for want of it may start. */
export function releasePeersOfVrf(core: Core): void {
  if (core.vrf === undefined || core.vrf.trouble !== undefined) return;
  for (const peer of core.peers.values()) {
    if (peer.holds.has('vrf')) startPeer(core, peer);
  }
}

function vrfChanged(core: Core, reread: boolean): void {
  const vrf = core.vrf!;
  const { name } = vrf.setting;
  if (vrf.trouble !== undefined) return lose(core, vrf.trouble);
  if (vrf.table === undefined) return; // not known yet
  const renew = core.vrfWasUsed;
  core.vrfWasUsed = true;
  core.programmer.useTable(vrf.table, reread);
  // One that went and came again without a word is another one: what was bound to it is deaf.
  if (renew && core.kernelState.state === 'synced') stopAll(core, `VRF ${name} was made anew`);
  if (reread) core.kernelState = { state: 'syncing' };
  core.publish({ event: 'vrf-used', vrf: name, reason: `it is used, with its table ${vrf.table}` });
  listen(core, renew);
}

function lose(core: Core, reason: string): void {
  const { name } = core.vrf!.setting;
  core.publish({ event: 'vrf-lost', vrf: name, reason });
  core.programmer.loseTable(reason);
  core.kernelState = { state: 'syncing', reason };
  for (const [local, listener] of core.listeners) {
    core.listeners.set(local, { ...listener, error: reason });
  }
  stopAll(core, reason);
  for (const peer of core.peers.values()) peer.holds.set('vrf', reason);
}

/** Nobody can be told any more: TCP ends without a word, and graceful restart goes by its rules. */
function stopAll(core: Core, message: string): void {
  for (const peer of core.peers.values()) {
    stopPeer(core, peer, { type: 'AutomaticStop', silent: true, message });
    peer.holds.set('vrf', message);
  }
}
