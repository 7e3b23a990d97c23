/** The common form of attributes that are one 32-bit number: MED, LOCAL_PREF, ORIGINATOR_ID, OTC. */
import { UpdateSubcode } from '../iana.ts';
import {
  type AttributeRow,
  type AttributeSlice,
  defineAttribute,
  lengthOf,
  type Malformed,
  malformed,
} from './define.ts';

/** A row whose length must be 4; `check` judges what remains, before the length where it returns something. */
export function defineU32Attribute(
  row: Pick<AttributeRow<number>, 'type' | 'name' | 'category'> & {
    readonly before?: (value: AttributeSlice) => Malformed | undefined;
    readonly format?: (value: number) => string;
  },
): AttributeRow<number> {
  const { type, name, category, before, format } = row;
  return defineAttribute<number>({
    type,
    name,
    category,
    check(value) {
      const early = before?.(value);
      if (early !== undefined) return early;
      return lengthOf(value) === 4 ? undefined : BAD_LENGTH;
    },
    decode: (value) => value.u32(),
    encode: (value, out) => out.u32(value),
    format: format ?? String,
  });
}

/** For attributes that mean something inside an AS only. */
export function discardFromExternal(value: AttributeSlice): Malformed | undefined {
  return value.peerType === 'ebgp' ? FROM_EXTERNAL : undefined;
}

// RFC 7606 §7.4, §7.5, §7.9; RFC 9234 §5: treat-as-withdraw.
const BAD_LENGTH = malformed('treat-as-withdraw', UpdateSubcode.AttributeLength, 'Length is not 4');

const FROM_EXTERNAL = malformed(
  'discard',
  UpdateSubcode.OptionalAttribute,
  'Not accepted from an external peer',
);
