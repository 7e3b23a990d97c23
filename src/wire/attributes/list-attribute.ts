/** The common check of attributes that are lists of equal items: none empty, none cut. */
import { UpdateSubcode } from '../iana.ts';
import { type AttributeSlice, lengthOf, type Malformed, malformed } from './define.ts';

/** A check that the length is a non-zero multiple of `size` octets; otherwise treat-as-withdraw. */
export function listCheck(size: number): (value: AttributeSlice) => Malformed | undefined {
  const problem = malformed(
    'treat-as-withdraw',
    UpdateSubcode.AttributeLength,
    `Length is not a non-zero multiple of ${size}`,
  );
  return (value) => (isWholeList(lengthOf(value), size) ? undefined : problem);
}

function isWholeList(length: number, size: number): boolean {
  return length > 0 && length % size === 0;
}
