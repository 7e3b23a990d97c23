/**
 * Damage to OPENs: fixed fields, optional parameters, capabilities, and the extended form of RFC 9072.
 * Lengths around what was changed say the truth, unless the lie is the damage.
 */

import { type Bench, damageTlvs, OCTET_WAYS } from './damage.ts';

const FIXED_AT = 19;
const PARAMETERS_LENGTH_AT = 28;
const PARAMETERS_AT = 29;

export function damageOpen(bench: Bench): void {
  const { draft, chance } = bench;
  const isPlain =
    draft.length >= PARAMETERS_AT + 2 &&
    draft.octets[PARAMETERS_AT] === 2 &&
    PARAMETERS_AT + 2 + draft.octets[PARAMETERS_AT + 1]! <= draft.length;
  if (!isPlain || chance.once(6)) chance.from(OCTET_WAYS)(bench);
  else if (chance.below(4) > 0) damageCapabilities(bench);
  else chance.from(WAYS)(bench);
}

function damageCapabilities(bench: Bench): void {
  const { draft } = bench;
  const start = PARAMETERS_AT + 2;
  const length = draft.octets[PARAMETERS_AT + 1]!;
  const grown = damageTlvs(bench, { start, end: start + length }, 'capability');
  draft.octets[PARAMETERS_AT + 1] = length + grown;
  draft.octets[PARAMETERS_LENGTH_AT] = draft.octets[PARAMETERS_LENGTH_AT]! + grown;
  draft.fixLength();
}

const WAYS: readonly ((bench: Bench) => void)[] = [
  ({ draft, chance }) => {
    draft.octets[FIXED_AT + chance.below(PARAMETERS_AT - FIXED_AT)] = chance.octet();
  },
  ({ draft, chance }) => {
    draft.octets[PARAMETERS_LENGTH_AT] = chance.octet();
  },
  ({ draft, chance }) => {
    draft.octets[PARAMETERS_AT + chance.below(2)] = chance.octet();
  },
  secondParameter,
  extendedForm,
];

/** The parameter once more. */
function secondParameter({ draft }: Bench): void {
  const again = draft.octets.slice(PARAMETERS_AT, draft.length);
  draft.splice(draft.length, 0, again);
  draft.octets[PARAMETERS_LENGTH_AT] = draft.length - PARAMETERS_AT;
  draft.fixLength();
}

/** RFC 9072 §2: 255 twice, then a length of two octets, and parameters with lengths of two octets. */
function extendedForm({ draft, chance }: Bench): void {
  const rest = draft.octets.slice(PARAMETERS_AT + 1, draft.length);
  const length = rest.length + 2;
  const wide = Uint8Array.from([255, length >>> 8, length & 0xff, 2, 0, ...rest]);
  if (chance.once(3)) wide[chance.below(5)] = chance.octet();
  draft.splice(PARAMETERS_AT, draft.length - PARAMETERS_AT, wide);
  draft.octets[PARAMETERS_LENGTH_AT] = 255;
  draft.fixLength();
}
