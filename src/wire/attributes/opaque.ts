/**
 * Attributes that godwit does not interpret but whose form it knows: PMSI_TUNNEL (22), Tunnel Encapsulation (23),
 * AIGP (26), BGP-LS (29), BGP Prefix-SID (40).
 *
 * Passing a corrupted one on is how one bad router resets sessions two ASes away, so their outermost structure is
 * checked. Well-formed transitive ones are kept bit-exact; the non-transitive ones are dropped, as unknown ones are.
 */
import { copyOctets } from '../copy-octets.ts';
import { AttributeType, UpdateSubcode } from '../iana.ts';
import {
  type AttributeRow,
  type AttributeSlice,
  defineAttribute,
  lengthOf,
  malformed,
} from './define.ts';

type Opaque = Pick<AttributeRow<Uint8Array>, 'type' | 'name' | 'category' | 'check'> &
  Partial<Pick<AttributeRow<Uint8Array>, 'flagsAction'>>;

/** RFC 6514 §5: flags, tunnel type, a 3-octet label, then an identifier whose length some types fix. */
export const pmsiTunnelAttribute = opaque({
  type: AttributeType.PmsiTunnel,
  name: 'PMSI_TUNNEL',
  category: 'optional-transitive',
  check(value) {
    const identifier = lengthOf(value) - 5;
    if (identifier < 0) return SHORT;
    const type = value.octets[value.start + 1];
    const isAddress = identifier === 4 || identifier === 16;
    return type === INGRESS_REPLICATION && !isAddress ? SHORT : undefined;
  },
});

/** RFC 9012 §13: TLVs that do not fill the attribute exactly make it malformed, treat-as-withdraw. */
export const tunnelEncapsulationAttribute = opaque({
  type: AttributeType.TunnelEncapsulation,
  name: 'TUNNEL_ENCAPSULATION',
  category: 'optional-transitive',
  check(value) {
    const { octets } = value;
    let at = value.start;
    if (at === value.end) return SHORT;
    while (at < value.end) {
      if (value.end - at < 4) return SHORT;
      const end = at + 4 + ((octets[at + 2]! << 8) | octets[at + 3]!);
      if (end > value.end || !areSubTlvsWhole(octets, at + 4, end)) return SHORT;
      at = end;
    }
    return undefined;
  },
});

/**
 * RFC 7311 §3.2: malformed is attribute discard. RFC 7311 §3.3: sound or not, without an AIGP session it is treated as
 * an unknown non-transitive one, since godwit has no IGP metric to accumulate.
 */
export const aigpAttribute = opaque({
  type: AttributeType.Aigp,
  name: 'AIGP',
  category: 'optional-non-transitive',
  flagsAction: 'discard',
  check: (value) => checkTlvs(value, { lengthAt: 1, includesHead: true }),
});

/** RFC 9552 §8.2.2: malformed is attribute discard. */
export const bgpLsAttribute = opaque({
  type: AttributeType.BgpLs,
  name: 'BGP-LS',
  category: 'optional-non-transitive',
  flagsAction: 'discard',
  check: (value) => checkTlvs(value, { lengthAt: 2, includesHead: false }),
});

/** RFC 8669 §6: malformed is attribute discard. */
export const prefixSidAttribute = opaque({
  type: AttributeType.PrefixSid,
  name: 'PREFIX_SID',
  category: 'optional-transitive',
  flagsAction: 'discard',
  check: (value) => checkTlvs(value, { lengthAt: 1, includesHead: false }),
});

function opaque(row: Opaque): AttributeRow<Uint8Array> {
  return defineAttribute<Uint8Array>({
    ...row,
    decode: (value) => copyOctets(value.rest()),
    encode: (value, out) => out.bytes(value),
    format: (value) => `${value.length} octets`,
  });
}

/** Type in `lengthAt` octets, length in two, which may count both. The TLVs must fill the value. */
function checkTlvs(value: AttributeSlice, form: { lengthAt: number; includesHead: boolean }) {
  const head = form.lengthAt + 2;
  const { octets, end } = value;
  let at = value.start;
  if (at === end) return CUT;
  while (at < end) {
    if (end - at < head) return CUT;
    const length = (octets[at + form.lengthAt]! << 8) | octets[at + form.lengthAt + 1]!;
    const size = form.includesHead ? length : head + length;
    if (size < head || size > end - at) return CUT;
    at += size;
  }
  return undefined;
}

/** RFC 9012 §2: sub-TLVs below type 128 have a length of one octet, the others of two. */
function areSubTlvsWhole(octets: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const head = octets[at]! < 128 ? 2 : 3;
    if (end - at < head) return false;
    const length = head === 2 ? octets[at + 1]! : (octets[at + 1]! << 8) | octets[at + 2]!;
    at += head + length;
  }
  return at === end;
}

/** Tunnel type of RFC 6514 §5 whose identifier is an address. */
const INGRESS_REPLICATION = 6;

const SHORT = malformed(
  'treat-as-withdraw',
  UpdateSubcode.OptionalAttribute,
  'Malformed structure',
);
const CUT = malformed('discard', UpdateSubcode.OptionalAttribute, 'TLV exceeds the attribute');
