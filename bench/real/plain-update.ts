/**
 * UPDATEs read and written the plain way (RFC 4271 §4.3). On purpose without a line of `src/wire`: what it is to judge
 * must not judge itself.
 */

export interface Attribute {
  /** Optional, Transitive and Partial bits alone: the fourth, Extended Length, says nothing of the route. */
  readonly flags: number;
  readonly type: number;
  readonly value: Buffer;
}

/** Address and length of a prefix as one number: `address × 64 + length`. */
export type PrefixKey = number;

export interface PlainUpdate {
  readonly withdrawn: readonly PrefixKey[];
  readonly attributes: readonly Attribute[];
  readonly nlri: readonly PrefixKey[];
}

export const UPDATE_TYPE = 2;
const HEADER_OCTETS = 19;
const MEANING = 0xe0;
const EXTENDED_LENGTH = 0x10;

/** All messages of a stream: type, and octets with their header. */
export function* messagesIn(stream: Buffer): Generator<{ type: number; octets: Buffer }> {
  for (let at = 0; at < stream.length; ) {
    const length = at + HEADER_OCTETS > stream.length ? 0 : stream.readUInt16BE(at + 16);
    if (length < HEADER_OCTETS || at + length > stream.length) {
      throw new Error(`No whole message at ${at}`);
    }
    yield { type: stream[at + 18]!, octets: stream.subarray(at, at + length) };
    at += length;
  }
}

export function readUpdate(octets: Buffer): PlainUpdate {
  const withdrawnEnd = HEADER_OCTETS + 2 + octets.readUInt16BE(HEADER_OCTETS);
  const nlriAt = withdrawnEnd + 2 + octets.readUInt16BE(withdrawnEnd);
  if (nlriAt > octets.length) throw new Error('Attributes past the end of an UPDATE');
  return {
    withdrawn: readPrefixes(octets.subarray(HEADER_OCTETS + 2, withdrawnEnd)),
    attributes: readAttributes(octets.subarray(withdrawnEnd + 2, nlriAt)),
    nlri: readPrefixes(octets.subarray(nlriAt)),
  };
}

export function readAttributes(octets: Buffer): Attribute[] {
  const attributes: Attribute[] = [];
  for (let at = 0; at < octets.length; ) {
    const flags = octets[at]!;
    const isLong = (flags & EXTENDED_LENGTH) !== 0;
    const start = at + (isLong ? 4 : 3);
    const end = start + (isLong ? octets.readUInt16BE(at + 2) : octets[at + 2]!);
    if (!(end <= octets.length)) throw new Error('An attribute past the end of its field');
    const value = octets.subarray(start, end);
    attributes.push({ flags: flags & MEANING, type: octets[at + 1]!, value });
    at = end;
  }
  return attributes;
}

export function readPrefixes(octets: Buffer): PrefixKey[] {
  const prefixes: PrefixKey[] = [];
  for (let at = 0; at < octets.length; ) {
    const length = octets[at]!;
    const end = at + 1 + ((length + 7) >>> 3);
    if (length > 32 || end > octets.length) throw new Error(`A malformed prefix at ${at}`);
    let address = 0;
    for (let i = 0; i < 4; i++)
      address = address * 256 + (at + 1 + i < end ? octets[at + 1 + i]! : 0);
    prefixes.push((address - (address % 2 ** (32 - length))) * 64 + length);
    at = end;
  }
  return prefixes;
}

export function formatPrefix(key: PrefixKey): string {
  const address = Math.floor(key / 64);
  const octets = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
  return `${octets.join('.')}/${key % 64}`;
}

export function writeUpdate({ withdrawn, attributes, nlri }: PlainUpdate): Buffer {
  const gone = Buffer.concat(withdrawn.map(writePrefix));
  const set = Buffer.concat(attributes.map(writeAttribute));
  const body = [u16(gone.length), gone, u16(set.length), set, ...nlri.map(writePrefix)];
  const length = HEADER_OCTETS + body.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.alloc(16, 0xff), u16(length), Buffer.of(UPDATE_TYPE), ...body]);
}

function writePrefix(key: PrefixKey): Buffer {
  const address = Buffer.alloc(5);
  address[0] = key % 64;
  address.writeUInt32BE(Math.floor(key / 64), 1);
  return address.subarray(0, 1 + ((address[0]! + 7) >>> 3));
}

function writeAttribute({ flags, type, value }: Attribute): Buffer {
  return value.length > 255
    ? Buffer.concat([Buffer.of(flags | EXTENDED_LENGTH, type), u16(value.length), value])
    : Buffer.concat([Buffer.of(flags, type, value.length), value]);
}

function u16(value: number): Buffer {
  return Buffer.of(value >>> 8, value & 0xff);
}
