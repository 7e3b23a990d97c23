/**
 * The form of a row of `table.ts`: everything about one path attribute in one place (RFC 4271 §5).
 *
 * `check` judges octets as received and allocates nothing; `decode`, `encode` and `format` meet only canonical octets
 * that have passed it.
 */
import type { ByteReader } from '../../base/byte-reader.ts';
import type { ByteWriter } from '../../base/byte-writer.ts';
import { AttributeFlag, type UpdateSubcode } from '../iana.ts';
import type { FaultAction } from '../update-faults.ts';

export type AttributeCategory = 'well-known' | 'optional-transitive' | 'optional-non-transitive';

/** A value as received: `octets[start..end)`, and what changes how it reads. Mutable: one is reused. */
export interface AttributeSlice {
  octets: Uint8Array;
  start: number;
  end: number;
  as4: boolean;
  peerType: 'ebgp' | 'ibgp';
}

/** What is wrong with a value. Constants: the hot path compares and never builds one. */
export interface Malformed {
  readonly action: FaultAction;
  readonly subcode: UpdateSubcode;
  readonly reason: string;
}

export interface AttributeRow<T> {
  readonly type: number;
  /** As the RFC writes it, e.g. `AS_PATH`. */
  readonly name: string;
  readonly category: AttributeCategory;
  /** What wrong Optional or Transitive bits cost; RFC 7606 §3(c) says treat-as-withdraw unless told otherwise. */
  readonly flagsAction: FaultAction;
  /**
   * Undefined when the value is well-formed. RFC 7606 §3(e): what decides on routes (ORIGIN, AS_PATH, NEXT_HOP,
   * MULTI_EXIT_DISC, LOCAL_PREF) is treat-as-withdraw; RFC 7606 §3(f): ATOMIC_AGGREGATE and AGGREGATOR are discard.
   */
  readonly check: (value: AttributeSlice) => Malformed | undefined;
  /** From canonical octets: 4-octet AS numbers, length already checked. */
  readonly decode: (value: ByteReader) => T;
  /** To canonical octets. */
  readonly encode: (value: T, out: ByteWriter) => void;
  readonly format: (value: T) => string;
}

export function defineAttribute<T>(
  row: Omit<AttributeRow<T>, 'flagsAction'> & { readonly flagsAction?: FaultAction },
): AttributeRow<T> {
  return { flagsAction: 'treat-as-withdraw', ...row };
}

export function malformed(action: FaultAction, subcode: UpdateSubcode, reason: string): Malformed {
  return { action, subcode, reason };
}

/** The Attribute Flags of canonical octets, without Extended Length. */
export function categoryFlags(category: AttributeCategory): number {
  if (category === 'well-known') return AttributeFlag.Transitive;
  if (category === 'optional-transitive') return AttributeFlag.Optional | AttributeFlag.Transitive;
  return AttributeFlag.Optional;
}

export function lengthOf(value: AttributeSlice): number {
  return value.end - value.start;
}

export function u32At(octets: Uint8Array, at: number): number {
  return (
    ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0
  );
}

/** Writes an attribute header; Extended Length only where the length needs it, as canonical octets have it. */
export function writeAttributeHeader(
  out: ByteWriter,
  head: { readonly flags: number; readonly type: number; readonly length: number },
): void {
  if (head.length > 255) {
    out.u8(head.flags | AttributeFlag.ExtendedLength);
    out.u8(head.type);
    out.u16(head.length);
  } else {
    out.u8(head.flags & ~AttributeFlag.ExtendedLength);
    out.u8(head.type);
    out.u8(head.length);
  }
}
