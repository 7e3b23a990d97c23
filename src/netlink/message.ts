/**
 * nlmsghdr: 4 octets length, 2 type, 2 flags, 4 sequence, 4 port; then the body, padded to 4. Walks what a
 * socket gave, reads acknowledgements, writes headers.
 *
 * Invariant: a header that claims more than was received ends the walk.
 */

import { AttributeCursor, align4 } from './attributes.ts';
import { ErrorAttribute, MessageFlag, MessageType } from './codes.ts';
import { readI32, readU16, readU32, writeU16, writeU32 } from './host-order.ts';

export const MESSAGE_HEADER_OCTETS = 16;

/** Walks messages in `octets[0, length)`. Reusable through `reset`: no allocation per message. */
export class MessageCursor {
  octets: Uint8Array = new Uint8Array(0);
  type = 0;
  flags = 0;
  sequence = 0;
  /** Who asked: the port of the requesting socket, 0 for the kernel itself. */
  portId = 0;
  /** The current body is `octets[start, end)`. */
  start = 0;
  end = 0;
  #at = 0;
  #limit = 0;

  reset(octets: Uint8Array, length: number): this {
    this.octets = octets;
    this.#at = 0;
    this.#limit = Math.min(length, octets.length);
    return this;
  }

  next(): boolean {
    const at = this.#at;
    const left = this.#limit - at;
    if (left < MESSAGE_HEADER_OCTETS) return false;
    const { octets } = this;
    const length = readU32(octets, at);
    if (length < MESSAGE_HEADER_OCTETS || length > left) return false;
    this.type = readU16(octets, at + 4);
    this.flags = readU16(octets, at + 6);
    this.sequence = readU32(octets, at + 8);
    this.portId = readU32(octets, at + 12);
    this.start = at + MESSAGE_HEADER_OCTETS;
    this.end = at + length;
    this.#at = at + align4(length);
    return true;
  }
}

export interface MessageHeader {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Header included, padding not. */
  readonly length: number;
}

export function writeMessageHeader(out: Uint8Array, at: number, header: MessageHeader): void {
  writeU32(out, at, header.length);
  writeU16(out, at + 4, header.type);
  writeU16(out, at + 6, header.flags);
  writeU32(out, at + 8, header.sequence);
  writeU32(out, at + 12, 0);
}

/** What an NLMSG_ERROR, or the NLMSG_DONE of a failed dump, says. */
export interface Acknowledgement {
  readonly sequence: number;
  /** Positive errno; 0 is success. */
  readonly errno: number;
  /** The kernel's own words (extended ACK), e.g. `Nexthop has invalid gateway`. May warn on success. */
  readonly text?: string;
}

/** Octets of the errno that both NLMSG_ERROR and NLMSG_DONE begin with. */
const ERRNO_OCTETS = 4;

/**
 * Decodes the current message of `message`, which must be an NLMSG_ERROR or NLMSG_DONE; undefined
 * for one too short to say anything. An NLMSG_DONE without errno is success.
 */
export function decodeAcknowledgement(message: MessageCursor): Acknowledgement | undefined {
  const { octets, start, end, sequence, type, flags } = message;
  if (end - start < ERRNO_OCTETS) {
    return type === MessageType.DONE ? { sequence, errno: 0 } : undefined;
  }
  const value = readI32(octets, start);
  const errno = value < 0 ? -value : 0;
  if ((flags & MessageFlag.ACK_TLVS) === 0) return { sequence, errno };
  const text = extendedText(message, attributesStart(message));
  return text === undefined ? { sequence, errno } : { sequence, errno, text };
}

/** Where the extended attributes begin: after the request's header, or all of it when not capped. */
function attributesStart(message: MessageCursor): number {
  const { octets, start, end, type, flags } = message;
  if (type === MessageType.DONE) return start + ERRNO_OCTETS;
  const request = start + ERRNO_OCTETS;
  if (end - request < MESSAGE_HEADER_OCTETS) return end;
  if ((flags & MessageFlag.CAPPED) !== 0) return request + MESSAGE_HEADER_OCTETS;
  const requestOctets = readU32(octets, request);
  return requestOctets > end - request ? end : request + align4(requestOctets);
}

function extendedText(message: MessageCursor, start: number): string | undefined {
  const attribute = new AttributeCursor(message.octets, start, message.end);
  while (attribute.next()) {
    if (attribute.type === ErrorAttribute.MSG) return attribute.text();
  }
  return undefined;
}
