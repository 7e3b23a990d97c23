/**
 * Canonical octets to values and back, and values to text: for views, policy on values, and originated routes.
 *
 * Off the hot path. `decodeAttributes` takes octets that `canonicalise`, `rewriteAttributes` or `encodeAttributes` made.
 */
import { ByteReader } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import type { AfiSafi } from '../../net/afi-safi.ts';
import { ipFamily } from '../../net/ip-address.ts';
import { copyOctets } from '../copy-octets.ts';
import { AttributeFlag, AttributeType } from '../iana.ts';
import { toHex } from '../text.ts';
import { aggregatorAttribute } from './aggregator.ts';
import { asPathAttribute } from './as-path.ts';
import { atomicAggregateAttribute } from './atomic-aggregate.ts';
import { clusterListAttribute } from './cluster-list.ts';
import { communitiesAttribute } from './communities.ts';
import { type AttributeRow, categoryFlags, writeAttributeHeader } from './define.ts';
import {
  extendedCommunitiesAttribute,
  ipv6ExtendedCommunitiesAttribute,
} from './extended-communities.ts';
import { largeCommunityAttribute } from './large-community.ts';
import { localPrefAttribute } from './local-pref.ts';
import { type MpReach, mpReachNlriAttribute } from './mp-reach-nlri.ts';
import { multiExitDiscAttribute } from './multi-exit-disc.ts';
import { nextHopAttribute } from './next-hop.ts';
import { onlyToCustomerAttribute } from './only-to-customer.ts';
import { originAttribute } from './origin.ts';
import { originatorIdAttribute } from './originator-id.ts';
import { Origin, type PathAttributes, type UnknownAttribute } from './path-attributes.ts';
import { attributeName } from './table.ts';

/** The attributes of a route with neither next hop nor path: what a route of our own starts from. */
export const EMPTY_ATTRIBUTES: PathAttributes = {
  origin: Origin.Igp,
  asPath: [],
  atomicAggregate: false,
  communities: [],
  clusterList: [],
  extendedCommunities: [],
  ipv6ExtendedCommunities: [],
  largeCommunities: [],
  partial: [],
  unknown: [],
};

/** A fresh value; copies everything that it keeps. */
export function decodeAttributes(canonical: Uint8Array): PathAttributes {
  const attributes: Draft = { ...EMPTY_ATTRIBUTES };
  const unknown: UnknownAttribute[] = [];
  const partial: number[] = [];
  const input = new ByteReader(canonical);
  while (input.remaining > 0) {
    const flags = input.u8();
    const type = input.u8();
    const length = (flags & AttributeFlag.ExtendedLength) !== 0 ? input.u16() : input.u8();
    const value = input.sub(length);
    const field = FIELDS.find((candidate) => candidate.type === type);
    if (field !== undefined) {
      field.decode(value, attributes);
      if ((flags & AttributeFlag.Partial) !== 0) partial.push(type);
    } else if (type === AttributeType.MpReachNlri) setMpReach(value, attributes);
    else {
      const kept = flags & ~AttributeFlag.ExtendedLength;
      unknown.push({ flags: kept, type, value: copyOctets(value.rest()) });
    }
  }
  attributes.unknown = unknown;
  attributes.partial = partial;
  return attributes;
}

/** Canonical octets, a fresh array. An IPv4 next hop makes NEXT_HOP, an IPv6 one MP_REACH_NLRI of `family`. */
export function encodeAttributes(attributes: PathAttributes, family: AfiSafi): Uint8Array {
  const items: UnknownAttribute[] = [...attributes.unknown];
  for (const field of FIELDS) {
    const item = field.encode(attributes);
    if (item !== undefined) items.push(item);
  }
  const mpReach = mpReachOf(attributes, family);
  if (mpReach !== undefined) items.push(encodeItem(mpReachNlriAttribute, mpReach));
  const out = new ByteWriter(128);
  for (const { type, flags, value } of items.sort((a, b) => a.type - b.type)) {
    const partial = attributes.partial.includes(type) ? AttributeFlag.Partial : 0;
    writeAttributeHeader(out, { flags: flags | partial, type, length: value.length });
    out.bytes(value);
  }
  return out.finish();
}

