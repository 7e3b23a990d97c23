/**
 * NOTIFICATION: why a session ends (RFC 4271 §4.5), with the shutdown communication (RFC 9003) and
 * Hard Reset (RFC 8538 §3.1).
 *
 * Peer text leaves here only escaped. A NOTIFICATION is never answered with one, so decoding one never throws
 * for its content, only for a body too short to hold code and subcode.
 */
import { ByteWriter } from '../base/byte-writer.ts';
import { copyOctets } from './copy-octets.ts';
import { beginMessage, endMessage, HEADER_LENGTH, MESSAGE_LENGTH_MAX } from './header.ts';
import {
  CeaseSubcode,
  ErrorCode,
  errorCodeName,
  MessageType,
  OpenSubcode,
  subcodeName,
} from './iana.ts';
import { readNotificationBody } from './layouts.ts';
import { encodeUtf8Within, safeText, toHex } from './text.ts';

export interface Notification {
  /** Error Code, see `ErrorCode`. */
  readonly code: number;
  /** Error Subcode; 0 is "unspecific". */
  readonly subcode: number;
  /** Data field; may be empty. */
  readonly data: Uint8Array;
}

/** Octets of UTF-8 in a shutdown communication (RFC 9003 §2). */
const SHUTDOWN_COMMUNICATION_LENGTH_MAX = 255;

/** Data octets that fit a NOTIFICATION of 4096 octets, which every peer must accept. */
export const NOTIFICATION_DATA_LENGTH_MAX = MESSAGE_LENGTH_MAX - HEADER_LENGTH - 2;

const NO_DATA = new Uint8Array(0);

export function notification(
  code: number,
  subcode: number,
  data: Uint8Array = NO_DATA,
): Notification {
  return { code, subcode, data };
}

/** Cease with the text of an operator (RFC 9003), which is cut at a character to 255 octets of UTF-8. */
export function ceaseNotification(subcode: CeaseSubcode, text?: string): Notification {
  return {
    code: ErrorCode.Cease,
    subcode,
    data: text === undefined ? NO_DATA : encodeShutdownCommunication(text),
  };
}

/** The data field of Cease/2 and Cease/4: a length octet and the text (RFC 9003 §2). */
function encodeShutdownCommunication(text: string): Uint8Array {
  const octets = encodeUtf8Within(text, SHUTDOWN_COMMUNICATION_LENGTH_MAX);
  const data = new Uint8Array(octets.length + 1);
  data[0] = octets.length;
  data.set(octets, 1);
  return data;
}

/** The whole message with header; data that would not fit is cut. */
export function encodeNotification(value: Notification): Uint8Array {
  const data = value.data.subarray(0, NOTIFICATION_DATA_LENGTH_MAX);
  const out = new ByteWriter(HEADER_LENGTH + 2 + data.length);
  const start = beginMessage(MessageType.Notification, out);
  out.u8(value.code);
  out.u8(value.subcode);
  out.bytes(data);
  endMessage(start, out);
  return out.finish();
}

/**
 * @param message  A whole message as the framer gives it: at least 21 octets.
 * @returns Code, subcode and a copy of the data.
 */
export function decodeNotification(message: Uint8Array): Notification {
  const { code, subcode } = readNotificationBody(
    message.subarray(HEADER_LENGTH, HEADER_LENGTH + 2),
  );
  return { code, subcode, data: copyOctets(message, HEADER_LENGTH + 2) };
}

/**
 * The text of an Administrative Shutdown or Reset, escaped for showing; undefined when there is none.
 *
 * RFC 9003 §4: what is malformed is to be logged, and may be as hexadecimal. So it is shown where the length does not
 * fit the data, of which only its forerunner spoke (RFC 8203 §4). The session ends anyway.
 */
export function shutdownCommunication(value: Notification): string | undefined {
  if (value.code !== ErrorCode.Cease) return undefined;
  if (
    value.subcode !== CeaseSubcode.AdministrativeShutdown &&
    value.subcode !== CeaseSubcode.AdministrativeReset
  ) {
    return undefined;
  }
  const { data } = value;
  if (data.length === 0 || data[0] === 0) return undefined;
  const length = data[0]!;
  if (length > data.length - 1) return `(malformed, ${toHex(data)})`;
  return safeText(data.subarray(1, 1 + length));
}

/** What a Hard Reset wraps (RFC 8538 §3.1); undefined when `value` is none or wraps nothing. */
export function hardResetCause(value: Notification): Notification | undefined {
  if (value.code !== ErrorCode.Cease || value.subcode !== CeaseSubcode.HardReset) return undefined;
  if (value.data.length < 2) return undefined;
  return { code: value.data[0]!, subcode: value.data[1]!, data: copyOctets(value.data, 2) };
}

/** Wraps `cause` so that the peer flushes our routes in spite of graceful restart (RFC 8538 §3.1). */
export function hardReset(cause: Notification): Notification {
  const data = new Uint8Array(2 + cause.data.length);
  data[0] = cause.code;
  data[1] = cause.subcode;
  data.set(cause.data, 2);
  return { code: ErrorCode.Cease, subcode: CeaseSubcode.HardReset, data };
}

/** One line: `Cease (6), Administrative Shutdown (2): "going down for maintenance"`. */
export function describeNotification(value: Notification): string {
  const subcode = subcodeName(value.code, value.subcode);
  const head =
    subcode === undefined
      ? `${errorCodeName(value.code)} (${value.code})`
      : `${errorCodeName(value.code)} (${value.code}), ${subcode} (${value.subcode})`;
  const detail = describeData(value);
  return detail === undefined ? head : `${head}: ${detail}`;
}

function describeData(value: Notification): string | undefined {
  const text = shutdownCommunication(value);
  if (text !== undefined) return `"${text}"`;
  const cause = hardResetCause(value);
  // A Hard Reset inside a Hard Reset is shown as octets, so that a peer cannot make us recurse.
  if (cause !== undefined && hardResetCause(cause) === undefined)
    return describeNotification(cause);
  const { code, subcode, data } = value;
  if (data.length === 0) return undefined;
  if (
    code === ErrorCode.Open &&
    subcode === OpenSubcode.UnsupportedVersionNumber &&
    data.length === 2
  ) {
    return `supports version ${(data[0]! << 8) | data[1]!}`;
  }
  return `data ${toHex(data.subarray(0, SHOWN_DATA_LENGTH_MAX))}${data.length > SHOWN_DATA_LENGTH_MAX ? '…' : ''}`;
}

/** Octets of unnamed data that fit a log line. */
const SHOWN_DATA_LENGTH_MAX = 32;
