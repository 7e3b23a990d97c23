/**
 * OPEN: who speaks, and what they can do (RFC 4271 §4.2, RFC 5492, RFC 9072).
 *
 * Checks all of RFC 4271 §6.2 that needs no configuration; whether the AS is the right one is decided in `fsm/`.
 * Invariant: no capability is read past its own length, no parameter past its own.
 */
import { SmartBuffer } from 'smart-buffer';
import { assert } from '../base/assert.ts';
import { ByteReader } from '../base/byte-reader.ts';
import type { Capability } from './capabilities/capability.ts';
import { decodeCapabilities, encodeCapability } from './capabilities/table.ts';
import { copyOctets } from './copy-octets.ts';
import { HEADER_LENGTH, MESSAGE_LENGTH_MAX } from './header.ts';
import { ErrorCode, MessageType, OpenSubcode, OptionalParameterType } from './iana.ts';
import { OPEN_FIXED_LENGTH, readOpenFixed } from './layouts.ts';
import { ProtocolError } from './protocol-error.ts';

/** The only version of BGP there is. */
export const BGP_VERSION = 4;

export interface OpenMessage {
  readonly version: number;
  /** The 2-octet field; `AS_TRANS` where the AS number needs four. */
  readonly myAs: number;
  /** Seconds: 0, or 3–65535. */
  readonly holdTime: number;
  /** Unsigned 32 bits, not 0 (RFC 6286). */
  readonly bgpIdentifier: number;
  /** In the order of the wire; a code may come more than once (RFC 5492 §4). */
  readonly capabilities: readonly Capability[];
}

/** The capabilities that were decoded last, with their octets: in a mesh a thousand peers say the same. */
export interface CapabilitiesMemo {
  octets: Uint8Array;
  capabilities: readonly Capability[];
}

/**
 * @param message  A whole OPEN with header, at least 29 octets, as the framer gives it.
 * @param memo  What it says of capabilities is shared with the OPEN before when both say the same.
 * @throws {ProtocolError} OPEN Message Error.
 */
export function decodeOpen(message: Uint8Array, memo?: CapabilitiesMemo): OpenMessage {
  const bodyEnd = HEADER_LENGTH + OPEN_FIXED_LENGTH;
  const fixed = readOpenFixed(message.subarray(HEADER_LENGTH, bodyEnd));
  checkFixed(fixed);
  const { version, myAs, holdTime, bgpIdentifier } = fixed;
  // With the length octet in front.
  const parametersAt = bodyEnd - 1;
  if (memo !== undefined && isSame(memo.octets, message, parametersAt)) {
    return { version, myAs, holdTime, bgpIdentifier, capabilities: memo.capabilities };
  }
  const rest = new ByteReader(message, bodyEnd);
  const capabilities = decodeParameters(rest, fixed.optionalParametersLength);
  for (const capability of capabilities) {
    // RFC 7607 §2: AS 0 in either place is Bad Peer AS.
    if (capability.kind === 'fourOctetAs' && capability.asn === 0) {
      throw openError(OpenSubcode.BadPeerAs, '4-octet AS number is 0');
    }
  }
  if (memo !== undefined) {
    memo.octets = copyOctets(message, parametersAt, message.length);
    memo.capabilities = capabilities;
  }
  return { version, myAs, holdTime, bgpIdentifier, capabilities };
}

function isSame(known: Uint8Array, message: Uint8Array, from: number): boolean {
  if (known.length !== message.length - from) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== message[from + i]) return false;
  return true;
}

/** The whole message with header. RFC 9072 form only where the parameters need it. */
export function encodeOpen(open: OpenMessage): Uint8Array {
  const capabilities = new SmartBuffer();
  for (const capability of open.capabilities) encodeCapability(capability, capabilities);
  const out = new SmartBuffer();
  out.writeBuffer(Buffer.alloc(16, 0xff));
  out.writeUInt16BE(0);
  out.writeUInt8(MessageType.Open);
  out.writeUInt8(open.version);
  out.writeUInt16BE(open.myAs);
  out.writeUInt16BE(open.holdTime);
  out.writeUInt32BE(open.bgpIdentifier);
  writeParameters(capabilities.toBuffer(), out);
  // RFC 8654 §3: an OPEN is never longer than 4096 octets.
  assert(out.length <= MESSAGE_LENGTH_MAX, 'our capabilities fit an OPEN of 4096 octets');
  const message = out.toBuffer();
  message.writeUInt16BE(message.length, 16);
  return copyOctets(message);
}

