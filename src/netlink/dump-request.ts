/** Requests for dumps of links, addresses and routes, filtered by the kernel (NETLINK_GET_STRICT_CHK). */

import { ADDRESS_HEADER_OCTETS } from './address.ts';
import { encodeAttributes, u32Octets } from './attributes.ts';
import {
  AddressFamily,
  LINK_DUMP_SKIP_STATS,
  LinkAttribute,
  MessageFlag,
  MessageType,
  RouteAttribute,
} from './codes.ts';
import { LINK_HEADER_OCTETS } from './link.ts';
import { MESSAGE_HEADER_OCTETS, writeMessageHeader } from './message.ts';
import { ROUTE_HEADER_OCTETS } from './raw-route.ts';

/** What to dump. `protocol` and `table` narrow it inside the kernel. */
export type KernelDump =
  | { readonly kind: 'links' }
  | { readonly kind: 'addresses'; readonly family?: 4 | 6 }
  | {
      readonly kind: 'routes';
      readonly family: 4 | 6;
      readonly table?: number;
      readonly protocol?: number;
    };

/** A whole message with NLM_F_DUMP. */
export function encodeDumpRequest(dump: KernelDump, sequence: number): Uint8Array {
  const { type, header, attributes } = dumpParts(dump);
  const length = MESSAGE_HEADER_OCTETS + header.length + attributes.length;
  const message = new Uint8Array(length);
  const flags = MessageFlag.REQUEST | MessageFlag.DUMP;
  writeMessageHeader(message, 0, { type, flags, sequence, length });
  message.set(header, MESSAGE_HEADER_OCTETS);
  message.set(attributes, MESSAGE_HEADER_OCTETS + header.length);
  return message;
}

interface DumpParts {
  readonly type: number;
  readonly header: Uint8Array;
  readonly attributes: Uint8Array;
}

function dumpParts(dump: KernelDump): DumpParts {
  if (dump.kind === 'links') {
    return {
      type: MessageType.GETLINK,
      header: new Uint8Array(LINK_HEADER_OCTETS),
      attributes: encodeAttributes([
        { type: LinkAttribute.EXT_MASK, value: u32Octets(LINK_DUMP_SKIP_STATS) },
      ]),
    };
  }
  if (dump.kind === 'addresses') {
    const header = new Uint8Array(ADDRESS_HEADER_OCTETS);
    header[0] = addressFamilyOf(dump.family);
    return { type: MessageType.GETADDR, header, attributes: new Uint8Array(0) };
  }
  const header = new Uint8Array(ROUTE_HEADER_OCTETS);
  header[0] = addressFamilyOf(dump.family);
  header[5] = dump.protocol ?? 0;
  const { table } = dump;
  const attributes = encodeAttributes(
    table === undefined ? [] : [{ type: RouteAttribute.TABLE, value: u32Octets(table) }],
  );
  return { type: MessageType.GETROUTE, header, attributes };
}

function addressFamilyOf(family: 4 | 6 | undefined): number {
  if (family === undefined) return AddressFamily.UNSPEC;
  return family === 4 ? AddressFamily.INET : AddressFamily.INET6;
}
