/** Kernel inputs: the picture of links, addresses and routes, acknowledgements, and the loss of any of them. */

import { AFI_SAFIS, type AfiSafi } from '../net/afi-safi.ts';
import type { Core } from './core.ts';
import { onLinkChange } from './fall-over.ts';
import type { KernelChange, KernelInput } from './inputs.ts';
import { remakeKernelRoutes, resolveAllNextHops } from './next-hops.ts';
import { startPeersWhenReady } from './on-plan.ts';

export function onKernel(core: Core, input: KernelInput): void {
  const { programmer, now } = core;
  switch (input.type) {
    case 'kernelChanged':
      for (const change of input.changes) onChange(core, change);
      return;
    case 'kernelDumpStarted':
      return programmer.onDumpStarted(now);
    case 'kernelDumpDone':
      programmer.onDumpDone(now);
      return onFirstDump(core);
    case 'kernelOverrun':
      return programmer.onOverrun(input.reason);
    case 'kernelAck':
      return programmer.onAck(input.batch, input.errnos, now);
    case 'kernelUnavailable': {
      programmer.onUnavailable(input.error, now);
      const { errno, call } = input.error;
      const reason =
        errno === 'EPERM' || errno === 'EACCES'
          ? `${call}: no permission. Run as root or with CAP_NET_ADMIN; routes are learned and announced, none is installed`
          : `${call}: ${errno}. Routes are learned and announced, none is installed`;
      core.kernelState = { state: 'unavailable', reason };
      resolveAllNextHops(core);
      return startPeersWhenReady(core);
    }
  }
}

function onChange(core: Core, change: KernelChange): void {
  const { programmer, now } = core;
  switch (change.what) {
    case 'link':
      programmer.onLink(change.link, change.removed, now);
      return onLinkChange(core, change.link, change.removed);
    case 'address':
      programmer.onAddress(change.address, change.removed, now);
      return listenAgain(core, change);
    case 'route':
      return programmer.onKernelRoute(change.route, change.removed, now);
  }
}

/** A listener that lacked its address is tried again when an address comes. */
function listenAgain(core: Core, change: Extract<KernelChange, { what: 'address' }>): void {
  if (change.removed || core.plan === undefined) return;
  const failed = [...core.listeners.values()].some(
    (listener) => listener.error !== undefined && listener.local.address === change.address.address,
  );
  if (failed) core.effect({ type: 'listen', ...core.plan.listen });
}

/**
 * The kernel has been read for the first time, or again after it was out of reach: what survived is known, next hops
 * are judged by it, and sessions may start.
 */
function onFirstDump(core: Core): void {
  const { state } = core.kernelState;
  if (state !== 'syncing' && state !== 'unavailable') return;
  core.kernelState = { state: 'synced' };
  resolveAllNextHops(core);
  for (const family of AFI_SAFIS) {
    if (holdsAdopted(core, family)) core.survived.add(family);
  }
  remakeKernelRoutes(core);
  startPeersWhenReady(core);
}

/** Whether the kernel kept any route of ours in this family. */
function holdsAdopted(core: Core, family: AfiSafi): boolean {
  let cursor: number | undefined = 0;
  while (cursor !== undefined) {
    const page: ReturnType<typeof core.programmer.routes> = core.programmer.routes({
      family,
      cursor,
      limit: 256,
    });
    if (page.routes.some(({ state }) => state === 'adopted')) return true;
    cursor = page.next;
  }
  return false;
}
