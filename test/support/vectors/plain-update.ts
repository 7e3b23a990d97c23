/**
 * An UPDATE read in the plainest way (RFC 4271 §4.3, RFC 4760 §3 and §4): lists of hexadecimal, nothing shared with
 * `src/`, so that it can say what the daemon's own codec should have made of a message. Judges nothing: it stops where
 * the octets stop making sense. What it reads is compared with what Wireshark reads (`src/speaker/vectors.test.ts`).
 */

export interface PlainAttribute {
  readonly flags: number;
  readonly type: number;
  /** Hexadecimal, like all octets here. */
  readonly value: string;
}

/** AFI and SAFI, next hop (empty in MP_UNREACH_NLRI), and NLRI as below when the family is unicast. */
export interface PlainMp {
  readonly afi: number;
  readonly safi: number;
  readonly nextHop: string;
  readonly nlri: readonly string[];
}

/** A prefix is `4:` or `6:` and its NLRI, e.g. `4:18c0a801` for 192.168.1.0/24; bits behind its length are zero. */
export interface PlainUpdate {
  readonly withdrawn: readonly string[];
  readonly attributes: readonly PlainAttribute[];
  readonly nlri: readonly string[];
  readonly mpReach: PlainMp | undefined;
  readonly mpUnreach: PlainMp | undefined;
  /** Every length fits what is around it. */
  readonly whole: boolean;
}

/** @param message  With the 19 octets of its header. */
export function readPlainUpdate(message: string): PlainUpdate {
  const body = message.slice(38);
  const withdrawnEnd = 4 + 2 * number(body.slice(0, 4));
  const attributesEnd = withdrawnEnd + 4 + 2 * number(body.slice(withdrawnEnd, withdrawnEnd + 4));
  const isOpenEnded = !(attributesEnd <= body.length);
  const withdrawn = readNlri(body.slice(4, withdrawnEnd), 4);
  const list = readAttributes(body.slice(withdrawnEnd + 4, attributesEnd));
  const nlri = readNlri(isOpenEnded ? '' : body.slice(attributesEnd), 4);
  const mpReach = readMp(list.attributes, 14);
  const mpUnreach = readMp(list.attributes, 15);
  const parts = [withdrawn, list, nlri, mpReach, mpUnreach];
  return {
    withdrawn: withdrawn.nlri,
    attributes: list.attributes,
    nlri: nlri.nlri,
    mpReach: mpReach.mp,
    mpUnreach: mpUnreach.mp,
    whole: !isOpenEnded && parts.every(({ whole }) => whole),
  };
}

/** Every prefix that the UPDATE names, in unicast families, once. */
export function prefixesOf(update: PlainUpdate): string[] {
  const { withdrawn, nlri, mpReach, mpUnreach } = update;
  return [
    ...new Set([...withdrawn, ...nlri, ...(mpReach?.nlri ?? []), ...(mpUnreach?.nlri ?? [])]),
  ];
}

/** Those that it announces; one that it withdraws as well is announced. */
export function announcedBy({ nlri, mpReach }: PlainUpdate): string[] {
  return [...new Set([...nlri, ...(mpReach?.nlri ?? [])])];
}

function readAttributes(octets: string): { attributes: PlainAttribute[]; whole: boolean } {
  const attributes: PlainAttribute[] = [];
  let at = 0;
  while (at < octets.length) {
    const flags = number(octets.slice(at, at + 2));
    const type = number(octets.slice(at + 2, at + 4));
    const valueAt = at + ((flags & 0x10) !== 0 ? 8 : 6);
    const end = valueAt + 2 * number(octets.slice(at + 4, valueAt));
    if (!(end <= octets.length)) return { attributes, whole: false };
    attributes.push({ flags, type, value: octets.slice(valueAt, end) });
    at = end;
  }
  return { attributes, whole: true };
}

function readNlri(octets: string, family: 4 | 6): { nlri: string[]; whole: boolean } {
  const nlri: string[] = [];
  let at = 0;
  while (at < octets.length) {
    const length = number(octets.slice(at, at + 2));
    const end = at + 2 + 2 * Math.ceil(length / 8);
    if (length > (family === 4 ? 32 : 128) || end > octets.length) return { nlri, whole: false };
    nlri.push(`${family}:${octets.slice(at, at + 2)}${masked(octets.slice(at + 2, end), length)}`);
    at = end;
  }
  return { nlri, whole: true };
}

function readMp(
  attributes: readonly PlainAttribute[],
  type: 14 | 15,
): { mp: PlainMp | undefined; whole: boolean } {
  const value = attributes.find((attribute) => attribute.type === type)?.value;
  if (value === undefined) return { mp: undefined, whole: true };
  const afi = number(value.slice(0, 4));
  const safi = number(value.slice(4, 6));
  const nextHopEnd = type === 15 ? 6 : 8 + 2 * number(value.slice(6, 8));
  // Behind the next hop stands a reserved octet.
  const nlriAt = type === 15 ? 6 : nextHopEnd + 2;
  const nextHop = type === 15 ? '' : value.slice(8, nextHopEnd);
  if (!(nlriAt <= value.length)) return { mp: { afi, safi, nextHop, nlri: [] }, whole: false };
  const isUnicast = safi === 1 && (afi === 1 || afi === 2);
  const { nlri, whole } = readNlri(isUnicast ? value.slice(nlriAt) : '', afi === 1 ? 4 : 6);
  return { mp: { afi, safi, nextHop, nlri }, whole };
}

/** RFC 4271 §4.3: the value of the bits behind the length is irrelevant. */
function masked(octets: string, length: number): string {
  if (length % 8 === 0) return octets;
  const last = number(octets.slice(-2)) & (0xff00 >> (length % 8)) & 0xff;
  return octets.slice(0, -2) + last.toString(16).padStart(2, '0');
}

/** NaN when there are no digits, so that no comparison with it holds. */
function number(digits: string): number {
  return Number.parseInt(digits, 16);
}
