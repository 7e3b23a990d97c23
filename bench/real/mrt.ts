/**
 * Reads MRT (RFC 6396): BGP4MP and BGP4MP_ET messages, and the older TABLE_DUMP. IPv4 only; what else a file holds is
 * given as `other`, so that nobody believes to have read what was skipped.
 *
 * Every record is cut to its own length first: smart-buffer answers short at an end, so no field is read past one.
 */

import { SmartBuffer } from 'smart-buffer';

export type MrtRecord =
  | {
      readonly kind: 'message';
      readonly peer: MrtPeer;
      readonly as4: boolean;
      readonly octets: Buffer;
    }
  | {
      readonly kind: 'route';
      readonly peer: MrtPeer;
      readonly nlri: Buffer;
      readonly attributes: Buffer;
    }
  | { readonly kind: 'other'; readonly type: number; readonly subtype: number };

export interface MrtPeer {
  /** Dotted. */
  readonly address: string;
  readonly as: number;
}

export class MrtError extends Error {
  override readonly name = 'MrtError';
}

const TABLE_DUMP = 12;
const BGP4MP = 16;
const BGP4MP_ET = 17;
const MESSAGE = 1;
const MESSAGE_AS4 = 4;
const AFI_IPV4 = 1;
const HEADER_OCTETS = 12;

/** @throws {MrtError} A record that is cut or contradicts itself; its offset is named. */
export function* readMrt(file: Buffer): Generator<MrtRecord> {
  for (let at = 0; at < file.length; ) {
    if (file.length - at < HEADER_OCTETS) throw new MrtError(`A header is cut at ${at}`);
    const type = file.readUInt16BE(at + 4);
    const subtype = file.readUInt16BE(at + 6);
    const end = at + HEADER_OCTETS + file.readUInt32BE(at + 8);
    if (end > file.length) throw new MrtError(`The record at ${at} is cut`);
    const body = SmartBuffer.fromBuffer(file.subarray(at + HEADER_OCTETS, end));
    try {
      yield readBody(type, subtype, body);
    } catch (cause) {
      throw new MrtError(`The record at ${at}: ${(cause as Error).message}`, { cause });
    }
    at = end;
  }
}

function readBody(type: number, subtype: number, body: SmartBuffer): MrtRecord {
  if (type === TABLE_DUMP && subtype === AFI_IPV4) return readTableDump(body);
  const isMessage = subtype === MESSAGE || subtype === MESSAGE_AS4;
  if ((type !== BGP4MP && type !== BGP4MP_ET) || !isMessage)
    return { kind: 'other', type, subtype };
  if (type === BGP4MP_ET) body.readUInt32BE(); // RFC 6396 §3: microseconds
  const as4 = subtype === MESSAGE_AS4;
  const as = as4 ? body.readUInt32BE() : body.readUInt16BE();
  take(body, (as4 ? 4 : 2) + 2); // local AS, interface
  if (body.readUInt16BE() !== AFI_IPV4) return { kind: 'other', type, subtype };
  const address = take(body, 4).join('.');
  take(body, 4); // local address
  return { kind: 'message', peer: { address, as }, as4, octets: take(body, body.remaining()) };
}

/** RFC 6396 §4.2: one route a record, AS numbers of 2 octets. */
function readTableDump(body: SmartBuffer): MrtRecord {
  take(body, 4); // view, sequence
  const prefix = take(body, 4);
  const length = body.readUInt8();
  if (length > 32) throw new MrtError(`a prefix length of ${length}`);
  take(body, 1 + 4); // status, time
  const address = take(body, 4).join('.');
  const as = body.readUInt16BE();
  const attributes = take(body, body.readUInt16BE());
  if (body.remaining() > 0) throw new MrtError('octets after the attributes');
  const nlri = Buffer.from([length, ...prefix.subarray(0, (length + 7) >>> 3)]);
  return { kind: 'route', peer: { address, as }, nlri, attributes };
}

function take(body: SmartBuffer, length: number): Buffer {
  if (body.remaining() < length)
    throw new MrtError(`${length} octets wanted, ${body.remaining()} left`);
  return length === 0 ? Buffer.alloc(0) : body.readBuffer(length);
}
