/**
 * What is said of a malformed UPDATE: counted each time, and told with all that finding the culprit takes.
 *
 * RFC 7606 §6: the NLRI involved and the entire message are logged.
 */

import { HEADER_LENGTH } from '../wire/header.ts';
import { decodeNlri, type NlriField } from '../wire/nlri.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { toHex } from '../wire/text.ts';
import type { UpdateLayout } from '../wire/update.ts';
import { formatUpdateFault, type UpdateFault } from '../wire/update-faults.ts';
import type { Core } from './core.ts';
import type { Peer } from './peer.ts';

/** Events of one kind and peer that repeat are told this far apart, in milliseconds. */
export const REPEATED_EVENT_MS = 10_000;
/** Prefixes that are named; how many there are is told. */
const PREFIXES_NAMED_MAX = 20;
/** Octets of a message that are kept: all but of one that is longer than RFC 4271 §4.1 allows (RFC 8654). */
const MESSAGE_KEPT_MAX = 4096;

/** Where the parts of an UPDATE are, in octets that hold more than it. */
export interface FaultyUpdate {
  readonly message: Uint8Array;
  readonly layout: UpdateLayout;
}

/** @throws {ProtocolError} when one of them resets the session. */
export function tellFaults(
  core: Core,
  peer: Peer,
  { faults, ...update }: FaultyUpdate & { readonly faults: readonly UpdateFault[] },
): void {
  for (const fault of faults) {
    const key = `${fault.name} ${fault.action}`;
    core.updateFaults.set(key, (core.updateFaults.get(key) ?? 0) + 1);
  }
  publishFault(core, peer, { ...update, fault: faults[0]! });
  const fatal = faults.find(({ action }) => action === 'session-reset');
  if (fatal === undefined) return;
  const { code, subcode, data, name, reason } = fatal;
  throw new ProtocolError({ code, subcode, data }, `${name}: ${reason}`);
}

function publishFault(
  core: Core,
  peer: Peer,
  { fault, message, layout }: FaultyUpdate & { readonly fault: UpdateFault },
): void {
  if (peer.faultPublished !== undefined && core.now - peer.faultPublished < REPEATED_EVENT_MS)
    return;
  peer.faultPublished = core.now;
  const start = layout.withdrawn.start - 2 - HEADER_LENGTH;
  const { end } = layout.nlri;
  const cut = end - start > MESSAGE_KEPT_MAX;
  const kept = message.subarray(start, Math.min(end, start + MESSAGE_KEPT_MAX));
  core.publish({
    event: 'update-fault',
    peer: peer.plan.name,
    action: fault.action,
    attribute: fault.name,
    reason: formatUpdateFault(fault),
    prefixes: prefixesOf(message, layout),
    update: `${toHex(kept)}${cut ? `… (${end - start} octets)` : ''}`,
  });
}

/** Those announced and withdrawn, in the order of the message. */
function prefixesOf(message: Uint8Array, layout: UpdateLayout): string {
  const { withdrawn, mpReach, mpUnreach, nlri } = layout;
  const fields: NlriField[] = [withdrawn];
  if (mpReach.present && mpReach.family !== undefined) fields.push(mpReach.nlri);
  if (mpUnreach.present && mpUnreach.family !== undefined) fields.push(mpUnreach.nlri);
  fields.push(nlri);
  const all = fields.flatMap((field) => decodeNlri(message, field).map(({ prefix }) => prefix));
  const more = all.length - PREFIXES_NAMED_MAX;
  const named = all.slice(0, PREFIXES_NAMED_MAX).join(', ');
  return more > 0 ? `${named} and ${more} more` : named;
}
