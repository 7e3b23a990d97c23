/** Values of a PeerProfile's fields: how they are read, each with what would be right. */

import { AFI_SAFIS, type AfiSafi } from '../net/afi-safi.ts';
import type { Fields } from './fields.ts';
import { parseAsNumber, parseDuration } from './scalars.ts';
import {
  ADD_PATH_SEND_PATTERN,
  type AddPathSend,
  BEST_PATHS_MAX,
  type FieldType,
  type RemoteAs,
  type SettingValue,
} from './setting-field.ts';

/** Reads what stands at `name`; undefined when nothing does, and, with a problem, when it is not allowed. */
export function readSetting(
  fields: Fields,
  name: string,
  field: FieldType,
): SettingValue | undefined {
  switch (field.type) {
    case 'boolean':
      return fields.boolean(name);
    case 'duration':
      return readSpan(fields, name, field);
    case 'integer':
      return fields.integer(name, field);
    case 'one-of':
      return fields.oneOf(name, field.values);
    case 'add-path-send':
      return fields.parsed(name, `none, all, ecmp, or best and 1 to ${BEST_PATHS_MAX}`, parseSend);
    case 'families':
      return readFamilies(fields, name);
    case 'as-number':
      return fields.parsed(name, AS_NUMBER, parseRemoteAs);
  }
}

export const AS_NUMBER = 'internal, external, or an AS number: 1 to 4294967295';

export function parseRemoteAs(value: unknown): RemoteAs | undefined {
  if (value === 'internal' || value === 'external') return value;
  const asn = parseAsNumber(value);
  // RFC 7607 §2: AS 0 may be nobody's.
  return asn === 0 ? undefined : asn;
}

function parseSend(value: unknown): AddPathSend | undefined {
  if (typeof value !== 'string' || !new RegExp(ADD_PATH_SEND_PATTERN).test(value)) return undefined;
  const best = /^best ([0-9]+)$/.exec(value);
  return best === null ? (value as 'none' | 'all' | 'ecmp') : { best: Number(best[1]) };
}

function readSpan(
  fields: Fields,
  name: string,
  { min, max, zero }: Extract<FieldType, { type: 'duration' }>,
): number | undefined {
  const what = `a duration from ${min}s to ${max}s${zero === true && min > 0 ? ', or 0s' : ''}`;
  return fields.parsed(name, what, (value) => {
    const seconds = typeof value === 'string' ? parseDuration(value) : undefined;
    if (seconds === undefined) return undefined;
    return (seconds >= min && seconds <= max) || (zero === true && seconds === 0)
      ? seconds
      : undefined;
  });
}

/** In the order of `AFI_SAFIS`, whatever the order written. */
export function readFamilies(fields: Fields, name: string): readonly AfiSafi[] | undefined {
  if (!fields.has(name)) {
    fields.ignore(name);
    return undefined;
  }
  const what = `one of ${AFI_SAFIS.join(', ')}`;
  const written = fields.list(name, what, (value) => AFI_SAFIS.find((family) => family === value));
  const families = AFI_SAFIS.filter((family) => written.includes(family));
  if (families.length === 0 && Array.isArray(fields.raw(name))) {
    fields.report(name, {
      code: 'Missing',
      message: 'A session without a family carries nothing',
      remedy: `Write ${AFI_SAFIS.join(' or ')}, or leave it out`,
    });
  }
  return families.length === 0 ? undefined : families;
}

/** As it is written in a profile. */
export function formatSetting(field: FieldType, value: SettingValue): string {
  if (field.type === 'duration') return `${String(value)}s`;
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'object') return `best ${(value as { readonly best: number }).best}`;
  return String(value);
}
