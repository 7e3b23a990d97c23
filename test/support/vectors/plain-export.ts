/**
 * What a BGP speaker passes on of an UPDATE, in the plainest way: attribute by attribute as RFC 4271 §5, RFC 4456 §8,
 * RFC 6793 §4 and RFC 4760 have it. Shares nothing with `src/`.
 */

import type { PlainAttribute, PlainUpdate } from './plain-update.ts';

export interface Path {
  /** What the speaker knows of the sender. */
  readonly from: { readonly ebgp: boolean; readonly as4: boolean; readonly routerId: string };
  /** To whom it passes the routes on; iBGP to iBGP is reflection. */
  readonly to: { readonly ebgp: boolean; readonly as4: boolean };
  /** The speaker itself: AS number, cluster identifier and addresses, hexadecimal. */
  readonly self: {
    readonly as: string;
    readonly clusterId: string;
    readonly ipv4: string;
    readonly ipv6: string;
  };
  /** Attributes that were malformed in a way that costs only themselves. */
  readonly discarded: ReadonlySet<number>;
}

/** AS_PATH as segments. */
interface Segment {
  readonly type: number;
  readonly asns: readonly string[];
}

/**
 * The attributes, without MP_REACH_NLRI, ascending, and the next hop; undefined when the routes are not for `path.to`.
 *
 * @param family  Of the prefixes that are passed on: IPv4 travels at the end of the UPDATE, IPv6 in MP_REACH_NLRI.
 */
export function plainExport(
  update: PlainUpdate,
  family: 4 | 6,
  path: Path,
): { attributes: PlainAttribute[]; nextHop: string } | undefined {
  const { from, to, self } = path;
  const has = new Map<number, PlainAttribute>();
  for (const one of update.attributes) {
    // RFC 7606 §3(g): of one that is there twice, the first counts.
    if (!has.has(one.type)) has.set(one.type, one);
  }
  for (const type of path.discarded) has.delete(type);
  // RFC 7606 §7.5, §7.9, §7.10: from an external peer these are discarded.
  if (from.ebgp) for (const type of [5, 9, 10]) has.delete(type);
  const communities: readonly string[] = has.get(8)?.value.match(/.{8}/g) ?? [];
  // RFC 1997: NO_ADVERTISE; NO_EXPORT and NO_EXPORT_SUBCONFED to external peers.
  if (communities.includes('ffffff02')) return undefined;
  if (to.ebgp && communities.some((one) => /^ffffff0[13]$/.test(one))) return undefined;
  if (to.ebgp) keepTransitive(has);
  const out: PlainAttribute[] = [...has.values()].filter(({ type, flags }) =>
    isCopied(type, flags),
  );
  const asPath = pathOf(has, from.as4);
  const external = asPath.filter(({ type }) => type < 3);
  // RFC 4271 §5.1.2: our AS in front towards external peers. RFC 5065 §4.1: no confederation segments there.
  writePath(to.ebgp ? prepended(external, self.as) : asPath, to.as4, out);
  writeAggregator(has, path, out);
  const med = has.get(4)?.value;
  // RFC 4271 §5.1.4: a MED goes to internal peers only; §5.1.5: LOCAL_PREF as well, and always.
  if (med !== undefined && !to.ebgp) out.push({ flags: 0x80, type: 4, value: med });
  if (!to.ebgp) out.push({ flags: 0x40, type: 5, value: has.get(5)?.value ?? '00000064' });
  if (!to.ebgp && !from.ebgp) {
    // RFC 4456 §8: who brought it in, and whose cluster it has passed.
    out.push({ flags: 0x80, type: 9, value: has.get(9)?.value ?? from.routerId });
    out.push({ flags: 0x80, type: 10, value: self.clusterId + (has.get(10)?.value ?? '') });
  }
  const nextHop = nextHopFor(update, family, path);
  if (family === 4) out.push({ flags: 0x40, type: 3, value: nextHop });
  return { attributes: out.map(partial).sort((a, b) => a.type - b.type), nextHop };
}

