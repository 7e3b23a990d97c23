/**
 * ROUTE-REFRESH: asks for a family again (RFC 2918 §3), or marks the beginning and end of the answer (RFC 7313 §3.2).
 *
 * What an unknown subtype or family costs is decided by the session: RFC 7313 §5 wants both ignored. A request may be
 * longer than its four octets: RFC 5291 §4 puts filters there, which only a peer sends that was told we take them.
 */
import { ByteWriter } from '../base/byte-writer.ts';
import { copyOctets } from './copy-octets.ts';
import { beginMessage, endMessage, HEADER_LENGTH } from './header.ts';
import { ErrorCode, MessageType, RouteRefreshSubcode, RouteRefreshSubtype } from './iana.ts';
import { readFamily } from './layouts.ts';
import { NOTIFICATION_DATA_LENGTH_MAX } from './notification.ts';
import { ProtocolError } from './protocol-error.ts';

export interface RouteRefresh {
  readonly afi: number;
  readonly safi: number;
  /** See `RouteRefreshSubtype`; any octet may come. 0 without RFC 7313, where the octet is reserved. */
  readonly subtype: number;
}

/**
 * @param message  A whole message with header, as the framer gives it.
 * @throws {ProtocolError} ROUTE-REFRESH Message Error, Invalid Message Length.
 */
export function decodeRouteRefresh(message: Uint8Array): RouteRefresh {
  const body = message.subarray(HEADER_LENGTH);
  const isMarker =
    body[2] === RouteRefreshSubtype.BeginningOfRouteRefresh ||
    body[2] === RouteRefreshSubtype.EndOfRouteRefresh;
  if (body.length < 4 || (body.length > 4 && isMarker)) {
    // RFC 7313 §5, of subtypes 1 and 2; what is too short to have one is no better. The data is the complete message.
    const data = copyOctets(message, 0, NOTIFICATION_DATA_LENGTH_MAX);
    throw new ProtocolError(
      { code: ErrorCode.RouteRefresh, subcode: RouteRefreshSubcode.InvalidMessageLength, data },
      `ROUTE-REFRESH with a body of ${body.length} octets`,
    );
  }
  const { afi, middle, safi } = readFamily(body.subarray(0, 4));
  return { afi, safi, subtype: middle };
}

/** The whole message with header, 23 octets. */
export function encodeRouteRefresh(refresh: RouteRefresh): Uint8Array {
  const out = new ByteWriter(HEADER_LENGTH + 4);
  const start = beginMessage(MessageType.RouteRefresh, out);
  out.u16(refresh.afi);
  out.u8(refresh.subtype);
  out.u8(refresh.safi);
  endMessage(start, out);
  return out.finish();
}