function checkFixed(fixed: {
  version: number;
  myAs: number;
  holdTime: number;
  bgpIdentifier: number;
}): void {
  if (fixed.version !== BGP_VERSION) {
    // RFC 4271 §6.2: the data is the version that we support, in two octets.
    const data = Uint8Array.of(0, BGP_VERSION);
    throw openError(OpenSubcode.UnsupportedVersionNumber, `Version ${fixed.version}`, data);
  }
  // RFC 7607 §2: AS 0 is Bad Peer AS.
  if (fixed.myAs === 0) throw openError(OpenSubcode.BadPeerAs, 'My Autonomous System is 0');
  // RFC 4271 §6.2: one and two seconds must be refused.
  if (fixed.holdTime === 1 || fixed.holdTime === 2) {
    throw openError(OpenSubcode.UnacceptableHoldTime, `Hold Time of ${fixed.holdTime} s`);
  }
  // RFC 6286 §2.2: any value but zero is a BGP Identifier.
  if (fixed.bgpIdentifier === 0)
    throw openError(OpenSubcode.BadBgpIdentifier, 'BGP Identifier is 0');
}

function decodeParameters(rest: ByteReader, shortLength: number): Capability[] {
  let extended = false;
  let length = shortLength;
  // RFC 9072 §2: a first parameter of type 255 means that its place holds a 2-octet total length; the one-octet
  // length then says nothing, but 0 still means "no parameters".
  if (
    shortLength > 0 &&
    rest.remaining > 0 &&
    rest.octets[rest.offset] === OptionalParameterType.ExtendedLength
  ) {
    if (rest.remaining < 3) throw malformed('Extended Optional Parameters Length is cut');
    extended = true;
    rest.skip(1);
    length = rest.u16();
  }
  if (length !== rest.remaining) {
    throw malformed(`Optional Parameters Length is ${length}, but ${rest.remaining} octets follow`);
  }
  const capabilities: Capability[] = [];
  const head = extended ? 3 : 2;
  while (rest.remaining > 0) {
    if (rest.remaining < head) throw malformed('Optional parameter without its length');
    const type = rest.u8();
    const parameterLength = extended ? rest.u16() : rest.u8();
    if (parameterLength > rest.remaining) throw malformed('Optional parameter exceeds the OPEN');
    const value = rest.sub(parameterLength);
    if (type !== OptionalParameterType.Capabilities) {
      // RFC 4271 §6.2, also for the authentication parameter that it deprecates.
      throw openError(
        OpenSubcode.UnsupportedOptionalParameter,
        `Optional parameter of type ${type}`,
      );
    }
    if (!decodeCapabilities(value, capabilities))
      throw malformed('Capability exceeds its parameter');
  }
  return capabilities;
}

function writeParameters(capabilities: Buffer, out: SmartBuffer): void {
  if (capabilities.length === 0) {
    out.writeUInt8(0);
  } else if (capabilities.length + 2 <= 255) {
    out.writeUInt8(capabilities.length + 2);
    out.writeUInt8(OptionalParameterType.Capabilities);
    out.writeUInt8(capabilities.length);
    out.writeBuffer(capabilities);
  } else {
    // RFC 9072 §2: both one-octet fields are 255, then the true lengths in two octets.
    out.writeUInt8(255);
    out.writeUInt8(OptionalParameterType.ExtendedLength);
    out.writeUInt16BE(capabilities.length + 3);
    out.writeUInt8(OptionalParameterType.Capabilities);
    out.writeUInt16BE(capabilities.length);
    out.writeBuffer(capabilities);
  }
}

/** RFC 4271 §6.2: a recognised parameter that is malformed has subcode 0, Unspecific. */
function malformed(reason: string): ProtocolError {
  return openError(OpenSubcode.Unspecific, reason);
}

function openError(subcode: number, reason: string, data = new Uint8Array(0)): ProtocolError {
  return new ProtocolError({ code: ErrorCode.Open, subcode, data }, reason);
}