/** One line for each attribute that is there: `AS_PATH 65001 65002`. */
export function formatAttributes(attributes: PathAttributes): string[] {
  const lines: string[] = [];
  for (const field of FIELDS) {
    const line = field.format(attributes);
    if (line !== undefined) lines.push(line);
  }
  const mpReach = mpReachOf(attributes, 'ipv6-unicast');
  if (mpReach !== undefined) {
    lines.push(formatItem({ ...mpReachNlriAttribute, name: nextHopAttribute.name }, mpReach));
  }
  for (const { flags, type, value } of attributes.unknown) {
    lines.push(`${attributeName(type)} flags 0x${flags.toString(16)} value ${toHex(value)}`);
  }
  return lines;
}

type Draft = { -readonly [K in keyof PathAttributes]: PathAttributes[K] };

/** One attribute that has a field of its own in `PathAttributes`. */
interface Field {
  readonly type: number;
  readonly decode: (value: ByteReader, into: Draft) => void;
  /** Undefined where the attribute is absent, as for `format`. */
  readonly encode: (attributes: PathAttributes) => UnknownAttribute | undefined;
  readonly format: (attributes: PathAttributes) => string | undefined;
}

function field<T>(
  row: AttributeRow<T>,
  get: (attributes: PathAttributes) => T | undefined,
  set: (into: Draft, value: T) => void,
): Field {
  return {
    type: row.type,
    decode: (value, into) => set(into, row.decode(value)),
    encode(attributes) {
      const value = get(attributes);
      return value === undefined ? undefined : encodeItem(row, value);
    },
    format(attributes) {
      const value = get(attributes);
      return value === undefined ? undefined : formatItem(row, value);
    },
  };
}

/** A field named `key` that is absent when it is undefined, false, or an empty list. */
function plainField<K extends keyof PathAttributes>(
  key: K,
  row: AttributeRow<NonNullable<PathAttributes[K]>>,
): Field {
  return field(
    row,
    (attributes) => {
      const value = attributes[key];
      const isAbsent = value === false || (Array.isArray(value) && value.length === 0);
      return isAbsent ? undefined : (value ?? undefined);
    },
    (into, value) => {
      into[key] = value;
    },
  );
}

const FIELDS: readonly Field[] = [
  plainField('origin', originAttribute),
  field(
    asPathAttribute,
    (attributes) => attributes.asPath, // mandatory: there even when empty
    (into, value) => {
      into.asPath = value;
    },
  ),
  field(
    nextHopAttribute,
    ({ nextHop }) => (nextHop !== undefined && ipFamily(nextHop) === 4 ? nextHop : undefined),
    (into, value) => {
      into.nextHop = value;
    },
  ),
  plainField('med', multiExitDiscAttribute),
  plainField('localPref', localPrefAttribute),
  field(
    atomicAggregateAttribute,
    (attributes) => attributes.atomicAggregate || undefined,
    (into) => {
      into.atomicAggregate = true;
    },
  ),
  plainField('aggregator', aggregatorAttribute),
  plainField('communities', communitiesAttribute),
  plainField('originatorId', originatorIdAttribute),
  plainField('clusterList', clusterListAttribute),
  plainField('extendedCommunities', extendedCommunitiesAttribute),
  plainField('ipv6ExtendedCommunities', ipv6ExtendedCommunitiesAttribute),
  plainField('largeCommunities', largeCommunityAttribute),
  plainField('otc', onlyToCustomerAttribute),
];

function encodeItem<T>(row: AttributeRow<T>, value: T): UnknownAttribute {
  const out = new ByteWriter(64);
  row.encode(value, out);
  return { type: row.type, flags: categoryFlags(row.category), value: out.finish() };
}

function formatItem<T>(row: AttributeRow<T>, value: T): string {
  return `${row.name} ${row.format(value)}`.trimEnd();
}

function mpReachOf(attributes: PathAttributes, family: AfiSafi): MpReach | undefined {
  const { nextHop, linkLocalNextHop } = attributes;
  if (nextHop === undefined || ipFamily(nextHop) === 4) return undefined;
  return linkLocalNextHop === undefined
    ? { family, nextHop }
    : { family, nextHop, linkLocalNextHop };
}

function setMpReach(value: ByteReader, into: Draft): void {
  const { nextHop, linkLocalNextHop } = mpReachNlriAttribute.decode(value);
  into.nextHop = nextHop;
  if (linkLocalNextHop !== undefined) into.linkLocalNextHop = linkLocalNextHop;
}
