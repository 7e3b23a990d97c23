/**
 * Any message as one line of text, for logs, `show` and `watch`.
 *
 * Fed by peers, so it trusts nothing: what cannot be decoded is shown as the reason why, never thrown, and the line is
 * bounded in length and free of control characters.
 */

import { ByteWriter } from '../base/byte-writer.ts';
import { ipv4FromU32 } from '../net/ip-address.ts';
import { canonicalise } from './attributes/canonical.ts';
import { decodeAttributes, formatAttributes } from './attributes/codec.ts';
import { formatCapability } from './capabilities/table.ts';
import { HEADER_LENGTH } from './header.ts';
import { MessageType, messageTypeName, RouteRefreshSubtype } from './iana.ts';
import { decodeNlri, type NlriField } from './nlri.ts';
import { decodeNotification, describeNotification } from './notification.ts';
import { decodeOpen } from './open.ts';
import { ProtocolError } from './protocol-error.ts';
import { decodeRouteRefresh } from './route-refresh.ts';
import { locateUpdate, type UpdateContext, updateLayout } from './update.ts';
import { formatUpdateFault } from './update-faults.ts';

/** Prefixes of one field that are named; a line about a full UPDATE would not be read. */
const SHOWN_PREFIXES_MAX = 8;

/** Characters of a line; AS_PATH and communities of one message may fill many pages. */
const LINE_LENGTH_MAX = 2000;

/** @param message  A whole message with header, as the framer gives it. */
export function formatMessage(message: Uint8Array, context: UpdateContext): string {
  const type = message[18] ?? 0;
  const head = `${messageTypeName(type)} ${message.length} octets`;
  const body = describeBody(type, message, context);
  const line = body === '' ? head : `${head}: ${body}`;
  return line.length <= LINE_LENGTH_MAX ? line : `${line.slice(0, LINE_LENGTH_MAX)}…`;
}

function describeBody(type: number, message: Uint8Array, context: UpdateContext): string {
  try {
    switch (type) {
      case MessageType.Open:
        return describeOpen(message);
      case MessageType.Update:
        return describeUpdate(message, context);
      case MessageType.Notification:
        return describeNotification(decodeNotification(message));
      case MessageType.RouteRefresh:
        return describeRouteRefresh(message);
      default:
        return message.length > HEADER_LENGTH
          ? `${message.length - HEADER_LENGTH} octets of body`
          : '';
    }
  } catch (error) {
    if (error instanceof ProtocolError) return `malformed, ${error.reason}`;
    throw error;
  }
}

function describeOpen(message: Uint8Array): string {
  const open = decodeOpen(message);
  const head = `AS ${open.myAs}, hold time ${open.holdTime} s, identifier ${ipv4FromU32(open.bgpIdentifier)}`;
  return [head, ...open.capabilities.map(formatCapability)].join(', ');
}

function describeRouteRefresh(message: Uint8Array): string {
  const { afi, safi, subtype } = decodeRouteRefresh(message);
  return `${SUBTYPE_NAMES[subtype] ?? `subtype ${subtype}`} AFI ${afi} SAFI ${safi}`;
}

function describeUpdate(message: Uint8Array, context: UpdateContext): string {
  const layout = updateLayout();
  locateUpdate(message, context, layout);
  if (layout.endOfRib !== undefined) return `End-of-RIB ${layout.endOfRib}`;
  const parts: string[] = [];
  const { withdrawn, nlri, mpReach, mpUnreach } = layout;
  if (withdrawn.count > 0) parts.push(`withdraw ${describeNlri(message, withdrawn)}`);
  if (mpUnreach.present && mpUnreach.nlri.count > 0) {
    parts.push(`withdraw ${describeNlri(message, mpUnreach.nlri)}`);
  }
  if (nlri.count > 0) parts.push(`announce ${describeNlri(message, nlri)}`);
  if (mpReach.present && mpReach.nlri.count > 0) {
    parts.push(`announce ${describeNlri(message, mpReach.nlri)}`);
  }
  if (layout.attributeCount > 0) {
    const out = new ByteWriter();
    const part = nlri.count > 0 ? 'classic' : 'mp';
    const { action, faults } = canonicalise({ message, layout, context, part }, out);
    if (action === 'accept') parts.push(...formatAttributes(decodeAttributes(out.view())));
    parts.push(...faults.map(formatUpdateFault));
  }
  return parts.join(', ');
}

function describeNlri(message: Uint8Array, field: NlriField): string {
  const values = decodeNlri(message, field);
  const shown = values
    .slice(0, SHOWN_PREFIXES_MAX)
    .map(({ prefix, pathId }) => (field.addPath ? `${prefix} path ${pathId}` : prefix));
  const more = values.length - shown.length;
  return shown.join(' ') + (more > 0 ? ` and ${more} more` : '');
}

const SUBTYPE_NAMES: Readonly<Record<number, string>> = {
  [RouteRefreshSubtype.Request]: 'request',
  [RouteRefreshSubtype.BeginningOfRouteRefresh]: 'beginning',
  [RouteRefreshSubtype.EndOfRouteRefresh]: 'end',
};
