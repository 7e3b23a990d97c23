/**
 * Cuts the octets of a connection into BGP messages and checks every header (RFC 4271 §4.1 and §6.1).
 *
 * Hot path: a message that lies whole in a chunk is delivered where it lies, without a copy; only a message split
 * between chunks is gathered, each octet copied once, whatever the sizes of the chunks.
 * Invariant: between calls, less than one message is kept.
 */
import { EXTENDED_MESSAGE_LENGTH_MAX, HEADER_LENGTH, MESSAGE_LENGTH_MAX } from './header.ts';
import { ErrorCode, MessageHeaderSubcode, MessageType, messageTypeName } from './iana.ts';
import { type MessageSpan, viewOf } from './message-span.ts';
import { ProtocolError } from './protocol-error.ts';

/**
 * Called for each message with its type and all its octets, header included.
 *
 * They are valid only during the call. False stops: what is left of the chunk is dropped.
 */
export type MessageVisit = (type: MessageType, message: Uint8Array) => boolean;

/** As `MessageVisit`, with one object a chunk for where the octets stand. */
export type MessageSpanVisit = (type: MessageType, message: MessageSpan) => boolean;

/** Shared until a message is split: of a thousand connections most never keep a tail. */
const NO_OCTETS = new Uint8Array(0);

export class Framer {
  /**
   * Octets of the longest message accepted; set to `EXTENDED_MESSAGE_LENGTH_MAX` once both sides have sent the
   * Extended Message capability (RFC 8654 §4). RFC 8654 §5, §6: until then what is longer than 4096 is a bad length, and
   * OPEN and KEEPALIVE stay there.
   */
  lengthMax: number = MESSAGE_LENGTH_MAX;
  #tail = NO_OCTETS;
  #tailLength = 0;

  /** Octets of an unfinished message that are kept. */
  get pendingLength(): number {
    return this.#tailLength;
  }

  /**
   * Delivers every message that `octets` complete, in order.
   *
   * @throws {ProtocolError} Message Header Error, after the messages in front of the bad header were delivered.
   *   The framer is of no use afterwards.
   */
  feedSpans(octets: Uint8Array, visit: MessageSpanVisit): void {
    // Plain, so that no view handed on is a Buffer, whose `slice` does not copy.
    const chunk = new Uint8Array(octets.buffer, octets.byteOffset, octets.length);
    let at = 0;
    if (this.#tailLength > 0) {
      at = this.#gather(chunk);
      const length = this.#gatheredLength();
      if (length === 0) return;
      this.#tailLength = 0;
      const whole = { octets: this.#tail, start: 0, end: length };
      if (!visit(this.#tail[18] as MessageType, whole)) return;
    }
    const span = { octets: chunk, start: 0, end: 0 };
    const end = chunk.length;
    while (end - at >= HEADER_LENGTH) {
      const length = checkHeader(chunk, at, this.lengthMax);
      if (length > end - at) break;
      const next = at + length;
      span.start = at;
      span.end = next;
      if (!visit(chunk[at + 18] as MessageType, span)) return;
      at = next;
    }
    this.#keep(chunk, at);
  }

  /** As `feedSpans`, with a view of each message. */
  feed(octets: Uint8Array, visit: MessageVisit): void {
    this.feedSpans(octets, (type, message) => visit(type, viewOf(message)));
  }

  /** Copies what the unfinished message still lacks. Returns the index in `chunk` after it. */
  #gather(chunk: Uint8Array): number {
    let at = 0;
    if (this.#tailLength < HEADER_LENGTH) {
      at = this.#append(chunk, at, HEADER_LENGTH);
      if (this.#tailLength < HEADER_LENGTH) return at;
      checkHeader(this.#tail, 0, this.lengthMax);
    }
    return this.#append(chunk, at, lengthField(this.#tail, 0));
  }

  /** Octets of the gathered message when it is whole; otherwise 0. It stands in the tail until the next `feed`. */
  #gatheredLength(): number {
    if (this.#tailLength < HEADER_LENGTH) return 0;
    const length = lengthField(this.#tail, 0);
    return this.#tailLength === length ? length : 0;
  }

  /** Fills the tail up to `target` octets from `chunk[at..]`, as far as that goes. */
  #append(chunk: Uint8Array, at: number, target: number): number {
    const next = Math.min(chunk.length, at + target - this.#tailLength);
    this.#ensure(target);
    this.#tail.set(chunk.subarray(at, next), this.#tailLength);
    this.#tailLength += next - at;
    return next;
  }

  #keep(chunk: Uint8Array, at: number): void {
    const length = chunk.length - at;
    if (length === 0) return;
    this.#ensure(length);
    this.#tail.set(chunk.subarray(at));
    this.#tailLength = length;
  }

  #ensure(length: number): void {
    if (length <= this.#tail.length) return;
    // Two sizes only: most connections never need the second.
    const size = length <= MESSAGE_LENGTH_MAX ? MESSAGE_LENGTH_MAX : EXTENDED_MESSAGE_LENGTH_MAX;
    const larger = new Uint8Array(size);
    larger.set(this.#tail.subarray(0, this.#tailLength));
    this.#tail = larger;
  }
}

/**
 * Checks the header at `at`, of which all 19 octets are there.
 *
 * @returns The length of the message.
 */
function checkHeader(octets: Uint8Array, at: number, lengthMax: number): number {
  for (let i = at; i < at + 16; i++) {
    // RFC 4271 §6.1: the marker is all ones, or the two sides have lost each other.
    if (octets[i] !== 0xff) {
      throw headerError(
        MessageHeaderSubcode.ConnectionNotSynchronized,
        'Marker is not all ones',
        new Uint8Array(0),
      );
    }
  }
  const length = lengthField(octets, at);
  const type = octets[at + 18]!;
  if (length < HEADER_LENGTH || length > lengthMax) throw badLength(length, type);
  // RFC 4271 §6.1: the data is the erroneous Type field.
  if (type < MessageType.Open || type > MessageType.RouteRefresh) {
    throw headerError(
      MessageHeaderSubcode.BadMessageType,
      `Message of type ${type}`,
      Uint8Array.of(type),
    );
  }
  if (!isLengthOfType(type as MessageType, length)) throw badLength(length, type);
  return length;
}

/** RFC 4271 §6.1: the least lengths; a KEEPALIVE has exactly one. RFC 8654 §4: two types stay short. */
function isLengthOfType(type: MessageType, length: number): boolean {
  switch (type) {
    case MessageType.Open:
      return length >= 29 && length <= MESSAGE_LENGTH_MAX;
    case MessageType.Update:
      return length >= 23;
    case MessageType.Notification:
      return length >= 21;
    case MessageType.Keepalive:
      return length === HEADER_LENGTH;
    case MessageType.RouteRefresh:
      return true; // RFC 7313 §5: a wrong length has an Error Code of its own (`route-refresh.ts`).
  }
}

function lengthField(octets: Uint8Array, at: number): number {
  return (octets[at + 16]! << 8) | octets[at + 17]!;
}

/** RFC 4271 §6.1: the data is the erroneous Length field. */
function badLength(length: number, type: number): ProtocolError {
  return headerError(
    MessageHeaderSubcode.BadMessageLength,
    `${messageTypeName(type)} of ${length} octets`,
    Uint8Array.of(length >>> 8, length & 0xff),
  );
}

function headerError(subcode: number, reason: string, data: Uint8Array): ProtocolError {
  return new ProtocolError({ code: ErrorCode.MessageHeader, subcode, data }, reason);
}
