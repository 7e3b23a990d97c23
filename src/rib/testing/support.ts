/**
 * For the tests of this folder: speakers' octets in, members' octets out, through the real codec of `wire/`.
 */

import { ByteWriter } from '../../base/byte-writer.ts';
import type { AfiSafi } from '../../net/afi-safi.ts';
import { ip, ipToOctets } from '../../net/ip-address.ts';
import type { Prefix } from '../../net/prefix.ts';
import { canonicalise } from '../../wire/attributes/canonical.ts';
import {
  decodeAttributes,
  EMPTY_ATTRIBUTES,
  encodeAttributes,
} from '../../wire/attributes/codec.ts';
import type { PathAttributes } from '../../wire/attributes/path-attributes.ts';
import {
  closeMpAttribute,
  mpReachHeader,
  writeWireAttributes,
} from '../../wire/attributes/to-wire.ts';
import { decodeNlri } from '../../wire/nlri.ts';
import { encodeNlri } from '../../wire/nlri-writer.ts';
import { locateUpdate, type UpdateContext, updateLayout } from '../../wire/update.ts';
import type { NlriSpan } from '../adj-rib-in.ts';
import type { PolicyPort, PolicySubject, PolicyVerdict } from '../policy-port.ts';
import type { ExportConfig, PeerRibConfig } from '../rib-config.ts';

export const LOCAL_AS = 65000;

export function span(prefixes: readonly (Prefix | { prefix: Prefix; pathId: number })[]): NlriSpan {
  const octets = encodeNlri(prefixes);
  return { octets, start: 0, end: octets.length };
}

/** Attributes with an AS_SEQUENCE of `asns`. */
export function attributes(
  asns: readonly number[],
  rest: Partial<PathAttributes> = {},
): PathAttributes {
  const asPath = asns.length === 0 ? [] : [{ type: 2 as const, asns }];
  return { ...EMPTY_ATTRIBUTES, asPath, nextHop: ip('192.0.2.1'), ...rest };
}

/** A whole UPDATE that announces `prefixes`. */
export function updateMessage(
  prefixes: readonly Prefix[],
  options: { attributes: PathAttributes; family: AfiSafi; as4?: boolean },
): Uint8Array {
  const { family, as4 = true } = options;
  const canonical = encodeAttributes(options.attributes, family);
  const out = new ByteWriter(256);
  for (let i = 0; i < 4; i++) out.u32(0xffff_ffff);
  out.u16(0);
  out.u8(2);
  out.u16(0);
  const lengthAt = out.reserve(2);
  if (family === 'ipv6-unicast') {
    const mark = mpReachHeader(canonical, out);
    out.bytes(encodeNlri(prefixes));
    closeMpAttribute(mark, out);
  }
  writeWireAttributes(canonical, as4, out);
  out.patchU16(lengthAt, out.length - lengthAt - 2);
  if (family === 'ipv4-unicast') out.bytes(encodeNlri(prefixes));
  out.patchU16(16, out.length);
  return out.finish();
}

export function updateContext(rest: Partial<UpdateContext> = {}): UpdateContext {
  return {
    as4: true,
    peerType: 'ibgp',
    addPathReceive: { 'ipv4-unicast': false, 'ipv6-unicast': false },
    extendedNextHop: false,
    ...rest,
  };
}

/** A policy from a function; accepts unchanged what it gives no verdict on. */
export function policy(
  verdict: (subject: PolicySubject) => Partial<PolicyVerdict> = () => ({}),
  depends: { prefix?: boolean; interface?: boolean } = {},
): PolicyPort {
  return {
    dependsOnPrefix: depends.prefix ?? false,
    dependsOnInterface: depends.interface ?? false,
    evaluate: (subject) => ({
      accept: true,
      statement: -1,
      localPref: undefined,
      preference: undefined,
      prepend: [],
      addCommunities: [],
      addLargeCommunities: [],
      ...verdict(subject),
    }),
  };
}

export const ACCEPT_ALL = policy();

