/** Requests about one interface: make an IP-in-IP device, set its MTU, raise it, give it an address. */

import { type IpAddress, ipToOctets } from '../net/ip-address.ts';
import { ADDRESS_HEADER_OCTETS } from './address.ts';
import { encodeAttributes, u32Octets } from './attributes.ts';
import {
  AddressFamily,
  InterfaceAddressAttribute,
  LinkAttribute,
  LinkFlag,
  LinkInfoAttribute,
  MessageFlag,
  MessageType,
} from './codes.ts';
import { writeU32 } from './host-order.ts';
import { LINK_HEADER_OCTETS } from './link.ts';
import { MESSAGE_HEADER_OCTETS, writeMessageHeader } from './message.ts';

export type LinkRequest =
  /** As `ip link add NAME type ipip`: a device without end points, which takes the next hop of the route. */
  | { readonly what: 'create'; readonly name: string }
  | { readonly what: 'mtu'; readonly interfaceIndex: number; readonly mtu: number }
  | { readonly what: 'up'; readonly interfaceIndex: number }
  /** A VRF without a table, which no kernel makes: EINVAL from one that has VRFs, EOPNOTSUPP from one that has not. */
  | { readonly what: 'askForVrf' }
  /** A host address of scope global. */
  | { readonly what: 'address'; readonly interfaceIndex: number; readonly address: IpAddress };

/** A whole message that asks for an acknowledgement. */
export function encodeLinkRequest(request: LinkRequest, sequence: number): Uint8Array {
  switch (request.what) {
    case 'create':
      return newLink('ipip', request.name, sequence);
    case 'askForVrf':
      return newLink('vrf', 'godwit-vrf', sequence);
    case 'mtu': {
      const attributes = encodeAttributes([
        { type: LinkAttribute.MTU, value: u32Octets(request.mtu) },
      ]);
      return message({
        type: MessageType.NEWLINK,
        flags: CHANGE,
        header: linkHeader(request),
        attributes,
        sequence,
      });
    }
    case 'up': {
      const header = linkHeader(request);
      writeU32(header, 8, LinkFlag.UP); // ifi_flags
      writeU32(header, 12, LinkFlag.UP); // ifi_change: of the flags, this one alone
      const attributes = new Uint8Array(0);
      return message({ type: MessageType.NEWLINK, flags: CHANGE, header, attributes, sequence });
    }
    case 'address':
      return addressMessage(request, sequence);
  }
}

function newLink(kind: string, name: string, sequence: number): Uint8Array {
  const info = encodeAttributes([{ type: LinkInfoAttribute.KIND, value: textOctets(kind) }]);
  const attributes = encodeAttributes([
    { type: LinkAttribute.IFNAME, value: textOctets(name) },
    { type: LinkAttribute.LINKINFO, value: info },
  ]);
  const header = new Uint8Array(LINK_HEADER_OCTETS);
  return message({ type: MessageType.NEWLINK, flags: CREATE, header, attributes, sequence });
}

function addressMessage(
  { interfaceIndex, address }: Extract<LinkRequest, { what: 'address' }>,
  sequence: number,
): Uint8Array {
  const value = ipToOctets(address);
  const header = new Uint8Array(ADDRESS_HEADER_OCTETS);
  header[0] = value.length === 4 ? AddressFamily.INET : AddressFamily.INET6;
  header[1] = value.length * 8;
  writeU32(header, 4, interfaceIndex);
  const attributes = encodeAttributes([
    { type: InterfaceAddressAttribute.LOCAL, value },
    { type: InterfaceAddressAttribute.ADDRESS, value },
  ]);
  return message({ type: MessageType.NEWADDR, flags: CREATE, header, attributes, sequence });
}

const CHANGE = MessageFlag.REQUEST | MessageFlag.ACK;
const CREATE = CHANGE | MessageFlag.CREATE | MessageFlag.EXCL;

function linkHeader({ interfaceIndex }: { readonly interfaceIndex: number }): Uint8Array {
  const header = new Uint8Array(LINK_HEADER_OCTETS);
  writeU32(header, 4, interfaceIndex);
  return header;
}

function textOctets(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(`${text}\0`, 'utf8'));
}

function message(parts: {
  readonly type: number;
  readonly flags: number;
  readonly header: Uint8Array;
  readonly attributes: Uint8Array;
  readonly sequence: number;
}): Uint8Array {
  const { type, flags, header, attributes, sequence } = parts;
  const length = MESSAGE_HEADER_OCTETS + header.length + attributes.length;
  const octets = new Uint8Array(length);
  writeMessageHeader(octets, 0, { type, flags, sequence, length });
  octets.set(header, MESSAGE_HEADER_OCTETS);
  octets.set(attributes, MESSAGE_HEADER_OCTETS + header.length);
  return octets;
}