/** RFC 4360 §6: extended communities that are not transitive (bit 0x40 of the first octet) stay inside the AS. */
function keepTransitive(has: Map<number, PlainAttribute>): void {
  const attribute = has.get(16);
  if (attribute === undefined) return;
  const all = attribute.value.match(/.{16}/g) ?? [];
  const kept = all.filter((one) => (Number.parseInt(one.slice(0, 2), 16) & 0x40) === 0);
  if (kept.length === 0) has.delete(16);
  else has.set(16, { ...attribute, value: kept.join('') });
}

/** One whole UPDATE with `nlri` (each as `readPlainUpdate` gives it) in this order. */
export function plainUpdate(
  family: 4 | 6,
  told: { readonly attributes: readonly PlainAttribute[]; readonly nextHop: string },
  nlri: readonly string[],
): string {
  const octets = nlri.map((one) => one.slice(2)).join('');
  const list = told.attributes.map((one) => attribute(one)).join('');
  // RFC 7606 §5.1: the MP attribute comes first.
  const reach = `000201${u8(told.nextHop.length / 2)}${told.nextHop}00${octets}`;
  const all = family === 4 ? list : `900e${u16(reach.length / 2)}${reach}${list}`;
  return message(2, `0000${u16(all.length / 2)}${all}${family === 4 ? octets : ''}`);
}

export function plainWithdrawal(family: 4 | 6, nlri: readonly string[]): string {
  const octets = nlri.map((one) => one.slice(2)).join('');
  if (family === 4) return message(2, `${u16(octets.length / 2)}${octets}0000`);
  const unreach = `900f${u16(3 + octets.length / 2)}000201${octets}`;
  return message(2, `0000${u16(unreach.length / 2)}${unreach}`);
}

function message(type: number, body: string): string {
  return `${'ff'.repeat(16)}${u16(19 + body.length / 2)}${u8(type)}${body}`;
}

/** Of what is there: passed on as it is. ORIGIN, and what is optional transitive; the others have rules of their own. */
function isCopied(type: number, flags: number): boolean {
  if ([2, 3, 4, 5, 7, 9, 10, 14, 15, 17, 18].includes(type)) return false;
  // RFC 4271 §5: optional non-transitive ones that are of no use to us go no further (AIGP and BGP-LS are such).
  return type === 1 || type === 6 || (flags & 0x40) !== 0;
}

/** RFC 4271 §5: Partial is set by who passes on what it does not know; RFC 8092 §3: large communities stand there once. */
function partial({ flags, type, value }: PlainAttribute): PlainAttribute {
  const isKnown = KNOWN.has(type);
  const kept = flags & 0xe0;
  const once = type === 32 ? [...new Set(value.match(/.{24}/g))].join('') : value;
  return { type, value: once, flags: isKnown ? kept : kept | 0x20 };
}

const KNOWN = new Set([
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 22, 23, 25, 26, 29, 32, 35, 40,
]);

function pathOf(has: ReadonlyMap<number, PlainAttribute>, as4: boolean): Segment[] {
  const path = segments(has.get(2)?.value ?? '', as4 ? 8 : 4);
  if (as4) return path;
  const as4Path = has.get(17);
  const aggregator = has.get(7)?.value;
  // RFC 6793 §4.2.3: an AGGREGATOR that is not AS_TRANS, beside an AS4_AGGREGATOR, makes AS4_PATH stale.
  const isStale = has.has(18) && aggregator !== undefined && !aggregator.startsWith('5ba0');
  if (as4Path === undefined || isStale) return path;
  const newer = segments(as4Path.value, 8).filter(({ type }) => type < 3);
  const extra = hops(path) - hops(newer);
  if (extra < 0 || newer.length === 0) return path;
  const leading: Segment[] = [];
  let left = extra;
  for (const { type, asns } of path) {
    if (type > 2) {
      leading.push({ type, asns });
      continue;
    }
    if (left === 0) break;
    const taken = type === 1 ? asns : asns.slice(0, left);
    leading.push({ type, asns: taken });
    left -= type === 1 ? 1 : taken.length;
  }
  return joined([...leading, ...newer]);
}

/** RFC 4271 §9.1.2.2(a): a set counts one. */
function hops(path: readonly Segment[]): number {
  return path.reduce((sum, { type, asns }) => sum + [0, 1, asns.length, 0, 0][type]!, 0);
}

