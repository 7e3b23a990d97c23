/**
 * The form of a row of `table.ts`: everything about one capability in one place (RFC 5492 §4).
 *
 * `decode` is given exactly the Capability Value; it says in words why it cannot use it, and the value is then kept as
 * an unknown capability.
 */
import type { SmartBuffer } from 'smart-buffer';
import type { ByteReader } from '../../base/byte-reader.ts';
import type { Capability, CapabilityKind } from './capability.ts';

export type CapabilityOf<K extends CapabilityKind> = Extract<Capability, { kind: K }>;

export interface CapabilityRow<K extends CapabilityKind> {
  readonly kind: K;
  readonly code: number;
  /** The value, or what is wrong with it. */
  readonly decode: (value: ByteReader) => CapabilityOf<K> | string;
  /** Appends the Capability Value, without code and length. */
  readonly encode: (capability: CapabilityOf<K>, out: SmartBuffer) => void;
  readonly format: (capability: CapabilityOf<K>) => string;
}

export function defineCapability<K extends CapabilityKind>(
  row: CapabilityRow<K>,
): CapabilityRow<K> {
  return row;
}

/** A row of a capability without a value: its presence says all. */
export function defineBareCapability<K extends 'extendedMessage' | 'enhancedRouteRefresh'>(row: {
  readonly kind: K;
  readonly code: number;
  readonly name: string;
}): CapabilityRow<K> {
  const capability = { kind: row.kind } as CapabilityOf<K>;
  return {
    kind: row.kind,
    code: row.code,
    decode: (value) => (value.remaining === 0 ? capability : wrongLength(value.remaining, '0')),
    encode: () => undefined,
    format: () => row.name,
  };
}

export function wrongLength(length: number, expected: string): string {
  return `Length is ${length}, not ${expected}`;
}

/** `ipv4-unicast`, or the numbers of a family that godwit does not speak. */
export function formatFamily(family: { readonly afi: number; readonly safi: number }): string {
  if (family.safi === 1 && family.afi === 1) return 'ipv4-unicast';
  if (family.safi === 1 && family.afi === 2) return 'ipv6-unicast';
  return `afi-${family.afi}/safi-${family.safi}`;
}
