/** Kernel inputs: the picture of links, addresses and routes, acknowledgements, and the loss of any of them. */

import { AFI_SAFIS, type AfiSafi } from '../net/afi-safi.ts';
import { ipToOctets } from '../net/ip-address.ts';
import { type Prefix, prefixFrom } from '../net/prefix.ts';
import type { InterfaceAddress } from '../netlink/address.ts';
import type { Core } from './core.ts';
import { onLinkChange } from './fall-over.ts';
import type { KernelChange, KernelInput } from './inputs.ts';
import { listen } from './listen.ts';
import { remakeKernelRoutes, resolveAllNextHops } from './next-hops.ts';
import { startPeersWhenReady } from './on-plan.ts';
import { releasePeersOfVrf, throughVrf, vrfDumped } from './vrf.ts';

export function onKernel(core: Core, input: KernelInput): void {
  const { programmer, now } = core;
  switch (input.type) {
    case 'kernelChanged':
      for (const change of input.changes) throughVrf(core, change, (one) => onChange(core, one));
      return;
    case 'kernelDumpStarted':
      core.vrf?.dumpStarted();
      return programmer.onDumpStarted(now);
    case 'kernelDumpDone':
      vrfDumped(core, (one) => onChange(core, one));
      programmer.onDumpDone(now);
      core.learned.remake();
      if (core.vrf?.trouble === undefined) onFirstDump(core);
      return;
    case 'kernelOverrun':
      core.vrf?.dumpFailed();
      return programmer.onOverrun(input.reason);
    case 'kernelAck':
      return programmer.onAck(input.batch, input.errnos, now);
    case 'kernelProofRoutes':
      return programmer.onProofRoutes(input.routes);
    case 'kernelProofRead':
      return programmer.onProofRead(input, now);
    case 'kernelUnavailable': {
      core.vrf?.dumpFailed();
      programmer.onUnavailable(input.error, now);
      const { errno, call } = input.error;
      const reason =
        errno === 'EPERM' || errno === 'EACCES'
          ? `${call}: no permission. Run as root or with CAP_NET_ADMIN; routes are learned and announced, none is installed`
          : `${call}: ${errno}. Routes are learned and announced, none is installed`;
      core.kernelState = { state: 'unavailable', reason };
      resolveAllNextHops(core);
      if (core.vrf !== undefined && core.listeners.size === 0) listen(core);
      return startPeersWhenReady(core);
    }
  }
}

function onChange(core: Core, change: KernelChange): void {
  const { programmer, now } = core;
  switch (change.what) {
    case 'link':
      onLink(core, change);
      return onLinkChange(core, change.link, change.removed);
    case 'address':
      programmer.onAddress(change.address, change.removed, now);
      core.learned.addressChanged(subnetOf(change.address));
      return listenAgain(core, change);
    case 'route':
      programmer.onKernelRoute(change, now);
      return core.learned.routeChanged(change.route.prefix);
  }
}

function onLink(core: Core, { link, removed }: Extract<KernelChange, { what: 'link' }>): void {
  const before = core.kernelView.link(link.index);
  core.programmer.onLink(link, removed, core.now);
  // The kernel drops routes of a link that goes down without a word; a new link has none yet.
  const same = before?.up === link.up && before.name === link.name && !removed;
  if (!same && before !== undefined) core.learned.remake();
}

function subnetOf({ address, peer, prefixLength }: InterfaceAddress): Prefix {
  return prefixFrom(ipToOctets(peer ?? address), prefixLength);
}

/** A listener that lacked its address is tried again when an address comes. */
function listenAgain(core: Core, change: Extract<KernelChange, { what: 'address' }>): void {
  if (change.removed || core.plan === undefined) return;
  const failed = [...core.listeners.values()].some(
    (listener) => listener.error !== undefined && listener.local.address === change.address.address,
  );
  if (failed) listen(core);
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
  releasePeersOfVrf(core);
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