export function peerConfig(rest: Partial<PeerRibConfig> = {}): PeerRibConfig {
  return {
    ebgp: true,
    peerAs: 65001,
    localAs: LOCAL_AS,
    routerId: 0x0a000001,
    address: ip('10.0.0.1'),
    allowLocalAs: 0,
    ownRouterId: 0x0a0000ff,
    rrClient: false,
    addPathReceive: false,
    importPolicy: ACCEPT_ALL,
    ...rest,
  };
}

export function exportConfig(rest: Partial<ExportConfig> = {}): ExportConfig {
  return {
    policy: ACCEPT_ALL,
    ebgp: true,
    localAs: LOCAL_AS,
    as4: true,
    rrClient: false,
    nextHop: 'auto',
    selfNextHop: ipToOctets(ip('10.0.0.255')),
    messageMax: 4096,
    ...rest,
  };
}

/** What a peer makes of the UPDATEs it is sent. */
export class Listener {
  readonly table = new Map<Prefix, PathAttributes>();
  /** With ADD-PATH, instead of `table`: by prefix, then by path identifier. */
  readonly paths = new Map<Prefix, Map<number, PathAttributes>>();
  messages = 0;
  withdrawals = 0;
  endOfRibs = 0;
  readonly #layout = updateLayout();
  readonly #context: UpdateContext;
  readonly #messageMax: number;

  readonly #addPath: boolean;

  constructor(options: { as4?: boolean; messageMax?: number; addPath?: boolean } = {}) {
    const addPath = options.addPath ?? false;
    this.#addPath = addPath;
    this.#context = updateContext({
      as4: options.as4 ?? true,
      addPathReceive: { 'ipv4-unicast': addPath, 'ipv6-unicast': addPath },
    });
    this.#messageMax = options.messageMax ?? 4096;
  }

  /** @param octets  Whole messages back to back. */
  hear(octets: Uint8Array): void {
    let at = 0;
    while (at < octets.length) {
      const length = (octets[at + 16]! << 8) | octets[at + 17]!;
      if (length < 23 || length > this.#messageMax || at + length > octets.length) {
        throw new Error(`Message of ${length} octets at ${at} of ${octets.length}`);
      }
      this.#message(octets.slice(at, at + length));
      at += length;
    }
  }

  #message(message: Uint8Array): void {
    const layout = this.#layout;
    this.messages++;
    locateUpdate(message, this.#context, layout);
    if (layout.endOfRib !== undefined) {
      this.endOfRibs++;
      return;
    }
    for (const field of [
      layout.withdrawn,
      layout.mpUnreach.present ? layout.mpUnreach.nlri : undefined,
    ]) {
      if (field === undefined) continue;
      for (const { prefix, pathId } of decodeNlri(message, field)) {
        this.withdrawals++;
        if (this.#addPath) this.#pathsOf(prefix).delete(pathId);
        else this.table.delete(prefix);
      }
    }
    if (layout.nlri.count > 0) this.#reach(message, 'classic');
    if (layout.mpReach.present) this.#reach(message, 'mp');
  }

  #reach(message: Uint8Array, part: 'classic' | 'mp'): void {
    const layout = this.#layout;
    const out = new ByteWriter(256);
    const { action, faults } = canonicalise({ message, layout, context: this.#context, part }, out);
    if (action !== 'accept') throw new Error(`Bad UPDATE: ${faults.map((f) => f.reason).join()}`);
    const decoded = decodeAttributes(out.finish());
    const field = part === 'classic' ? layout.nlri : layout.mpReach.nlri;
    for (const { prefix, pathId } of decodeNlri(message, field)) {
      if (this.#addPath) this.#pathsOf(prefix).set(pathId, decoded);
      else this.table.set(prefix, decoded);
    }
  }

  #pathsOf(prefix: Prefix): Map<number, PathAttributes> {
    const paths = this.paths.get(prefix) ?? new Map<number, PathAttributes>();
    this.paths.set(prefix, paths);
    return paths;
  }
}