function joined(path: readonly Segment[]): Segment[] {
  const result: Segment[] = [];
  for (const one of path) {
    const last = result.at(-1);
    if (last?.type === 2 && one.type === 2 && last.asns.length + one.asns.length < 256) {
      result[result.length - 1] = { type: 2, asns: [...last.asns, ...one.asns] };
    } else result.push(one);
  }
  return result;
}

function prepended(path: readonly Segment[], as: string): Segment[] {
  const [first, ...rest] = path;
  if (first?.type === 2 && first.asns.length < 255) {
    return [{ type: 2, asns: [as, ...first.asns] }, ...rest];
  }
  return [{ type: 2, asns: [as] }, ...path];
}

function segments(value: string, width: 4 | 8): Segment[] {
  const path: Segment[] = [];
  for (let at = 0; at < value.length; ) {
    const end = at + 4 + width * Number.parseInt(value.slice(at + 2, at + 4), 16);
    const digits = value.slice(at + 4, end);
    const asns = digits.match(width === 4 ? /.{4}/g : /.{8}/g) ?? [];
    path.push({
      type: Number.parseInt(value.slice(at, at + 2), 16),
      asns: asns.map((asn) => asn.padStart(8, '0')),
    });
    at = end;
  }
  return path;
}

/** RFC 6793 §4.2.2: towards a peer of 2-octet AS numbers AS_TRANS, with the whole in AS4_PATH where that was needed. */
function writePath(path: readonly Segment[], as4: boolean, out: PlainAttribute[]): void {
  const wide = (one: readonly Segment[]): string =>
    one.map(({ type, asns }) => `${u8(type)}${u8(asns.length)}${asns.join('')}`).join('');
  if (as4) {
    out.push({ flags: 0x40, type: 2, value: wide(path) });
    return;
  }
  const value = path
    .map(({ type, asns }) => `${u8(type)}${u8(asns.length)}${asns.map(narrow).join('')}`)
    .join('');
  out.push({ flags: 0x40, type: 2, value });
  if (!path.some(({ asns }) => asns.some((asn) => !asn.startsWith('0000')))) return;
  const external = path.filter(({ type }) => type < 3);
  if (external.length > 0) out.push({ flags: 0xc0, type: 17, value: wide(external) });
}

function narrow(asn: string): string {
  return asn.startsWith('0000') ? asn.slice(4) : '5ba0';
}

function writeAggregator(
  has: ReadonlyMap<number, PlainAttribute>,
  { from, to }: Path,
  out: PlainAttribute[],
): void {
  const given = has.get(7);
  if (given === undefined) return;
  const flags = 0xc0 | (given.flags & 0x20);
  const newer = has.get(18)?.value;
  const wide = from.as4
    ? given.value
    : newer !== undefined && given.value.startsWith('5ba0')
      ? newer
      : `0000${given.value}`;
  if (to.as4) {
    out.push({ flags, type: 7, value: wide });
    return;
  }
  out.push({ flags, type: 7, value: narrow(wide.slice(0, 8)) + wide.slice(8) });
  if (!wide.startsWith('0000')) out.push({ flags: 0xc0, type: 18, value: wide });
}

function nextHopFor(update: PlainUpdate, family: 4 | 6, { to, self }: Path): string {
  const own = family === 4 ? self.ipv4 : self.ipv6;
  if (to.ebgp) return own; // RFC 4271 §5.1.3: ours, towards external peers
  const reach = update.mpReach;
  const isMp = family === 6 || (update.nlri.length === 0 && reach !== undefined);
  const given = isMp ? reach!.nextHop : update.attributes.find(({ type }) => type === 3)!.value;
  if (given.length === 8) return given;
  // RFC 2545 §3: a link-local address means nothing beyond its link.
  const isLinkLocal = /^(fe[89ab]|0{32}fe[89ab])/.test(given);
  return isLinkLocal ? own : given.slice(0, 32);
}

function attribute({ flags, type, value }: PlainAttribute): string {
  const length = value.length / 2;
  return length > 255
    ? `${u8(flags | 0x10)}${u8(type)}${u16(length)}${value}`
    : `${u8(flags)}${u8(type)}${u8(length)}${value}`;
}

function u8(value: number): string {
  return value.toString(16).padStart(2, '0');
}

function u16(value: number): string {
  return value.toString(16).padStart(4, '0');
}
