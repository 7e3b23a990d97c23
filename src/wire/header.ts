/**
 * The 19 octets in front of every message: marker, length, type (RFC 4271 §4.1), and the limits of length.
 *
 * Writing only; `framer.ts` reads and checks them.
 */
import type { ByteWriter } from '../base/byte-writer.ts';
import type { MessageType } from './iana.ts';

/** Octets of the message header. */
export const HEADER_LENGTH = 19;

/** Octets of the longest message without the Extended Message capability (RFC 4271 §4.1). */
export const MESSAGE_LENGTH_MAX = 4096;

/** Octets of the longest UPDATE, NOTIFICATION or ROUTE-REFRESH with that capability (RFC 8654 §4). */
export const EXTENDED_MESSAGE_LENGTH_MAX = 65_535;

/** Writes a header whose length is set by `endMessage`. Returns the index where the message starts. */
export function beginMessage(type: MessageType, out: ByteWriter): number {
  const start = out.length;
  out.u32(0xffffffff);
  out.u32(0xffffffff);
  out.u32(0xffffffff);
  out.u32(0xffffffff);
  out.u16(0);
  out.u8(type);
  return start;
}

/** Sets the length of the message that starts at `start` and ends where `out` ends now. */
export function endMessage(start: number, out: ByteWriter): void {
  out.patchU16(start + 16, out.length - start);
}
