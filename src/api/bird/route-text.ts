/** Rows and attributes of `show route` as BIRD 1.6 prints them. CalicoNodeStatus parses the rows (calico model 7.4). */

import { ipv4FromU32 } from '../../net/ip-address.ts';
import type { TablePathView } from '../../speaker/snapshot.ts';
import {
  type AsPathSegment,
  Origin,
  type PathAttributes,
} from '../../wire/attributes/path-attributes.ts';
import { AsPathSegmentType } from '../../wire/iana.ts';
import { toHex } from '../../wire/text.ts';
import type { BirdPort } from './port.ts';
import { DIRECT, KERNEL, STATIC } from './protocols.ts';
import { sinceText } from './show-protocols.ts';

export function protocolOf({ kind, from }: TablePathView): string {
  if (kind === 'bgp') return from;
  if (kind === 'own') return STATIC;
  return kind === 'kernel' ? KERNEL : DIRECT;
}

/** When routes came: since their session is up, or since the start. Made once for each session of a reply. */
export class RouteTimes {
  readonly #port: BirdPort;
  readonly #texts = new Map<string, string>();

  constructor(port: BirdPort) {
    this.#port = port;
  }

  of({ from, sinceMs }: TablePathView): string {
    let text = this.#texts.get(from);
    if (text === undefined) {
      text = sinceText(this.#port, sinceMs ?? this.#port.view.status().uptimeMs);
      this.#texts.set(from, text);
    }
    return text;
  }
}

/**
 * One row for each next hop, and never BIRD's `multipath` form: CalicoNodeStatus knows no such rows and loses its
 * whole report over one.
 *
 * @param prefix  Empty for further paths of a network.
 */
export function routeRows(path: TablePathView, prefix: string, times: RouteTimes): string[] {
  const since = times.of(path);
  const mark = path.best ? ' *' : '';
  const info = path.kind === 'bgp' ? bgpInfo(path) : ` (${path.preference})`;
  return destinations(path).map(({ text, gateway }, at) => {
    const from = fromText(path, gateway);
    const head = at === 0 ? prefix : '';
    return `${head.padEnd(18)} ${text} [${protocolOf(path)} ${since}${from}]${mark}${info}`;
  });
}

function destinations({ type, hops }: TablePathView): { text: string; gateway?: string }[] {
  if (type === 'prohibit') return [{ text: 'prohibited' }];
  if (type !== 'unicast' || hops.length === 0) return [{ text: type }];
  return hops.map(({ gateway, interfaceName }) =>
    gateway === undefined
      ? { text: `dev ${interfaceName}` }
      : { text: `via ${gateway} on ${interfaceName}`, gateway },
  );
}

/** Who told it, where that is not who packets go to. */
function fromText({ fromAddress }: TablePathView, gateway: string | undefined): string {
  return fromAddress === undefined || fromAddress === gateway ? '' : ` from ${fromAddress}`;
}

const ORIGIN_LETTERS = { [Origin.Igp]: 'i', [Origin.Egp]: 'e', [Origin.Incomplete]: '?' } as const;
const ORIGIN_NAMES = {
  [Origin.Igp]: 'IGP',
  [Origin.Egp]: 'EGP',
  [Origin.Incomplete]: 'Incomplete',
} as const;

function bgpInfo({ preference, stale, metric, attributes }: TablePathView): string {
  const distance = metric === undefined ? '-' : String(metric);
  const head = ` (${preference}${stale ? 's' : ''}/${distance})`;
  if (attributes === undefined) return head;
  const last = attributes.asPath.at(-1);
  const origin = last?.type === AsPathSegmentType.AsSequence ? last.asns.at(-1) : undefined;
  const letter = ORIGIN_LETTERS[attributes.origin];
  return `${head} [${origin === undefined ? '' : `AS${origin}`}${letter}]`;
}

/** What counts where the neighbor gave none, as to a neighbor outside. */
const LOCAL_PREF_DEFAULT = 100;

const TYPES = { bgp: 'BGP', own: 'static', kernel: 'inherit', connected: 'device' } as const;

export function typeLine({ kind }: TablePathView): string {
  return `\tType: ${TYPES[kind]} unicast univ`;
}

/** In the order of the attributes' codes. */
export function attributeLines({
  kind,
  attributes,
  kernelProtocol,
  metric,
}: TablePathView): string[] {
  if (kind === 'kernel') {
    return [`\tKernel.source: ${kernelProtocol ?? 0}`, `\tKernel.metric: ${metric ?? 0}`];
  }
  if (attributes === undefined) return [];
  const line = (name: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`\tBGP.${name}: ${value}`];
  const list = (name: string, items: readonly string[]): string[] =>
    items.length === 0 ? [] : line(name, items.join(' '));
  const { originatorId, aggregator } = attributes;
  return [
    ...line('origin', ORIGIN_NAMES[attributes.origin]),
    ...line('as_path', attributes.asPath.map(segmentText).join(' ')),
    ...line('next_hop', nextHopText(attributes)),
    ...line('med', attributes.med),
    ...line('local_pref', attributes.localPref ?? LOCAL_PREF_DEFAULT),
    ...(attributes.atomicAggregate ? line('atomic_aggr', '') : []),
    ...line('aggregator', aggregator && `${aggregator.address} AS${aggregator.asn}`),
    ...list(
      'community',
      attributes.communities.map((value) => `(${value >>> 16},${value & 0xffff})`),
    ),
    ...line('originator_id', originatorId === undefined ? undefined : ipv4FromU32(originatorId)),
    ...list('cluster_list', attributes.clusterList.map(ipv4FromU32)),
    ...list('ext_community', attributes.extendedCommunities.map(extendedText)),
    ...list(
      'large_community',
      attributes.largeCommunities.map((parts) => `(${parts.join(', ')})`),
    ),
    ...attributes.unknown.flatMap(({ type, value }) =>
      line(`${type.toString(16).padStart(2, '0')} [t]`, pairs(toHex(value))),
    ),
  ];
}

function segmentText({ type, asns }: AsPathSegment): string {
  const text = asns.join(' ');
  if (type === AsPathSegmentType.AsSet) return `{${text}}`;
  if (type === AsPathSegmentType.AsSequence) return text;
  return type === AsPathSegmentType.AsConfedSequence ? `(${text})` : `({${text}})`;
}

/** 16 hexadecimal digits; route targets and origins of AS and address by name, as BIRD has them. */
function extendedText(hex: string): string {
  const type = Number.parseInt(hex.slice(0, 2), 16);
  const name = { '02': 'rt', '03': 'ro' }[hex.slice(2, 4)];
  const high = Number.parseInt(hex.slice(4, 8), 16);
  const word = Number.parseInt(hex.slice(4, 12), 16);
  const low = Number.parseInt(hex.slice(12), 16);
  if (name !== undefined && type === 0) {
    return `(${name}, ${high}, ${Number.parseInt(hex.slice(8), 16)})`;
  }
  if (name !== undefined && type === 1) return `(${name}, ${ipv4FromU32(word)}, ${low})`;
  if (name !== undefined && type === 2) return `(${name}, ${word}, ${low})`;
  return `(generic, 0x${hex.slice(0, 8)}, 0x${hex.slice(8)})`;
}

function nextHopText({ nextHop, linkLocalNextHop }: PathAttributes): string | undefined {
  return linkLocalNextHop === undefined ? nextHop : `${nextHop ?? '::'} ${linkLocalNextHop}`;
}

function pairs(hex: string): string {
  return hex.replaceAll(/..(?=.)/g, '$& ');
}
